#!/usr/bin/env bash
# CPU time per request of nginx, of a bare hyper proxy and of ambidex with everything switched on, in the
# same run, taking turns. Results and how to read them: docs/benchmarks.md.
#
#   benches/overhead/run.sh [ROUNDS=7] [SECONDS_PER_TURN=5]
#
# Needs nginx, wrk, taskset (Debian: nginx-light wrk util-linux) and two quiet cores: the proxy under test
# has core 0 for itself; load and upstream share core 1.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
rounds=${1:-7}
seconds=${2:-5}
connections=${CONNECTIONS:-32}
for tool in nginx wrk taskset; do
    command -v "$tool" >/dev/null || { echo "missing: $tool (apt-get install nginx-light wrk util-linux)" >&2; exit 1; }
done

(cd "$root" && cargo build --release --locked --quiet --bin ambidex --bench overhead)
hyper=$(find "$root/target/release/deps" -maxdepth 1 -name 'overhead-*' -type f -perm -u+x -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)

work=$(mktemp -d -p "$root/target" overhead.XXXX)
memory=$(mktemp -d -p /dev/shm overhead.XXXX)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work" "$memory"
}
trap finish EXIT

upstream=127.0.0.1:18600
common="daemon off; worker_processes 1; error_log stderr crit;
events { worker_connections 1024; }"
paths="access_log off; client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f;
    uwsgi_temp_path $work/u; scgi_temp_path $work/s; keepalive_requests 1000000000;"
cat > "$work/upstream.conf" <<CONF
$common
pid $work/upstream.pid;
http { $paths
    server { listen $upstream; location / { default_type application/json; return 200 '$(cat "$here/reply.json")'; } } }
CONF
cat > "$work/proxy.conf" <<CONF
$common
pid $work/proxy.pid;
http { $paths
    upstream models { server $upstream; keepalive 64; keepalive_requests 1000000000; }
    server { listen 127.0.0.1:18601;
        location / { proxy_pass http://models; proxy_http_version 1.1; proxy_set_header Connection ""; } } }
CONF
config() {
    cat <<CONF
server: { listen: "127.0.0.1:$2", admin_listen: "127.0.0.1:$3", workers: 1 }
store: "sqlite:$1/ledger.db"
targets:
  - { name: local, engine: starter, zone: on-host, threads: 1 }
  - { name: cloud, provider: openai, model: gpt-4o-mini, zone: eu, base_url: "http://$upstream/v1", key: env:BENCH_KEY }
callers:
  - { name: bench, key: env:BENCH_KEY, team: bench }
CONF
}
config "$work" 18603 18613 > "$work/ambidex.yaml"
config "$memory" 18604 18614 > "$memory/ambidex.yaml"

export BENCH_KEY=bench-key REQUEST=$here/request.json
on_core_1() { taskset -c 1 "$@" & pids+=($!); }
on_core_0() { taskset -c 0 "$@" & pids+=($!); last=$!; }
on_core_1 nginx -p "$work" -c "$work/upstream.conf"
on_core_0 nginx -p "$work" -c "$work/proxy.conf"; nginx_pid=$last
on_core_0 "$hyper" 127.0.0.1:18602 "$upstream"; hyper_pid=$last
on_core_0 "$root/target/release/ambidex" serve --config "$work/ambidex.yaml" --log warn; disk_pid=$last
on_core_0 "$root/target/release/ambidex" serve --config "$memory/ambidex.yaml" --log warn; memory_pid=$last

names=(nginx hyper ambidex ambidex-memory)
ports=(18601 18602 18603 18604)
owners=("$nginx_pid" "$hyper_pid" "$disk_pid" "$memory_pid")
for port in "${ports[@]}"; do
    for _ in $(seq 100); do
        status=$(curl -s -o "$work/reply" -w '%{http_code}' -X POST -H 'Content-Type: application/json' \
            -H "Authorization: Bearer $BENCH_KEY" --data-binary "@$REQUEST" "http://127.0.0.1:$port/v1/chat/completions" || true)
        [ "$status" = 200 ] && break
        sleep 0.1
    done
    [ "$status" = 200 ] || { echo "nothing answers at port $port (status $status)" >&2; exit 1; }
    grep -q chatcmpl-bench "$work/reply" || { echo "the answer at port $port is not the upstream's" >&2; exit 1; }
done

# The clock ticks that a process and its children have spent on the processor.
ticks() {
    local total=0 pid
    for pid in "$1" $(pgrep -P "$1" || true); do
        total=$((total + $(sed -E 's/^.*\) //' "/proc/$pid/stat" | awk '{print $12 + $13}')))
    done
    echo "$total"
}
per_tick=$((1000000 / $(getconf CLK_TCK)))

echo "round,proxy,cpu_us_per_request,requests_per_second,p50_us,p99_us" > "$root/target/overhead.csv"
for round in $(seq 0 "$rounds"); do
    for i in "${!names[@]}"; do
        before=$(ticks "${owners[$i]}")
        result=$(taskset -c 1 wrk -t1 "-c$connections" "-d${seconds}s" -s "$here/post.lua" "http://127.0.0.1:${ports[$i]}" | grep ^RESULT)
        after=$(ticks "${owners[$i]}")
        read -r _ requests errors p50 p99 duration <<< "$result"
        [ "$errors" = 0 ] || { echo "${names[$i]}: $errors of $requests requests failed" >&2; exit 1; }
        [ "$round" = 0 ] && continue # warms up
        awk -v r="$round" -v n="${names[$i]}" -v t=$((after - before)) -v u="$per_tick" -v q="$requests" -v d="$duration" \
            -v a="$p50" -v b="$p99" 'BEGIN { printf "%d,%s,%.2f,%.0f,%d,%d\n", r, n, t * u / q, q / d * 1e6, a, b }' \
            | tee -a "$root/target/overhead.csv" >&2
    done
done

# column NAME FIELD: the field's median, least and greatest value.
column() {
    awk -F, -v n="$1" -v f="$2" '$2 == n { print $f }' "$root/target/overhead.csv" | sort -n \
        | awk '{ v[NR] = $1 } END { m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2; print m, v[1], v[NR] }'
}
read -r base _ _ <<< "$(column nginx 3)"
printf '| proxy | CPU µs/request, median | min–max | times nginx | requests/s | p50 µs | p99 µs |\n|---|---|---|---|---|---|---|\n'
for name in "${names[@]}"; do
    read -r cpu least most <<< "$(column "$name" 3)"
    read -r rate _ _ <<< "$(column "$name" 4)"
    read -r p50 _ _ <<< "$(column "$name" 5)"
    read -r p99 _ _ <<< "$(column "$name" 6)"
    awk -v n="$name" -v c="$cpu" -v l="$least" -v m="$most" -v b="$base" -v r="$rate" -v p="$p50" -v q="$p99" \
        'BEGIN { printf "| %s | %.1f | %.1f–%.1f | %.2f | %.0f | %.0f | %.0f |\n", n, c, l, m, c / b, r, p, q }'
done
