-- The request that wrk repeats, and a count of answers that are not 200.
local file = assert(io.open(os.getenv("REQUEST"), "rb"))
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer bench-key"
file:close()

function done(summary, latency, _)
   local errors = summary.errors
   io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests,
      errors.connect + errors.read + errors.write + errors.timeout + errors.status,
      latency:percentile(50), latency:percentile(99), summary.duration))
end
