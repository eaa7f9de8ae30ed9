-- KEYS gen, push; ARGV id
local record = redis.call('GET', KEYS[2])
if not record then return redis.error_reply('NOTFOUND no push record') end
return record
