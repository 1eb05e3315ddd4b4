"""The built gateway as a child process, reached as an application reaches it."""

import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from anthropic import Anthropic
from openai import OpenAI

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("AMBIDEX", ROOT / "target/release/ambidex"))


class Gateway:
    """`ambidex serve` on free ports. `stop` ends it and fails if it does not drain."""

    def __init__(self, folder, upstream, policy=None, callers=None, provider="openai", cloud=None, more=()):
        self.folder = Path(folder)
        config = {
            "server": {"listen": "127.0.0.1:0", "admin_listen": "127.0.0.1:0", "workers": 2},
            "store": "sqlite:./ledger.db",
            "targets": [
                {"name": "local", "engine": "starter", "zone": "on-host", "threads": 1},
                {"name": "cloud", "provider": provider, "zone": "eu",
                 "model": "gpt-4o-mini" if provider == "openai" else "claude-haiku-4-5",
                 "base_url": upstream.url, "key": "env:UPSTREAM_KEY", **(cloud or {})},
                *more,
            ],
            "callers": callers or [
                {"name": "support-bot", "key": "env:SUPPORT_KEY", "team": "support"},
            ],
        }
        if policy:
            (self.folder / "policy.yaml").write_text(policy)
            config["policy"] = "policy.yaml"
        # JSON is YAML, too.
        (self.folder / "ambidex.yaml").write_text(json.dumps(config))
        self.log = open(self.folder / "log", "wb")
        self.child = subprocess.Popen(
            [BINARY, "serve", "--config", self.folder / "ambidex.yaml", "--print-addresses"],
            stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL, text=True,
            env={"PATH": os.environ["PATH"], "UPSTREAM_KEY": "upstream-secret", "SUPPORT_KEY": "support-secret"})
        line = self.child.stdout.readline()
        found = re.fullmatch(r"listening data=(\S+) admin=(\S+)\n", line)
        assert found, f"no addresses in {line!r}; the log says: {self.logged()}"
        self.url, self.admin = (f"http://{address}" for address in found.groups())

    def client(self, key="support-secret", **options):
        return OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, timeout=60, **options)

    def anthropic(self, key="support-secret", **options):
        return Anthropic(base_url=self.url, api_key=key, max_retries=0, timeout=60, **options)

    def get(self, path):
        with urllib.request.urlopen(self.admin + path, timeout=10) as reply:
            return reply.read().decode()

    def decision(self, decision_id):
        """The record of a decision, once it is closed."""
        deadline = time.monotonic() + 15
        while True:
            row = self.row(decision_id)
            if row["state"] not in ("unknown", "held"):
                return row
            assert time.monotonic() < deadline, f"still open: {row}"
            time.sleep(0.02)

    def row(self, decision_id):
        """A refusal is recorded a moment after it was told."""
        try:
            return json.loads(self.get(f"/admin/api/decisions/{decision_id}"))
        except urllib.error.HTTPError as error:
            assert error.code == 404, error
            return {"state": "unknown"}

    def sums(self):
        return json.loads(self.get("/admin/api/ledger/sums"))

    def metric(self, name, **labels):
        """The value of the only series of this name with these labels."""
        values = []
        for line in self.get("/metrics").splitlines():
            found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if found and found[1] == name:
                has = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
                if labels.items() <= has.items():
                    values.append(float(found[3]))
        assert len(values) == 1, f"{len(values)} series of {name} with {labels}"
        return values[0]

    def logged(self):
        self.log.flush()
        return (self.folder / "log").read_text()

    def stop(self):
        self.child.terminate()
        try:
            code = self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise
        finally:
            self.child.stdout.close()
            self.log.close()
        assert code == 0, f"ended with {code}; the log says: {(self.folder / 'log').read_text()}"
