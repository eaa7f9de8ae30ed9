-- Raises a bucket's beat. It does not check the id: it is how one is noticed.
-- KEYS gen. Returns id and beat; '' and 0 where the bucket has no id.
local id = redis.call('HGET', KEYS[1], 'id')
if not id then return {'', 0} end
return {id, redis.call('HINCRBY', KEYS[1], 'beat', 1)}
