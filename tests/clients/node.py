"""What runs on Node: the `openai` package as a client, and a mock server of others as an upstream."""

import json
import os
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
# Where ./test installs what package.json names.
MODULES = Path(os.environ.get("AMBIDEX_NODE", HERE.parents[1] / "target/test-node"))


def script(name):
    """Scripts look for their packages beside themselves, so they run from where those are."""
    copy = MODULES / name
    copy.write_text((HERE / name).read_text())
    return copy


def run(name, **environment):
    """Runs a script to its end and gives back the JSON that it prints."""
    done = subprocess.run(["node", script(name)], capture_output=True, text=True, timeout=120,
                          env={"PATH": os.environ["PATH"], **environment})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Aimock:
    """A server that speaks the APIs of several vendors, written by others (`@copilotkit/aimock`)."""

    def __init__(self):
        self.child = subprocess.Popen(["node", script("aimock.mjs")], stdout=subprocess.PIPE, text=True,
                                      stdin=subprocess.PIPE, env={"PATH": os.environ["PATH"]})
        self.root = self.child.stdout.readline().strip()
        assert self.root.startswith("http://"), self.root
        self.url = f"{self.root}/v1"

    def stop(self):
        self.child.stdin.close()
        self.child.wait(20)
        self.child.stdout.close()
