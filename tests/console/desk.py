"""A gateway with a past, for looking at: a real one, on whose clock days go by, before two scripted vendors."""

import json
import os
import re
import subprocess
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("AMBIDEX", ROOT / "target/release/ambidex")).resolve()

ADMIN_KEY = "admin-key-7d1e90"
CALLERS = {
    "support-desk": ("support", "support-key-3a"),
    "legal-drafts": ("legal", "legal-key-91"),
    "build-bot": ("engineering", "build-key-c4"),
}
UPSTREAM_KEY = "vendor-key-5be2"

POLICY = """version: 1
name: contoso
owner: security@contoso.example

define:
  regulated:   [identity.*, financial.credit_card, secret.*]
  local_tasks: [summarize, extract, classify]

sensitivity:
  default: internal
  restricted: [regulated]
  confidential: [contact.email_address, contact.phone_number]

budgets:
  - { name: team-month,  per: caller.team, window: month, limit_usd: 1.50, warn_at: [50%, 80%] }
  - { name: company-day, window: day, limit_usd: 0.80 }

limits:
  - id: regulated-stays-here
    why: "Regulated data never leaves our hosts (DPA 4.2)"
    when: { any: [ { data.labels: { any_of: regulated } }, { data.sensitivity: { at_least: restricted } } ] }
    allow_zones: [on-host]
  - id: confidential-in-eu
    why: "Confidential data: EU processors only"
    when: { data.sensitivity: { at_least: confidential } }
    allow_zones: [on-host, eu]
  - id: team-budget
    why: "Team budget used up: no paid calls"
    when: { budget.team-month.used: { at_least: 100% } }
    max_cost_usd: 0

routes:
  - id: cheap-work-stays
    when: { task.type: { in: local_tasks } }
    use: [local]
  - id: legal-drafts
    when: { caller.team: { is: legal } }
    use: [cloud-best, cloud-eu]
  - id: everything-else
    use: [cloud-eu, local]

otherwise: { refuse: { status: 403, say: "No permitted model can answer this: {reasons}" } }

assert:
  - never: { data.labels: { any_of: regulated }, zone: [eu, us] }

tests:
  - name: a card number stays on the host
    prompt: "Summarize: paid with 4111 1111 1111 1111"
    expect: { target: local, because: [regulated-stays-here] }
  - name: code goes to the EU
    prompt: "Write a Python function that merges two sorted lists."
    expect: { target: cloud-eu, because: [everything-else] }
  - name: legal gets the best
    given: { caller.team: legal, task.type: creative }
    expect: { target: cloud-best }
  - name: a team without money gets free answers only
    given: { budget.team-month.used: 104%, task.type: code }
    expect: { target: local, because: [team-budget] }
"""

QUESTIONS = [
    ("support-desk", "Summarize: the customer moved from Lyon to Porto in March and wants the invoice changed."),
    ("support-desk", "Extract the invoice number: Invoice INV-2207 is due on 14 March."),
    ("support-desk", "Write a friendly reply: the parcel will arrive on Thursday, we are sorry."),
    ("support-desk", "My card 4111 1111 1111 1111 was charged twice. Write a complaint."),
    ("build-bot", "Write a Python function that merges two sorted lists."),
    ("build-bot", "Explain why this Rust loop never ends: loop { if x > 3 { continue } x += 1 }"),
    ("build-bot", "Write a SQL query that lists the ten largest orders of each month."),
    ("legal-drafts", "Draft a clause on data retention for a service agreement."),
    ("legal-drafts", "Rewrite for jane.roe@contoso.com in plain words: the lessee shall indemnify the lessor."),
    ("support-desk", "写一封信：客户的身份证号是 11010519491231002X，请他更换住址。"),
    ("support-desk", "Classify as praise or complaint: the hotline never answers."),
]


class Vendor:
    """Answers like OpenAI and Anthropic at once. `down` makes it fail."""

    def __init__(self):
        self.bodies = []
        self.down = False
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.reply(200, {"object": "list", "data": []})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                vendor.bodies.append(body)
                if vendor.down:
                    self.reply(500, {"error": {"message": "overloaded"}})
                    return
                length = len(body)
                text = "Here is a draft that does what was asked. (An answer from a scripted vendor.)"
                if self.path.endswith("/messages"):
                    self.reply(200, {
                        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
                        "content": [{"type": "text", "text": text}], "stop_reason": "end_turn", "stop_sequence": None,
                        "usage": {"input_tokens": length * 9, "output_tokens": 460}})
                else:
                    self.reply(200, {
                        "id": "c-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
                        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                        "usage": {"prompt_tokens": length * 22, "completion_tokens": 700, "total_tokens": length * 22 + 700}})

            def reply(self, status, body):
                body = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()


class Gateway:
    """`ambidex serve`; with `ago`, on a clock that is so many hours behind."""

    def __init__(self, folder, vendor, ago=0):
        self.folder = Path(folder)
        config = {
            "server": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0", "workers": 2},
            "store": "sqlite:./ledger.db",
            "policy": "policy.yaml",
            "console": {"keys": [{"name": "ada", "key": "env:ADMIN_KEY"}]},
            "targets": [
                {"name": "local", "engine": "starter", "zone": "on-host", "threads": 1},
                {"name": "cloud-eu", "provider": "openai", "zone": "eu", "model": "gpt-4o-mini",
                 "base_url": f"{vendor.url}/v1", "key": "env:VENDOR_KEY"},
                {"name": "cloud-best", "provider": "anthropic", "zone": "us", "model": "claude-sonnet-4-5",
                 "base_url": vendor.url, "key": "env:VENDOR_KEY"},
            ],
            "callers": [{"name": name, "team": team, "key": f"env:KEY_{index}"}
                        for index, (name, (team, _)) in enumerate(CALLERS.items())],
        }
        # JSON is YAML, too.
        (self.folder / "ambidex.yaml").write_text(json.dumps(config))
        if not (self.folder / "policy.yaml").exists():
            (self.folder / "policy.yaml").write_text(POLICY)
        self.log = open(self.folder / "log", "ab")
        keys = {f"KEY_{index}": key for index, (_, key) in enumerate(CALLERS.values())}
        command = [BINARY, "serve", "--config", "ambidex.yaml", "--print-addresses"]
        clock = {}
        if ago:
            # What the command `faketime` sets up, without a process in between.
            library = next(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))
            clock = {"LD_PRELOAD": str(library), "FAKETIME": f"-{ago}h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.child = subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, text=True,
            env={"PATH": os.environ["PATH"], "TZ": "UTC", "ADMIN_KEY": ADMIN_KEY, "VENDOR_KEY": UPSTREAM_KEY,
                 **clock, **keys})
        found = re.fullmatch(r"listening data=(\S+) admin=(\S+)\n", self.child.stdout.readline())
        assert found, f"no addresses; the log says: {(self.folder / 'log').read_text()}"
        self.url, self.admin = (f"http://{address}" for address in found.groups())

    def ask(self, key, prompt):
        body = {"model": "auto", "max_tokens": 48, "messages": [{"role": "user", "content": prompt}]}
        request = urllib.request.Request(
            f"{self.url}/v1/chat/completions", json.dumps(body).encode(),
            {"authorization": f"Bearer {key}", "content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, dict(reply.headers), json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), json.load(error)

    def manage(self, method, path, body=None):
        """Asks the admin API."""
        request = urllib.request.Request(
            f"{self.admin}/admin/api/{path}", json.dumps(body or {}).encode() if method != "GET" else None,
            {"authorization": f"Bearer {ADMIN_KEY}"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def logged(self):
        return (self.folder / "log").read_text()

    def stop(self):
        self.child.terminate()
        code = self.child.wait(20)
        self.child.stdout.close()
        self.log.close()
        assert code == 0, f"ended with {code}; the log says: {self.logged()}"


def live_through(folder, vendor, hours=(21, 20, 18, 17, 15, 14, 12, 9, 7, 5, 4, 2, 1)):
    """Lets a gateway answer questions in hours gone by. Its ledger's chain stays whole: nothing is made up."""
    turn = 0
    for back in hours:
        gateway = Gateway(folder, vendor, ago=back)
        busy = 8 + (back * 7) % 17
        for _ in range(busy):
            name, prompt = QUESTIONS[turn % len(QUESTIONS)]
            turn += 1
            gateway.ask(CALLERS[name][1], prompt)
        gateway.stop()
