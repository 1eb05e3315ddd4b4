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
        # What to answer instead of WORDS: the request in, {"content"?, "arguments"?} out.
        self.say = None
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.bodies.append(body)
                owner.keys.append(self.headers["Authorization"])
                asked = json.loads(body)
                try:
                    if asked.get("stream"):
                        self.stream(asked)
                    else:
                        self.whole(asked)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

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
