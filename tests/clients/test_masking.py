"""Masking as an application developer sees it: the upstream gets placeholders, the client its own values."""

import json
import re

import openai
import pytest

EMAIL, PHONE = "jane.roe@contoso.com", "+1 415 555 2671"
PROMPT = f"Write to {EMAIL} and call {PHONE}, then write to {EMAIL} again."
PLACEHOLDER = re.compile(r"\[(EMAIL|PHONE)_[a-z]{12}\]")

MASKED = """
version: 1
name: masked
owner: security@acme.example
restricted_may_reach: { zones: any, why: tested elsewhere }
limits:
  - id: contacts-masked
    why: "Contacts leave masked"
    when: { data.labels: { any_of: contact.* } }
    mask: { labels: contact.*, mode: %s }
  - id: regulated-stays-here
    why: "Regulated data never leaves our hosts"
    when: { data.labels: { any_of: [identity.*, financial.*] } }
    allow_zones: [on-host]
routes:
  - { id: everything, use: [cloud] }
otherwise: { refuse: { status: 403, say: "No permitted model can answer this: {reasons}" } }
"""


def echo(asked):
    """A model that quotes what it was told, and calls a tool with it."""
    told = asked["messages"][-1]["content"]
    found = [match.group(0) for match in PLACEHOLDER.finditer(told)]
    arguments = json.dumps({"to": found[0], "note": f"call {found[1]}"}) if asked.get("tools") else None
    said = {"content": f"You said: {told} **{found[0].strip('[]').lower()}**"}
    return said | ({"arguments": arguments} if arguments else {})


@pytest.fixture
def masked(start, upstream):
    upstream.say = echo
    return start(policy=MASKED % "reversible")


TOOLS = [{"type": "function", "function": {"name": "send_mail", "parameters": {"type": "object"}}}]
EXPECTED = f"You said: {PROMPT} **{EMAIL}**"


def body(**more):
    return dict(model="auto", messages=[{"role": "user", "content": PROMPT}], **more)


def test_whole_answers_are_unmasked(masked, upstream):
    answer = masked.client().chat.completions.create(**body(tools=TOOLS)).choices[0].message
    assert answer.content == EXPECTED
    assert json.loads(answer.tool_calls[0].function.arguments) == {"to": EMAIL, "note": f"call {PHONE}"}
    assert not upstream.saw("contoso") and not upstream.saw("555")
    assert len(PLACEHOLDER.findall(upstream.bodies[0].decode())) == 3


def test_streamed_answers_and_tool_calls_are_unmasked(masked, upstream):
    with masked.client().chat.completions.stream(**body(tools=TOOLS)) as stream:
        for _ in stream:
            pass
        answer = stream.get_final_completion().choices[0].message
    assert answer.content == EXPECTED
    assert json.loads(answer.tool_calls[0].function.arguments) == {"to": EMAIL, "note": f"call {PHONE}"}
    assert not upstream.saw("contoso")


def test_no_piece_of_a_stream_shows_a_placeholder(masked):
    pieces = [chunk.choices[0].delta.content or "" for chunk in
              masked.client().chat.completions.create(**body(stream=True)) if chunk.choices]
    assert "".join(pieces) == EXPECTED
    assert not any("EMAIL" in piece or "[" in piece for piece in pieces)
    assert len(pieces) > 10, "the stream is still a stream"


def test_placeholders_stay_the_same_over_turns(masked, upstream):
    client = masked.client()
    first = client.chat.completions.create(**body()).choices[0].message.content
    messages = [{"role": "user", "content": PROMPT}, {"role": "assistant", "content": first},
                {"role": "user", "content": f"Again: {EMAIL}, {PHONE}"}]
    client.chat.completions.create(model="auto", messages=messages)
    told = [json.loads(body)["messages"][0]["content"] for body in upstream.bodies]
    assert told[0] == told[1], "the provider's prompt cache stays warm"
    assert not upstream.saw("contoso")


def test_one_way_modes_are_not_undone(start, upstream):
    upstream.say = lambda asked: {"content": asked["messages"][-1]["content"]}
    for mode, shown in (("redact", r"\[EMAIL\] and call \[PHONE\]"), ("hash", r"\[EMAIL_[a-z]{12}\]")):
        gateway = start(policy=MASKED % mode)
        answer = gateway.client().chat.completions.create(**body()).choices[0].message.content
        assert re.search(shown, answer) and "contoso" not in answer


def test_what_must_stay_stays_although_contacts_are_masked(masked, upstream):
    with pytest.raises(openai.PermissionDeniedError):
        masked.client().chat.completions.create(model="auto", messages=[
            {"role": "user", "content": f"{PROMPT} My SSN is 536-22-8145."}])
    assert upstream.bodies == []


def test_values_split_over_messages_do_not_leave(masked, upstream):
    messages = [{"role": "user", "content": "Remember jane.roe@"}, {"role": "user", "content": "contoso.com please"}]
    with pytest.raises(openai.PermissionDeniedError) as caught:
        masked.client().chat.completions.create(model="auto", messages=messages)
    assert "values were left that had to be masked" in caught.value.message
    assert upstream.bodies == [] and "contoso" not in masked.logged()


GUARDED = """
version: 1
name: guarded
owner: security@acme.example
restricted_may_reach: { zones: any, why: tested elsewhere }
detect: { answers: [secret.*, identity.*] }
routes:
  - { id: everything, use: [cloud] }
otherwise: { refuse: { status: 403, say: "No permitted model can answer this: {reasons}" } }
"""


@pytest.mark.parametrize("stream", [False, True])
def test_secrets_that_a_model_repeats_are_taken_out(start, upstream, stream):
    key = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2eF4hJ6"
    upstream.say = lambda asked: {"content": f"The key is {key} and the SSN is 536-22-8145. Bye!"}
    answer = start(policy=GUARDED).client().chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "Hello"}], stream=stream)
    pieces = [c.choices[0].delta.content or "" for c in answer] if stream else [answer.choices[0].message.content]
    assert "".join(pieces) == "The key is [TOKEN] and the SSN is [IDENTITY]. Bye!"
