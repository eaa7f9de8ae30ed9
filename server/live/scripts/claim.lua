-- Claims due devices of one bucket, each hidden from other sweepers for hold,
-- and closes the sessions that came due as idle, as restrict.lua does.
-- The hashes it reads are named by the bucket's own wakes, so they cannot be
-- declared as keys; they share its hash tag.
-- KEYS gen, wake, feed
-- ARGV id, limit, hold, prefix of the device hashes
-- Returns now, then device, epoch, version, deadline, idle for each.
local limit, until_ms = tonumber(ARGV[2]), now + tonumber(ARGV[3])
local hidden = string.format('%.0f', until_ms)
local out, claimed = {now}, 0
local hide = {} -- score, member, … of what is hidden altogether
local call = redis.call

local function claim(device)
  local dev = ARGV[4] .. device
  local s = call('HMGET', dev, 'epoch', 'version', 'mode', 'lock_at', 'warn_at', 'row_at', 'ward')
  if not s[1] then
    call('ZREM', KEYS[2], device)
    return
  end
  local mode, deadline, warn_at, row_at = s[3], tonumber(s[4]), tonumber(s[5]), tonumber(s[6])
  local idle_at = deadline
  if mode == 'restricted' then idle_at = tonumber(call('HGET', dev, 'again')) end
  local idle = idle_at > 0 and now >= idle_at

  if idle then
    call('HSET', dev, 'mode', 'restricted', 'again', hidden)
    if mode ~= 'restricted' then feed(KEYS[3], device, s[7], 'lock') end
    if row_at > 0 and row_at < until_ms then
      set_wake(KEYS[2], device, row_at)
    else
      hide[#hide + 1] = hidden
      hide[#hide + 1] = device
    end
  else
    if mode ~= 'open' then warn_at = 0 end
    if warn_at > 0 and now >= warn_at then
      call('HSET', dev, 'mode', 'warned')
      feed(KEYS[3], device, s[7], 'warn')
      warn_at = 0
    end
    local session_at = earlier(warn_at, idle_at)
    if row_at == 0 or now < row_at then
      set_wake(KEYS[2], device, earlier(row_at, session_at))
      return
    end
    -- Only the row's wake is hidden; the session's deadlines go on.
    deadline = tonumber(call('HGET', dev, 'row_wake'))
    call('HSET', dev, 'row_at', hidden)
    set_wake(KEYS[2], device, earlier(until_ms, session_at))
  end
  claimed = claimed + 1
  local n = #out
  out[n + 1], out[n + 2], out[n + 3] = device, s[1], s[2]
  out[n + 4], out[n + 5] = deadline, idle and 1 or 0
end

-- Warnings take places without being handed out, so look again a few times.
for _ = 1, 4 do
  local want = limit - claimed
  local due = call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, want)
  for _, device in ipairs(due) do claim(device) end
  for i = 1, #hide, 1000 do -- Lua passes only so many arguments at once
    call('ZADD', KEYS[2], unpack(hide, i, math.min(i + 999, #hide)))
  end
  hide = {}
  if #due < want or claimed >= limit then break end
end
return out
