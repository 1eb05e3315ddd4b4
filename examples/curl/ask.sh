#!/usr/bin/env bash
# Asks the gateway with nothing but curl. Start one first: `ambidex demo` or `ambidex serve`.
#
#   examples/curl/ask.sh                    a whole answer, with the headers that explain it
#   examples/curl/ask.sh stream             the same as server-sent events, with usage and cost at the end
set -euo pipefail
url=${AMBIDEX_URL:-http://127.0.0.1:8080/v1}
key=${AMBIDEX_KEY:-demo-support}
prompt=${PROMPT:-Extract the invoice number: Invoice INV-2207 is due on 14 March.}

body='{"model":"auto","max_tokens":60,"messages":[{"role":"user","content":"'"$prompt"'"}]'
if [ "${1:-}" = stream ]; then
    body="$body,\"stream\":true,\"stream_options\":{\"include_usage\":true}"
fi
exec curl -sS -N -i "$url/chat/completions" \
    -H "Authorization: Bearer $key" -H 'Content-Type: application/json' -d "$body}"
