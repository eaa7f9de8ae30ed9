-- KEYS gen, owed; ARGV id, entry, most entries that may be owed
if redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[3]) then
  return redis.error_reply('FULL too many history entries are owed')
end
return redis.call('RPUSH', KEYS[2], ARGV[2])
