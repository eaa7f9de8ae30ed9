-- Goes in front of every script that names a device.
--
-- KEYS[1] is the bucket's identity and ARGV[1] the id it must have: whatever
-- a bucket with another id says is from another time, so nothing is read from
-- it and nothing is written to it. `now` is the only clock there is, in ms.
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return redis.error_reply('LOST this bucket is not the one that was adopted')
end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
