-- Closes a device's session before SQL is told.
-- KEYS gen, dev, wake, feed
-- ARGV id, device, epoch, version, deadline or 0, retry
local dev, device, deadline = KEYS[2], ARGV[2], tonumber(ARGV[5])
local s = redis.call('HMGET', dev, 'epoch', 'version', 'state', 'mode', 'lock_at', 'row_at', 'ward')
if not s[1] or tonumber(s[1]) ~= tonumber(ARGV[3]) or tonumber(s[2]) ~= tonumber(ARGV[4]) then
  return redis.error_reply('STALE live has another row')
end
local restricted, lock_at = s[4] == 'restricted', tonumber(s[5])
if s[3] ~= 'in_use' then
  if deadline == 0 then return 0 end -- no session to close
  return redis.error_reply('STALE there is no deadline')
end
if not restricted and deadline > 0 and (lock_at ~= deadline or now < lock_at) then
  return redis.error_reply('STALE the deadline has moved')
end

if lock_at == 0 or lock_at > now then lock_at = now end
local again = now + tonumber(ARGV[6])
redis.call('HSET', dev, 'mode', 'restricted', 'lock_at', lock_at, 'again', again)
set_wake(KEYS[3], device, earlier(again, tonumber(s[6])))
if not restricted then feed(KEYS[4], device, s[7], 'lock') end
return 1
