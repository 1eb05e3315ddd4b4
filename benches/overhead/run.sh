#!/usr/bin/env bash
# CPU time per proxied request of Ambidex against nginx `proxy_pass`, in the same run.
#
#   benches/overhead/run.sh [ROUNDS] [SECONDS]
#
# The gateway under test runs on core 0 with one worker; the load (wrk, 32 connections) and the mock
# upstream (nginx, a fixed 489-byte reply) share core 1. Rounds alternate between the two, and the figure
# is user and system time of the gateway's processes from /proc, divided by the requests answered: on a
# noisy machine that is steadier than latency or throughput. Ambidex runs with everything on: key check,
# inspection, policy, budgets, ledger with fsync, metrics. Needs Debian's nginx-light (or nginx) and wrk.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5} seconds=${2:-5}
binary=${AMBIDEX:-target/release/ambidex}
for tool in nginx wrk taskset; do
    command -v $tool >/dev/null || { echo "missing: $tool (Debian: nginx-light wrk util-linux)" >&2; exit 1; }
done
[ -x "$binary" ] || { echo "missing: $binary; run cargo build --release" >&2; exit 1; }

work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; sleep 0.5; rm -rf "$work"' EXIT

reply='{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"'
tail='"},"finish_reason":"stop"}],"usage":{"prompt_tokens":210,"completion_tokens":40,"total_tokens":250}}'
filler=$(printf 'a%.0s' $(seq $((489 - ${#reply} - ${#tail}))))
reply="$reply$filler$tail"

# nginx_conf NAME PORT LOCATION
nginx_conf() {
    mkdir -p "$work/$1"
    cat > "$work/$1/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $work/$1/pid; error_log $work/$1/error.log;
events { worker_connections 512; }
http {
    access_log off; keepalive_requests 1000000000; tcp_nodelay on;
    client_body_temp_path $work/$1/a; proxy_temp_path $work/$1/b; fastcgi_temp_path $work/$1/c;
    uwsgi_temp_path $work/$1/d; scgi_temp_path $work/$1/e;
    upstream mock { server 127.0.0.1:18181; keepalive 64; keepalive_requests 1000000000; }
    server { listen 127.0.0.1:$2; location / { $3 } }
}
CONF
}
nginx_conf upstream 18181 "default_type application/json; return 200 '$reply';"
nginx_conf proxy 18182 'proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";'
taskset -c 1 nginx -p "$work/upstream" -c "$work/upstream/nginx.conf" & pids+=($!)
taskset -c 0 nginx -p "$work/proxy" -c "$work/proxy/nginx.conf" & pids+=($!) ; nginx_pid=$!

cat > "$work/ambidex.yaml" <<CONF
server: { listen: 127.0.0.1:18183, admin_listen: 127.0.0.1:18184, workers: 1 }
store: sqlite:./ledger.db
targets:
  - { name: local, engine: starter, zone: on-host }
  - { name: cloud, provider: openai, model: gpt-4o-mini, zone: eu, base_url: "http://127.0.0.1:18181/v1", concurrency: 512, key: env:BENCH_KEY }
callers:
  - { name: bench, key: env:BENCH_KEY, team: bench }
CONF
BENCH_KEY=bench taskset -c 0 "$binary" serve --config "$work/ambidex.yaml" --log warn & pids+=($!); ambidex_pid=$!

system='You are a careful assistant of a software company. Answer briefly and name your sources. '
question='Write a Python function that merges two sorted lists. It must be stable and must not change its arguments. '
body="{\"model\":\"gpt-4o-mini\",\"max_tokens\":200,\"messages\":[{\"role\":\"system\",\"content\":\"$system$system$system\"},{\"role\":\"user\",\"content\":\"$question$question"
close='"}]}'
body="$body$(printf 'Please. %.0s' $(seq $(((930 - ${#body} - ${#close}) / 8))))"
body="$body$(printf ' %.0s' $(seq $((930 - ${#body} - ${#close}))) 2>/dev/null)$close"
body="${body:0:927}$close"; body="${body:0:930}"
[ "${body: -4}" = "$close" ] || body="${body:0:926}$close"
cat > "$work/post.lua" <<LUA
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer bench"
wrk.body = '$body'
LUA
for port in 18182 18183; do
    for _ in $(seq 100); do
        [ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer bench' -d "$body" 127.0.0.1:$port/v1/chat/completions)" = 200 ] && continue 2
        sleep 0.1
    done
    echo "nothing answers on port $port" >&2; exit 1
done
route=$(curl -s -D - -o /dev/null -H 'Authorization: Bearer bench' -d "$body" 127.0.0.1:18183/v1/chat/completions | tr -d '\r' | sed -n 's/^x-ambidex-target: //p')
[ "$route" = cloud ] || { echo "the request was answered by '$route', not by the upstream" >&2; exit 1; }

# cpu PID: clock ticks that the process and its children have used.
cpu() { local sum=0 p; for p in "$1" $(pgrep -P "$1" || true); do sum=$((sum + $(awk '{print $14 + $15}' "/proc/$p/stat"))); done; echo $sum; }
ticks=$(getconf CLK_TCK)
# one NAME PID PORT: a round; prints name, µs per request and requests per second.
one() {
    local before after requests
    before=$(cpu "$2")
    taskset -c 1 wrk -t1 -c32 -d"${seconds}s" -s "$work/post.lua" "http://127.0.0.1:$3/v1/chat/completions" > "$work/wrk"
    after=$(cpu "$2")
    grep -q 'Non-2xx' "$work/wrk" && { cat "$work/wrk" >&2; exit 1; }
    requests=$(sed -nE 's/^ *([0-9]+) requests in.*/\1/p' "$work/wrk")
    awk -v n="$1" -v t=$((after - before)) -v h="$ticks" -v r="$requests" -v s="$seconds" \
        'BEGIN { printf "%s %.1f %.0f\n", n, t * 1e6 / h / r, r / s }'
}
one warm "$ambidex_pid" 18183 > /dev/null
for round in $(seq "$rounds"); do
    one nginx "$nginx_pid" 18182
    one ambidex "$ambidex_pid" 18183
    if [ -t 2 ]; then echo "round $round of $rounds" >&2; fi
done | tee "$work/rounds"

awk '{ n[$1]++; v[$1, n[$1]] = $2 }
     function median(k,   i, j, t, a, c) { c = n[k]; for (i = 1; i <= c; i++) a[i] = v[k, i];
         for (i = 1; i <= c; i++) for (j = i + 1; j <= c; j++) if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }
         low = a[1]; high = a[c]; return a[int((c + 1) / 2)] }
     END { base = median("nginx"); printf "\nCPU µs per request  median (min to max)\nnginx    %6.1f (%.1f to %.1f)\n", base, low, high
           own = median("ambidex"); printf "ambidex  %6.1f (%.1f to %.1f)   %.2f x nginx\n", own, low, high, own / base }' "$work/rounds"
