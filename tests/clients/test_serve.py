"""`ambidex serve` between the official OpenAI client and a scripted commercial API: what each end sees,
to the last nano-dollar and the last byte. (What the demonstration shows is in `test_openai_client.py`.)"""

import openai
import pytest

from gateway import Gateway
from upstream import USAGE, USAGE_COST_USD, WORDS

QUESTION = "What is the difference between a mutex and a semaphore?"
TICKET = ("Classify this ticket as billing, technical or account: "
          "The app crashes whenever I open the settings page.")
# The card schemes' own example number.
CARD = "4111 1111 1111 1111"


def ask(client, prompt, **options):
    return client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": prompt}], max_tokens=60, **options)


def ask_raw(client, prompt, **options):
    return client.chat.completions.with_raw_response.create(
        model="auto", messages=[{"role": "user", "content": prompt}], max_tokens=60, **options)


def test_an_open_question_goes_to_the_commercial_model(gateway, upstream):
    raw = ask_raw(gateway.client(), QUESTION)
    answer = raw.parse()
    assert answer.choices[0].message.content == "".join(WORDS)
    assert answer.usage.total_tokens == USAGE["total_tokens"]
    assert raw.headers["x-ambidex-route"] == "everything-else"
    assert raw.headers["x-ambidex-target"] == "cloud"
    assert raw.headers["x-ambidex-zone"] == "eu"
    assert raw.headers["x-ambidex-cost-usd"] == USAGE_COST_USD
    assert upstream.keys == ["Bearer upstream-secret"], "the caller's own key stays here"
    row = gateway.decision(raw.headers["x-ambidex-decision"])
    assert (row["state"], row["team"], row["target"]) == ("settled", "support", "cloud")
    assert row["settled"]["cost_usd"] == USAGE_COST_USD
    assert row["settled"]["usage_source"] == "reported"


def test_a_cheap_task_is_answered_here(gateway, upstream):
    raw = ask_raw(gateway.client(), TICKET)
    answer = raw.parse()
    assert answer.choices[0].message.content.strip() and answer.model == "ambidex-starter"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.prompt_tokens > 0 and answer.usage.completion_tokens > 0
    assert raw.headers["x-ambidex-route"] == "cheap-work-local"
    assert raw.headers["x-ambidex-target"] == "local"
    assert raw.headers["x-ambidex-zone"] == "on-host"
    assert float(raw.headers["x-ambidex-cost-usd"]) == 0
    assert upstream.bodies == []
    row = gateway.decision(raw.headers["x-ambidex-decision"])
    assert float(row["settled"]["avoided_usd"]) > 0
    assert float(row["settled"]["imputed_usd"]) > 0


def test_a_card_number_never_reaches_the_upstream(gateway, upstream):
    raw = ask_raw(gateway.client(), f"{QUESTION} I paid with {CARD}.")
    assert raw.headers["x-ambidex-target"] == "local"
    assert not upstream.saw(CARD)
    row = gateway.decision(raw.headers["x-ambidex-decision"])
    assert row["sensitivity"] == "restricted"
    assert CARD not in str(row) and CARD not in gateway.logged()


@pytest.mark.parametrize("prompt, target", [(QUESTION, "cloud"), (TICKET, "local")])
def test_streams_come_in_pieces_and_end_with_usage_for_those_who_ask(gateway, prompt, target):
    raw = ask_raw(gateway.client(), prompt, stream=True, stream_options={"include_usage": True})
    assert raw.headers["x-ambidex-target"] == target
    assert float(raw.headers["x-ambidex-cost-max-usd"]) >= 0
    chunks = list(raw.parse())
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "".join(WORDS) if target == "cloud" else text
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    row = gateway.decision(raw.headers["x-ambidex-decision"])
    assert row["state"] == "settled"
    assert row["settled"]["output_tokens"] == chunks[-1].usage.completion_tokens


def test_usage_is_settled_but_not_shown_to_those_who_did_not_ask(gateway):
    raw = ask_raw(gateway.client(), QUESTION, stream=True)
    chunks = list(raw.parse())
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    row = gateway.decision(raw.headers["x-ambidex-decision"])
    assert row["settled"]["cost_usd"] == USAGE_COST_USD


def test_a_client_that_leaves_midway_is_settled_once(gateway, upstream):
    upstream.gate.clear()
    raw = ask_raw(gateway.client(), QUESTION, stream=True)
    stream = raw.parse()
    assert next(iter(stream)).choices[0].delta.content == WORDS[0]
    stream.close()
    row = gateway.decision(raw.headers["x-ambidex-decision"])
    assert row["state"] == "settled"
    assert row["settled"]["outcome"] == "client_gone"
    assert 0 < float(row["settled"]["cost_usd"]) <= float(row["reserved_usd"])
    sums = gateway.sums()
    assert (sums["rows"], sums["settled"], sums["held"]) == (1, 1, 0)
    assert gateway.metric("ambidex_budget_reserved_usd", budget="team-month", subject="support") == 0


@pytest.mark.parametrize("key", ["wrong", "support-secre", "SUPPORT-SECRET"])
def test_a_wrong_key_is_an_authentication_error(gateway, upstream, key):
    with pytest.raises(openai.AuthenticationError) as caught:
        ask(gateway.client(key), QUESTION)
    assert caught.value.code == "invalid_api_key"
    assert upstream.bodies == [] and gateway.sums()["rows"] == 0
    assert key not in gateway.logged()


def test_a_refusal_by_the_policy_is_a_permission_error_that_says_why(gateway, upstream):
    # What the local model's tokenizer cannot represent may not leave either.
    with pytest.raises(openai.PermissionDeniedError) as caught:
        ask(gateway.client(), "请写一封邮件，通知客户张伟（身份证号 11010519491231002X）他的申请已通过。")
    error = caught.value
    assert error.code == "policy_refused"
    assert "Regulated data" in error.message
    assert "Regulated data" in error.response.headers["x-ambidex-reason"]
    row = gateway.decision(error.response.headers["x-ambidex-decision"])
    assert row["state"] == "refused" and row["sensitivity"] == "restricted"
    assert upstream.bodies == []


def test_restricted_text_that_is_too_long_for_the_local_model_is_413(gateway, upstream):
    with pytest.raises(openai.APIStatusError) as caught:
        ask(gateway.client(), f"Summarize: paid with {CARD}. " + "The parcel was late again. " * 2000)
    assert caught.value.status_code == 413
    assert caught.value.code == "request_too_long"
    assert upstream.bodies == []


PAID_ONLY = """
version: 1
name: paid-only
owner: finance@acme.example
budgets:
  - { name: company-day, window: day, limit_usd: 0.0004 }
limits:
  - id: restricted-stays-here
    why: "Restricted data never leaves our hosts"
    when: { data.sensitivity: { at_least: restricted } }
    allow_zones: [on-host]
routes:
  - { id: everything, use: [cloud] }
  - { id: rest, when: { data.sensitivity: { at_least: restricted } }, use: [local] }
otherwise: { refuse: { status: 403, say: "No permitted model can answer this: {reasons}" } }
"""


def test_without_money_left_it_is_402_and_nothing_is_sent(start, upstream):
    gateway = start(policy=PAID_ONLY)
    ask(gateway.client(), QUESTION)
    ask(gateway.client(), QUESTION)
    with pytest.raises(openai.APIStatusError) as caught:
        ask(gateway.client(), QUESTION)
    assert caught.value.status_code == 402
    assert caught.value.code == "budget_exceeded"
    assert len(upstream.bodies) == 2
    assert gateway.metric("ambidex_refusals_total", reason="budget_exceeded") == 1


def test_cost_and_latency_of_both_routes_are_metrics(gateway):
    client = gateway.client()
    for prompt in (QUESTION, TICKET):
        gateway.decision(ask_raw(client, prompt).headers["x-ambidex-decision"])
    cloud = {"route": "everything-else", "target": "cloud"}
    local = {"route": "cheap-work-local", "target": "local"}
    assert gateway.metric("ambidex_cost_usd_total", **cloud, team="support") == pytest.approx(0.00027)
    assert gateway.metric("ambidex_cost_avoided_usd_total", **local, team="support") > 0
    assert gateway.metric("ambidex_imputed_cost_usd_total", **local, team="support") > 0
    for labels in (cloud, local):
        assert gateway.metric("ambidex_request_duration_seconds_count", **labels) == 1
        assert gateway.metric("ambidex_request_duration_seconds_sum", **labels) > 0
    assert gateway.metric("ambidex_tokens_total", target="cloud", kind="output", source="reported") == 200


def test_money_of_a_restarted_gateway_is_what_it_was(tmp_path, upstream):
    first = Gateway(tmp_path, upstream)
    ask(first.client(), QUESTION)
    first.stop()
    second = Gateway(tmp_path, upstream)
    spent = second.metric("ambidex_budget_spent_usd", budget="team-month", subject="support")
    second.stop()
    assert spent == pytest.approx(0.00027)
