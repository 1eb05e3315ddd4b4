"""A scripted commercial API: answers like OpenAI's, and remembers every byte that reached it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = ["A ", "mutex ", "has ", "one ", "owner."]
USAGE = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
# gpt-4o-mini: 15 cents a million input tokens, 60 cents a million output tokens.
USAGE_COST_USD = "0.00027"


def chunk(choices, usage=None):
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini",
            "choices": choices, "usage": usage}
    return f"data: {json.dumps(body)}\n\n".encode()


def delta(content, finish=None):
    return [{"index": 0, "delta": {"content": content} if content is not None else {}, "finish_reason": finish}]


class Upstream:
    """Listens on a free port of the loopback interface until `stop`."""

    def __init__(self):
        self.bodies = []
        self.keys = []
        # While closed, a stream stops after its first word: the client decides what happens next.
        self.gate = threading.Event()
        self.gate.set()
        # Whether streams end after their first word.
        self.breaks = False
        # What to answer instead of WORDS: the request in, {"content"?, "arguments"?} out.
        self.say = None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.bodies.append(body)
                owner.keys.append(self.headers["Authorization"] or self.headers["x-api-key"])
                asked = json.loads(body)
                try:
                    if self.path.endswith("/messages"):
                        self.messages(asked)
                    elif asked.get("stream"):
                        self.stream(asked)
                    else:
                        self.whole(asked)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def messages(self, asked):
                """Anthropic's interface: says WORDS, or calls the first tool that is offered."""
                if "please be busy" in json.dumps(asked):
                    return self.send(400, {"type": "error", "error": {
                        "type": "invalid_request_error", "message": "too busy for that"}})
                blocks = [{"type": "text", "text": "".join(WORDS)}]
                if asked.get("tools"):
                    blocks.append({"type": "tool_use", "id": "toolu_1", "name": asked["tools"][0]["name"],
                                   "input": {"place": "Paris"}})
                message = {"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"],
                           "content": blocks, "stop_reason": "tool_use" if asked.get("tools") else "end_turn",
                           "stop_sequence": None, "usage": {"input_tokens": 1000, "output_tokens": 200}}
                if not asked.get("stream"):
                    return self.send(200, message)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                self.event({"type": "message_start", "message": message | {"content": [], "stop_reason": None}})
                for index, block in enumerate(blocks):
                    is_text = block["type"] == "text"
                    empty = {"text": ""} if is_text else {"input": {}}
                    self.event({"type": "content_block_start", "index": index, "content_block": block | empty})
                    for piece in WORDS if is_text else ['{"pla', 'ce": "Paris"}']:
                        delta = ({"type": "text_delta", "text": piece} if is_text
                                 else {"type": "input_json_delta", "partial_json": piece})
                        self.event({"type": "content_block_delta", "index": index, "delta": delta})
                    self.event({"type": "content_block_stop", "index": index})
                self.event({"type": "message_delta", "usage": {"output_tokens": 200},
                            "delta": {"stop_reason": message["stop_reason"], "stop_sequence": None}})
                self.event({"type": "message_stop"})

            def event(self, data):
                self.wfile.write(f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode())

            def whole(self, asked):
                if "please be busy" in json.dumps(asked):
                    return self.send(429, {"error": {"message": "slow down", "type": "rate_limit_error",
                                                     "code": "rate_limit_exceeded", "param": None}})
                message = {"role": "assistant", "content": "".join(WORDS)}
                if owner.say:
                    said = owner.say(asked)
                    message["content"] = said.get("content")
                    if "arguments" in said:
                        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": {
                            "name": "send_mail", "arguments": said["arguments"]}}]
                return self.send(200, {
                    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": asked["model"],
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE})

            def send(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def stream(self, asked):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True
                if owner.say:
                    return self.stream_said(owner.say(asked))
                if owner.breaks:
                    self.wfile.write(chunk(delta(WORDS[0])))
                    return None
                for index, word in enumerate(WORDS):
                    self.wfile.write(chunk(delta(word)))
                    self.wfile.flush()
                    if index == 0:
                        owner.gate.wait(30)
                self.wfile.write(chunk(delta(None, "stop")))
                if (asked.get("stream_options") or {}).get("include_usage"):
                    self.wfile.write(chunk([], USAGE))
                self.wfile.write(b"data: [DONE]\n\n")

            def stream_said(self, said):
                """Three characters at a time, as no tokenizer would cut them."""
                content, arguments = said.get("content") or "", said.get("arguments") or ""
                for at in range(0, len(content), 3):
                    self.wfile.write(chunk(delta(content[at:at + 3])))
                if arguments:
                    call = {"index": 0, "id": "call_1", "type": "function",
                            "function": {"name": "send_mail", "arguments": ""}}
                    self.wfile.write(chunk([{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}]))
                for at in range(0, len(arguments), 3):
                    call = {"index": 0, "function": {"arguments": arguments[at:at + 3]}}
                    self.wfile.write(chunk([{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}]))
                self.wfile.write(chunk(delta(None, "tool_calls" if arguments else "stop")))
                self.wfile.write(b"data: [DONE]\n\n")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def saw(self, text):
        """Whether these bytes ever arrived."""
        return any(text.encode() in body for body in self.bodies)

    def stop(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
