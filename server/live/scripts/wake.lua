-- Goes in front of the scripts that move a device's wake or feed viewers.
-- Times are ms, 0 is never.

local function earlier(a, b)
  if a == 0 then return b end
  if b == 0 or a < b then return a end
  return b
end

local function set_wake(key, device, at)
  if at > 0 then
    redis.call('ZADD', key, at, device)
  else
    redis.call('ZREM', key, device)
  end
end

local function feed(key, device, ward, kind)
  redis.call('XADD', key, 'MAXLEN', '~', 1000, '*', 'device', device, 'ward', ward, 'kind', kind)
end
