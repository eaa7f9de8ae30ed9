-- Writes a device's whole row if its (epoch, version) is greater.
-- KEYS gen, dev, row, wake, feed, members
-- ARGV id, device, ward, epoch, version, state, holder, row, warn, lock,
--      row wake, grant, lock command, lock uuid
-- Returns 1 if it was written, 0 if live is as new already.
--
-- mode is 'open', 'warned' (open, and the warning shows), 'restricted' (closed
-- before SQL was told) or 'none'. lock_at is when the session ends or ended by
-- idleness; row_at is the row's own wake, or later if a sweeper has claimed it.
local dev, device, ward = KEYS[2], ARGV[2], ARGV[3]
local epoch, version = tonumber(ARGV[4]), tonumber(ARGV[5])
local in_use, grant = ARGV[6] == 'in_use', ARGV[12] == '1'
local warn, lock, row_wake = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])

local old = redis.call('HMGET', dev, 'epoch', 'version', 'mode', 'touched', 'lock_at', 'again', 'ward')
local same = old[1] and tonumber(old[1]) == epoch
local open = same and (old[3] == 'open' or old[3] == 'warned')
local restricted = same and old[3] == 'restricted'

if old[1] and (tonumber(old[1]) > epoch or (same and tonumber(old[2]) > version)) then
  return 0
end
if same and tonumber(old[2]) == version then
  -- Only an in_use row that has no session, and was not just closed, is mended:
  -- by the grant that another server's row overtook, or by being made due.
  if not in_use or open or restricted then return 0 end
  if not grant and redis.call('ZSCORE', KEYS[4], device) then return 0 end
end

local mode, at = 'none', 0
local touched, warn_at, lock_at, again = 0, 0, 0, 0
if in_use and (grant or open) then
  mode = 'open'
  touched = grant and now or tonumber(old[4])
  if warn > 0 then warn_at = touched + warn end
  if lock > 0 then lock_at = touched + lock end
  -- A warning that shows goes on showing, unless a new policy moved it away.
  if not grant and old[3] == 'warned' and warn_at > 0 and now >= warn_at then mode = 'warned' end
  at = lock_at
  if mode == 'open' then at = earlier(warn_at, at) end
elseif in_use and restricted then
  -- Closed in this epoch: a publisher that lags behind does not reopen it.
  mode = 'restricted'
  touched, lock_at, again = tonumber(old[4]), tonumber(old[5]), tonumber(old[6])
  at = again
elseif in_use then
  lock_at = now
  at = now
end

redis.call('HSET', dev, 'epoch', ARGV[4], 'version', ARGV[5], 'mode', mode, 'lock_at', lock_at,
  'warn_at', warn_at, 'row_at', row_wake, 'warn', warn, 'lock', lock, 'holder', ARGV[7],
  'state', ARGV[6], 'touched', touched, 'again', again, 'row_wake', row_wake, 'ward', ward)
redis.call('HSET', KEYS[3], 'row', ARGV[8], 'warn', warn, 'lock', lock, 'wake', row_wake,
  'lock_command', ARGV[13], 'lock_uuid', ARGV[14])
redis.call('SADD', KEYS[6], device)
set_wake(KEYS[4], device, earlier(at, row_wake))

feed(KEYS[5], device, ward, 'row')
if old[7] and old[7] ~= ward then feed(KEYS[5], device, old[7], 'row') end
return 1
