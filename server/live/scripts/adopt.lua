-- Gives a bucket its id and beat and drops what it held, whatever that was.
-- The devices' keys are named by the bucket's own members, so they cannot be
-- declared as keys; they share its hash tag. Owed history is kept.
-- KEYS gen, wake, feed, members
-- ARGV id, beat, prefixes of the device hashes, the rows and the push records
local gen = redis.call('HMGET', KEYS[1], 'id', 'beat')
if gen[1] and gen[1] ~= ARGV[1] and tonumber(gen[2] or 0) >= tonumber(ARGV[2]) then
  return redis.error_reply('STALE the bucket was adopted meanwhile')
end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'beat', ARGV[2])
for _, device in ipairs(redis.call('SMEMBERS', KEYS[4])) do
  redis.call('DEL', ARGV[3] .. device, ARGV[4] .. device, ARGV[5] .. device)
end
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
return 1
