#!/bin/sh
# Sends questions to the demonstration's gateway until it is stopped.
ask() {
    curl -s -o /dev/null http://ambidex:8080/v1/chat/completions \
        -H "Authorization: Bearer $1" -H 'Content-Type: application/json' \
        -d "{\"model\":\"auto\",\"max_tokens\":64,\"stream\":$2,\"messages\":[{\"role\":\"user\",\"content\":\"$3\"}]}"
}
while true; do
    ask demo-support true 'Write a Python function that merges two sorted lists.'
    ask demo-support false 'Extract the invoice number: Invoice INV-2207 is due on 14 March.'
    ask demo-support true 'Summarize: the meeting was moved from Monday to Thursday because the room is taken.'
    ask demo-support false 'My card 4111 1111 1111 1111 was charged twice, what now?'
    ask demo-research true 'Write a poem about the sea.'
    sleep 2
done
