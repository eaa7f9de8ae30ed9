-- Evidence of presence: moves the deadlines of an open session.
-- KEYS gen, dev, wake, feed
-- ARGV id, device, epoch, version or 0
-- Returns now, version, holder, warn_at, lock_at
local dev, device = KEYS[2], ARGV[2]
local s = redis.call('HMGET', dev, 'epoch', 'version', 'mode', 'lock_at', 'row_at', 'warn', 'lock', 'holder')
if not s[1] then return redis.error_reply('NOTFOUND the device is not mirrored') end
if tonumber(s[1]) ~= tonumber(ARGV[3]) then return redis.error_reply('STALE another epoch') end
if ARGV[4] ~= '0' and s[2] ~= ARGV[4] then return redis.error_reply('STALE another version') end
local warned, lock_at = s[3] == 'warned', tonumber(s[4])
local warn, lock = tonumber(s[6]), tonumber(s[7])
-- Past its deadline a session is over, whether a sweeper has come by or not.
if not (warned or s[3] == 'open') or (lock_at > 0 and now >= lock_at) then
  return redis.error_reply('LOCKED the session is closed')
end

local warn_at = 0
lock_at = 0
if warn > 0 then warn_at = now + warn end
if lock > 0 then lock_at = now + lock end
redis.call('HSET', dev, 'lock_at', lock_at, 'warn_at', warn_at, 'touched', now)
-- The wake stays where it is: it is early now, and a sweeper that finds it so
-- moves it. Only once the warning has shown the next one may be earlier still.
if warned then
  set_wake(KEYS[3], device, earlier(earlier(warn_at, lock_at), tonumber(s[5])))
  redis.call('HSET', dev, 'mode', 'open')
  feed(KEYS[4], device, redis.call('HGET', dev, 'ward'), 'touch')
end
return {now, s[2], s[8], warn_at, lock_at}
