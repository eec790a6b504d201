-- send.lua - for wrk: messages of $RECIPIENTS recipients or bulks of $BULK messages; the outcome as JSON.
local recipients = tonumber(os.getenv("RECIPIENTS") or "1")
local bulk = tonumber(os.getenv("BULK") or "0")
local n, pool = 0, {}

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-API-Key"] = os.getenv("NOTIFY_API_KEY")

local function message()
    local list = {}
    for i = 1, recipients do
        list[i] = string.format('{"platform":"sms","recipient":"+1556%07d"}', (n * recipients + i) % 10000000)
    end
    n = n + 1
    return string.format('{"content":"Your code is %07d","recipients":[%s]}', n % 10000000,
                         table.concat(list, ","))
end

-- What is long is made before the clock runs.
local function long_body()
    if bulk == 0 then
        return message()
    end
    local list = {}
    for i = 1, bulk do
        list[i] = message()
    end
    return '{"messages":[' .. table.concat(list, ",") .. "]}"
end

function init()
    if bulk > 0 or recipients > 1 then
        for i = 1, bulk > 0 and 40 or 400 do
            pool[i] = wrk.format(nil, nil, nil, long_body())
        end
    end
end

local turn = 0
function request()
    if #pool > 0 then
        turn = turn % #pool + 1
        return pool[turn]
    end
    return wrk.format(nil, nil, nil, message())
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format(
        '\n{"seconds":%.6f,"requests":%d,"errors":%d,"p50_ms":%.3f,"p95_ms":%.3f,"p99_ms":%.3f}\n',
        summary.duration / 1e6, summary.requests, e.status + e.connect + e.read + e.write + e.timeout,
        latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000))
end
