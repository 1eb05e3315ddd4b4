"""The official OpenAI client against a real gateway: what an application developer sees.

The gateway is `ambidex demo`: the embedded policy, the starter model, a sandbox in place of a vendor.
"""

import json
import os
import pathlib
import re
import subprocess
import time
import urllib.request

import openai
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("AMBIDEX", str(ROOT / "target" / "release" / "ambidex"))

OPEN = "What is the difference between a mutex and a semaphore?"
TICKET = "Classify this ticket as billing, technical or account: The app crashes when I save."
CARD = "Write a haiku about the card 4111 1111 1111 1111"


class Gateway:
    """A running demonstration and where it listens."""

    def __init__(self, process, url, admin):
        self.process, self.url, self.admin = process, url, admin

    def client(self, key="demo-support", **options):
        return openai.OpenAI(base_url=self.url, api_key=key, max_retries=0, timeout=60, **options)

    def get(self, path):
        with urllib.request.urlopen(self.admin + path) as reply:
            return reply.read().decode()

    def settled(self, decision):
        """The decision's record, once the request is no longer open."""
        for _ in range(500):
            record = json.loads(self.get(f"/admin/api/decisions/{decision}"))
            if record["state"] != "held":
                return record
            time.sleep(0.01)
        raise AssertionError(f"{decision} is still held")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    table = tmp_path_factory.mktemp("demo") / "table"
    with table.open("w") as out:
        command = [BINARY, "demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True)
    text = ""
    for _ in range(600):
        text = table.read_text()
        if "metrics " in text or process.poll() is not None:
            break
        time.sleep(0.1)
    found = {name: value for name, value in re.findall(r"^(gateway|admin) +(\S+)$", text, re.M)}
    yield Gateway(process, found["gateway"], found["admin"])
    process.terminate()
    assert process.wait(30) == 0
    # The demonstration spends one team's budget on purpose, which is told after two seconds.
    spent = re.compile("a budget reached a level.*team-month.*research")
    complaints = [line for line in process.stderr if not spent.search(line)]
    assert complaints == [], "the gateway complained"


def ask(prompt, **more):
    return dict(model="auto", messages=[{"role": "user", "content": prompt}], max_tokens=30, **more)


@pytest.mark.parametrize("prompt, target", [(OPEN, "cloud"), (TICKET, "local")])
def test_a_whole_answer_from_both_routes(gateway, prompt, target):
    raw = gateway.client().chat.completions.with_raw_response.create(**ask(prompt))
    answer = raw.parse()
    assert raw.headers["x-ambidex-target"] == target
    assert raw.headers["x-ambidex-zone"] == {"cloud": "eu", "local": "on-host"}[target]
    assert float(raw.headers["x-ambidex-cost-usd"]) == 0 or target == "cloud"
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    if target == "local":
        # What it says is the model's business (see its card); that it says so is the gateway's.
        assert answer.model == "ambidex-starter"
    record = gateway.settled(raw.headers["x-ambidex-decision"])
    assert (record["state"], record["target"]) == ("settled", target)


@pytest.mark.parametrize("prompt, target", [(OPEN, "cloud"), (TICKET, "local")])
@pytest.mark.parametrize("with_usage", [True, False])
def test_a_streamed_answer_from_both_routes(gateway, prompt, target, with_usage):
    options = {"stream_options": {"include_usage": True}} if with_usage else {}
    raw = gateway.client().chat.completions.with_raw_response.create(**ask(prompt, stream=True, **options))
    chunks = list(raw.parse())
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text and raw.headers["x-ambidex-target"] == target
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] in ("stop", "length")
    usages = [chunk for chunk in chunks if chunk.usage]
    assert len(usages) == (1 if with_usage else 0)
    if with_usage:
        assert usages[0].usage.completion_tokens > 0
        assert (float(usages[0].x_ambidex_cost_usd) > 0) == (target == "cloud")
    assert gateway.settled(raw.headers["x-ambidex-decision"])["settled"]["outcome"] == "answered"


def test_several_answers_with_log_probabilities(gateway):
    options = dict(n=2, seed=1, logprobs=True, top_logprobs=3, extra_body={"top_k": 40})
    answer = gateway.client().chat.completions.create(**ask(TICKET, **options))
    assert [choice.index for choice in answer.choices] == [0, 1]
    for choice in answer.choices:
        tokens = choice.logprobs.content
        assert "".join(token.token for token in tokens) == choice.message.content
        assert bytes(byte for token in tokens for byte in token.bytes).decode() == choice.message.content
        assert all(token.logprob <= 0 and len(token.top_logprobs) == 3 for token in tokens)
    again = gateway.client().chat.completions.create(**ask(TICKET, **options))
    assert [c.message.content for c in again.choices] == [c.message.content for c in answer.choices]


@pytest.mark.parametrize("more", [{}, {"temperature": 2.0}, {"num_beams": 4}])
def test_a_guided_answer_is_one_of_the_labels(gateway, more):
    labels = ["billing", "technical", "account"]
    body = ask(TICKET, extra_body={"guided_choice": labels, **more})
    choice = gateway.client().chat.completions.create(**body).choices[0]
    assert choice.message.content in labels and choice.finish_reason == "stop"
    body = ask(TICKET, extra_body={"guided_regex": r"[0-9]{4}-[0-9]{2}", **more})
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}", gateway.client().chat.completions.create(**body).choices[0].message.content)


def test_a_stream_ends_before_its_stop_string(gateway):
    def said(**more):
        chunks = gateway.client().chat.completions.create(**ask(TICKET, stream=True, **more))
        return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)

    whole = said(extra_body={"min_tokens": 12})
    stop = whole[len(whole) // 2 :][:3]
    assert said(stop=[stop], extra_body={"min_tokens": 12}) == whole[: whole.index(stop)]


def test_a_parameter_out_of_range_is_named(gateway):
    with pytest.raises(openai.BadRequestError) as refused:
        gateway.client().chat.completions.create(**ask(TICKET, extra_body={"guided_regex": "("}))
    assert "`guided_regex` is not a regular expression" in refused.value.message


def test_restricted_data_stays(gateway):
    raw = gateway.client().chat.completions.with_raw_response.create(**ask(CARD))
    assert raw.headers["x-ambidex-target"] == "local"
    record = gateway.settled(raw.headers["x-ambidex-decision"])
    assert record["sensitivity"] == "restricted"
    assert record["trace"]["labels"] == ["financial.credit_card"]
    assert "4111" not in json.dumps(record)


def test_a_team_over_budget_gets_free_answers(gateway):
    raw = gateway.client("demo-research").chat.completions.with_raw_response.create(**ask(OPEN))
    assert raw.headers["x-ambidex-target"] == "local"
    assert raw.headers["x-ambidex-cost-usd"] == "0.00"


def test_a_refusal_is_a_permission_error_with_a_reason(gateway):
    body = ask(CARD, tools=[{"type": "function", "function": {"name": "pay", "parameters": {}}}])
    with pytest.raises(openai.PermissionDeniedError) as refused:
        gateway.client().chat.completions.create(**body)
    assert refused.value.code == "policy_refused"
    assert "never leave our hosts" in refused.value.message
    assert refused.value.response.headers["x-should-retry"] == "false"


def test_a_wrong_key_is_an_authentication_error(gateway):
    with pytest.raises(openai.AuthenticationError) as refused:
        gateway.client("wrong").chat.completions.create(**ask(OPEN))
    assert refused.value.code == "invalid_api_key"


def test_a_bad_request_says_what_is_wrong(gateway):
    with pytest.raises(openai.BadRequestError) as refused:
        gateway.client().chat.completions.create(model="auto", messages=[])
    assert "`messages` is missing or empty" in refused.value.message


def test_a_client_that_leaves_is_settled_once(gateway):
    before = json.loads(gateway.get("/admin/api/ledger/sums"))
    raw = gateway.client().chat.completions.with_raw_response.create(**ask(TICKET, stream=True))
    raw.http_response.close()
    record = gateway.settled(raw.headers["x-ambidex-decision"])
    assert record["state"] in ("settled", "released")
    after = json.loads(gateway.get("/admin/api/ledger/sums"))
    assert (after["rows"], after["held"]) == (before["rows"] + 1, 0)


def test_models_are_listed(gateway):
    assert [model.id for model in gateway.client().models.list()] == ["auto", "ambidex-starter", "gpt-4o-mini"]


def test_metrics_show_cost_and_latency_of_both_routes(gateway):
    gateway.client().chat.completions.create(**ask(OPEN))
    gateway.client().chat.completions.create(**ask(TICKET))
    page = gateway.get("/metrics")
    for line in (
        r'ambidex_cost_usd_total\{route="everything-else",target="cloud",team="support"\} 0\.0',
        r'ambidex_cost_avoided_usd_total\{route="cheap-work-local",target="local",team="support"\} 0\.0',
        r'ambidex_request_duration_seconds_sum\{route="everything-else",target="cloud"\} [0-9.]+',
        r'ambidex_request_duration_seconds_sum\{route="cheap-work-local",target="local"\} [0-9.]+',
    ):
        assert re.search("^" + line, page, re.M), line


def test_a_misspelt_fact_is_refused_with_its_place(tmp_path):
    policy = (ROOT / "policies" / "default.yaml").read_text()
    assert "data.labels: { any_of: regulated }" in policy
    broken = tmp_path / "broken.yaml"
    broken.write_text(policy.replace("data.labels: { any_of", "data.lables: { any_of", 1))
    check = subprocess.run([BINARY, "policy", "check", str(broken)], capture_output=True, text=True)
    assert check.returncode == 2
    number = 1 + broken.read_text()[: broken.read_text().index("data.lables")].count("\n")
    assert "error: unknown fact `data.lables`" in check.stderr
    assert f"{broken}:{number}:" in check.stderr
    assert "^^^^^^^^^^^" in check.stderr
    assert "did you mean `data.labels`?" in check.stderr
