-- KEYS gen, owed; ARGV id. Returns now and how many entries are owed.
return {now, redis.call('LLEN', KEYS[2])}
