-- Reads fields of a device's session or mirror.
-- KEYS gen, dev or row
-- ARGV id, fields…, least beat; the first must be one that every mirrored device has
-- Returns now and the values, or now alone if the device is not mirrored.
local values = redis.call('HMGET', KEYS[2], unpack(ARGV, 2, #ARGV - 1))
if not values[1] then return {now} end
return {now, unpack(values)}
