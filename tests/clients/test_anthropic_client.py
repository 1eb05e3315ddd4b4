"""The official Anthropic client, and either client at the other vendor: what an application developer sees."""

import json

import anthropic
import openai
import pytest

OPEN = "What is the difference between a mutex and a semaphore?"
TICKET = "Classify this ticket as billing, technical or account: The app crashes when I save."
SAID = "A mutex has one owner."
PROVIDERS = ["anthropic", "openai"]

CLOUD = """
version: 1
name: cloud
owner: security@acme.example
restricted_may_reach: { zones: any, why: tested elsewhere }
routes:
  - { id: everything, use: [cloud] }
otherwise: { refuse: { status: 403, say: "No permitted model can answer this: {reasons}" } }
"""

TOOLS = [{"name": "get_weather", "description": "The weather of a place.",
          "input_schema": {"type": "object", "properties": {"place": {"type": "string"}}}}]


def ask(prompt, **more):
    return dict(model="auto", max_tokens=30, messages=[{"role": "user", "content": prompt}], **more)


@pytest.fixture(params=PROVIDERS)
def cloud(request, start, upstream):
    """A gateway whose remote target speaks like this vendor."""
    upstream.provider = request.param
    if request.param == "openai":
        def say(asked):
            said = {"content": SAID}
            return said | ({"arguments": json.dumps({"place": "Paris"})} if asked.get("tools") else {})
        upstream.say = say
    return start(policy=CLOUD, provider=request.param)


def test_a_whole_answer(cloud, upstream):
    raw = cloud.anthropic().messages.with_raw_response.create(system="Be brief.", **ask(OPEN))
    message = raw.parse()
    assert (message.content[0].text, message.stop_reason) == (SAID, "end_turn")
    assert (message.usage.input_tokens, message.usage.output_tokens) == (1000, 200)
    assert upstream.saw("Be brief.") and "upstream-secret" in upstream.keys[0]
    record = cloud.decision(raw.headers["x-ambidex-decision"])
    assert record["state"] == "settled" and float(raw.headers["x-ambidex-cost-usd"]) > 0


def test_a_streamed_answer(cloud):
    with cloud.anthropic().messages.stream(**ask(OPEN)) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert "".join(pieces) == SAID == message.content[0].text and len(pieces) > 2
    assert message.stop_reason == "end_turn" and message.usage.output_tokens > 0


@pytest.mark.parametrize("streams", [False, True])
def test_tools_are_called(cloud, upstream, streams):
    body = ask("What is the weather in Paris?", tools=TOOLS, tool_choice={"type": "any"})
    if streams:
        with cloud.anthropic().messages.stream(**body) as stream:
            message = stream.get_final_message()
    else:
        message = cloud.anthropic().messages.create(**body)
    call = next(block for block in message.content if block.type == "tool_use")
    assert call.input == {"place": "Paris"} and call.id and message.stop_reason == "tool_use"
    # And the result goes back.
    name = "send_mail" if upstream.provider == "openai" else "get_weather"
    assert call.name == name
    messages = [*body["messages"], {"role": "assistant", "content": [block.model_dump(
        include={"type", "id", "name", "input", "text"}) for block in message.content]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "Sunny"}]}]
    cloud.anthropic().messages.create(model="auto", max_tokens=30, tools=TOOLS, messages=messages)
    sent = json.loads(upstream.bodies[-1])["messages"][-1]
    assert "Sunny" in json.dumps(sent) and call.id in json.dumps(sent)


def test_openai_clients_reach_anthropic(start):
    gateway = start(policy=CLOUD, provider="anthropic")
    completion = gateway.client().chat.completions.create(**ask(OPEN))
    assert completion.choices[0].message.content == SAID
    assert completion.usage.total_tokens == 1200
    chunks = list(gateway.client().chat.completions.create(
        **ask(OPEN), stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == SAID
    assert chunks[-1].usage.completion_tokens == 200
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": TOOLS[0]["input_schema"]}}]
    with gateway.client().chat.completions.stream(**ask(OPEN, tools=tools)) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    assert json.loads(message.tool_calls[0].function.arguments) == {"place": "Paris"}
    with pytest.raises(openai.BadRequestError, match="too busy for that"):
        gateway.client().chat.completions.create(**ask("please be busy"))
    with pytest.raises(openai.BadRequestError, match="`seed` has no counterpart"):
        gateway.client().chat.completions.create(**ask(OPEN), seed=1)


def test_errors_are_the_clients_own(start):
    gateway = start(policy=CLOUD, provider="anthropic")
    with pytest.raises(anthropic.AuthenticationError):
        gateway.anthropic(key="wrong").messages.create(**ask(OPEN))
    with pytest.raises(anthropic.BadRequestError, match="too busy for that"):
        gateway.anthropic().messages.create(**ask("please be busy"))
    with pytest.raises(anthropic.BadRequestError, match="`messages` is missing or empty"):
        gateway.anthropic().messages.create(model="auto", max_tokens=1, messages=[])
    with pytest.raises(anthropic.NotFoundError):
        gateway.anthropic().messages.batches.list()


def test_the_local_model_answers_and_tokens_are_counted(gateway, upstream):
    client = gateway.anthropic()
    raw = client.messages.with_raw_response.create(**ask(TICKET))
    message = raw.parse()
    assert raw.headers["x-ambidex-target"] == "local" and message.model == "ambidex-starter"
    assert message.type == "message" and message.usage.input_tokens > 0
    with client.messages.stream(**ask(TICKET)) as stream:
        assert stream.get_final_message().content[0].text == message.content[0].text
    count = client.messages.count_tokens(model="auto", messages=ask(TICKET)["messages"])
    assert 10 < count.input_tokens < 40
    assert any(model.id == "ambidex-starter" for model in client.models.list())
    with pytest.raises(anthropic.PermissionDeniedError):
        client.messages.create(**ask("Write a haiku about the card 4111 1111 1111 1111", tools=TOOLS))
    assert upstream.bodies == []
