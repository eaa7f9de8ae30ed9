-- KEYS gen, push, members; ARGV id, device, record
redis.call('SET', KEYS[2], ARGV[3])
redis.call('SADD', KEYS[3], ARGV[2])
return 1
