-- KEYS gen, owed; ARGV id. Returns the entries owed, oldest first.
return redis.call('LRANGE', KEYS[2], 0, -1)
