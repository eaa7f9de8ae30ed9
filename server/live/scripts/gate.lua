-- Goes in front of every script that names a device.
--
-- KEYS[1] is the bucket's identity, ARGV[1] the id it must have and the last
-- ARGV the least beat. Whatever a bucket with another id says, or one that is
-- older than SQL knows it, is from another time: nothing is read from it and
-- nothing is written to it. `now` is the only clock there is, in ms.
local gen = redis.call('HMGET', KEYS[1], 'id', 'beat')
if gen[1] ~= ARGV[1] or tonumber(gen[2] or 0) < tonumber(ARGV[#ARGV]) then
  return redis.error_reply('LOST this bucket is not the one that was adopted, or an old copy of it')
end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
