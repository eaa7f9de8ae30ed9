-- KEYS gen, owed; ARGV id, n. Drops the n oldest entries.
redis.call('LTRIM', KEYS[2], tonumber(ARGV[2]), -1)
return 1
