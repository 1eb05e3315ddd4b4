#!/usr/bin/env bash
# Runs the demonstration as a newcomer would and checks what its table promises, then reads its metrics.
set -euo pipefail
binary=${AMBIDEX:-target/release/ambidex}
work=$(mktemp -d)
"$binary" demo --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 > "$work/table" 2> "$work/log" &
demo=$!
trap 'kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true; rm -rf "$work"' EXIT

for _ in $(seq 300); do
    grep -q '^metrics ' "$work/table" && break
    kill -0 "$demo" || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
cat "$work/table"

# row TITLE PATTERN: the table's row of a request looks like this.
row() { grep -F "$1" "$work/table" | grep -Eq "$2" || { echo "the row of '$1' is not like '$2'" >&2; exit 1; }; }
row 'a public question' 'internal .* cloud \(sandbox\)'
row 'a cheap task' 'extract .* local '
row 'a card number' 'restricted .* local '
row 'a private key' 'restricted .* local '
row 'a team over budget' 'internal .* local '
row 'over budget, open' 'internal .* local '
row 'Chinese, with an id' 'restricted .* refused \(403\)'

admin=$(sed -nE 's/^admin +//p' "$work/table")
curl -sSf "$admin/metrics" > "$work/metrics"
promtool check metrics < "$work/metrics"
metric() { grep -Eq "$1" "$work/metrics" || { echo "no metric like $1" >&2; exit 1; }; }
metric '^ambidex_cost_usd_total\{route="everything-else",target="cloud",team="support"\} 0\.0000'
metric '^ambidex_cost_avoided_usd_total\{.*target="local",team="support"\} 0\.0000'
metric '^ambidex_imputed_cost_usd_total\{.*target="local"'
metric '^ambidex_request_duration_seconds_count\{route="everything-else",target="cloud"\} 1'
metric '^ambidex_request_duration_seconds_count\{route="cheap-work-local",target="local"\} [1-9]'
metric '^ambidex_budget_spent_usd\{budget="team-month",subject="research"\} 400'
# One team has spent its budget, on purpose: that is told after two seconds.
if grep -v "a budget reached a level.*team-month.*research" "$work/log"; then echo "the demonstration complained" >&2; exit 1; fi
echo "the demonstration shows what it promises"
