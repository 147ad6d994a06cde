/**
 * The atomic steps of a batch in Redis. Keys are built from the prefix (ARGV[1]) since their number varies; the system
 * runs on one Redis, not on a Redis Cluster. Names are those of redis-keys.ts.
 */

/**
 * Claims ids for a segment. ARGV: prefix, tenant, segment, ids… Returns [position, claimant, position, claimant …] of the ids that another
 * segment holds which is not committed yet; a claim whose segment is gone is taken over. A segment that is gone itself claims
 * nothing: nobody would ever give such claims up, and its events are found where they are stored.
 */
export const CLAIM = `
local claims = ARGV[1] .. ':claims:' .. ARGV[2]
local waits = redis.call('EXISTS', ARGV[1] .. ':seg:' .. ARGV[3]) == 1
local taken = {}
for i = 4, #ARGV do
  local holder = redis.call('HGET', claims, ARGV[i])
  if holder and holder ~= ARGV[3] and redis.call('EXISTS', ARGV[1] .. ':seg:' .. holder) == 1 then
    taken[#taken + 1] = i - 4
    taken[#taken + 1] = holder
  elseif waits and holder ~= ARGV[3] then
    redis.call('HSET', claims, ARGV[i], ARGV[3])
  end
end
return taken`;

/**
 * Gives up the claims of segments that are committed. ARGV: prefix, tenant, number of segments, segments…, ids… Claims on
 * these ids that others hold stay: the segments may have held repeats of an event that is still in flight.
 */
export const RELEASE = `
local claims = ARGV[1] .. ':claims:' .. ARGV[2]
local n = tonumber(ARGV[3])
local own = {}
for i = 4, 3 + n do own[ARGV[i]] = true end
for i = 4 + n, #ARGV do
  local holder = redis.call('HGET', claims, ARGV[i])
  if holder and own[holder] then redis.call('HDEL', claims, ARGV[i]) end
end
return 1`;

/**
 * Makes a batch. ARGV: prefix, plan (JSON), owner, deadline, number of segments, segments…, then tenant, count pairs.
 * Returns {'ok', batch, start…} or {'unready'} (counters were lost), {'assigned', segment} (to a batch, or twice to this one) or
 * {'gone', segment}.
 */
export const SEQUENCE = `
local prefix = ARGV[1]
if redis.call('EXISTS', prefix .. ':ready') == 0 then return {'unready'} end
local n = tonumber(ARGV[5])
local seen = {}
for i = 6, 5 + n do
  if seen[ARGV[i]] or redis.call('HEXISTS', prefix .. ':assigned', ARGV[i]) == 1 then return {'assigned', ARGV[i]} end
  seen[ARGV[i]] = true
  if redis.call('EXISTS', prefix .. ':seg:' .. ARGV[i]) == 0 then return {'gone', ARGV[i]} end
end
local batch = redis.call('INCR', prefix .. ':batchno')
local answer = {'ok', batch}
local ranges = {}
for i = 6 + n, #ARGV, 2 do
  local count = tonumber(ARGV[i + 1])
  local start = redis.call('INCRBY', prefix .. ':leaf:' .. ARGV[i], count) - count
  redis.call('ZADD', prefix .. ':inflight:' .. ARGV[i], start, batch)
  ranges[#ranges + 1] = string.format('{"tenant":"%s","start":%d,"count":%d}', ARGV[i], start, count)
  answer[#answer + 1] = start
end
for i = 6, 5 + n do redis.call('HSET', prefix .. ':assigned', ARGV[i], batch) end
redis.call('HSET', prefix .. ':batch:' .. batch, 'plan', ARGV[2], 'ranges', '[' .. table.concat(ranges, ',') .. ']',
  'poison', '[]', 'owner', ARGV[3], 'attempt', 1, 'deadline', ARGV[4])
return answer`;

/**
 * Starts the next attempt. ARGV: prefix, batch, attempt that is known, owner, deadline, poison (JSON) or ''. Returns the new attempt, 0 if the batch is
 * committed, -1 if somebody else has started one since.
 */
export const NEXT_ATTEMPT = `
local key = ARGV[1] .. ':batch:' .. ARGV[2]
local attempt = redis.call('HGET', key, 'attempt')
if not attempt then return 0 end
if attempt ~= ARGV[3] then return -1 end
redis.call('HSET', key, 'owner', ARGV[4], 'attempt', attempt + 1, 'deadline', ARGV[5])
if ARGV[6] ~= '' then redis.call('HSET', key, 'poison', ARGV[6]) end
return attempt + 1`;

/**
 * Ends a batch whose rows are all stored. ARGV: prefix, batch, message for the channel, then JSON {segments, tenants: [{tenant, accepted…}]}.
 * Returns 1, or 0 if it was committed before.
 */
export const COMMIT = `
local prefix = ARGV[1]
local key = prefix .. ':batch:' .. ARGV[2]
if redis.call('DEL', key) == 0 then return 0 end
local work = cjson.decode(ARGV[4])
for _, segment in ipairs(work.segments) do
  redis.call('DEL', prefix .. ':seg:' .. segment)
  redis.call('HDEL', prefix .. ':pointers', segment)
  redis.call('HDEL', prefix .. ':assigned', segment)
  redis.call('ZREM', prefix .. ':segments', segment)
end
for _, t in ipairs(work.tenants) do
  redis.call('ZREM', prefix .. ':inflight:' .. t.tenant, ARGV[2])
  redis.call('SADD', prefix .. ':rules:pending', t.tenant)
  for _, totals in ipairs({prefix .. ':totals', prefix .. ':totals:' .. t.tenant}) do
    redis.call('HINCRBY', totals, 'waitingRows', -t.rows)
    redis.call('HINCRBY', totals, 'waitingBytes', -t.bytes)
    redis.call('HINCRBY', totals, 'stored', t.stored)
    redis.call('HINCRBY', totals, 'duplicates', t.duplicates)
    redis.call('HINCRBY', totals, 'deadLettered', t.deadLettered)
    redis.call('HINCRBY', totals, 'quarantined', t.quarantined)
  end
end
redis.call('PUBLISH', prefix .. ':landed', ARGV[3])
return 1`;
