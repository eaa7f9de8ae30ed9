-- Raises a bucket's beat, unless it is an old copy's. It does not check the id:
-- it is how another one is noticed.
-- KEYS gen; ARGV least beat. Returns id and beat; '' and 0 where there is no id.
local gen = redis.call('HMGET', KEYS[1], 'id', 'beat')
if not gen[1] then return {'', 0} end
local beat = tonumber(gen[2] or 0)
if beat < tonumber(ARGV[1]) then return {gen[1], beat} end
return {gen[1], redis.call('HINCRBY', KEYS[1], 'beat', 1)}
