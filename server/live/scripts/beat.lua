-- Raises a bucket's beat, unless it is another one's or an old copy's: whoever
-- looks must not make either seem alive.
-- KEYS gen; ARGV id, least beat. Returns id and beat; '' and 0 where there is no id.
local gen = redis.call('HMGET', KEYS[1], 'id', 'beat')
if not gen[1] then return {'', 0} end
local beat = tonumber(gen[2] or 0)
if gen[1] ~= ARGV[1] or beat < tonumber(ARGV[2]) then return {gen[1], beat} end
return {gen[1], redis.call('HINCRBY', KEYS[1], 'beat', 1)}
