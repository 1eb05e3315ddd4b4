"""Responses, completions and embeddings with the official Python SDK, on the local and the remote route."""

import json

import openai
import pytest
from pydantic import BaseModel

from node import Aimock

LOCAL = """
version: 1
name: local
owner: security@acme.example
routes:
  - { id: everything, use: [local] }
otherwise: { refuse: { status: 403, say: "No permitted model can answer this: {reasons}" } }
"""
REMOTE = LOCAL.replace("use: [local]", "use: [cloud, vectors]").replace(
    "owner: security@acme.example",
    "owner: security@acme.example\nrestricted_may_reach: { zones: any, why: tested elsewhere }")

ASK = "Classify this ticket as billing, technical or account: The app crashes."
MUTEX = "How does a mutex work?"
SAID = "A mutex has one owner, and no more than one."
TOOL = {"type": "function", "name": "weather", "strict": False,
        "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}}


class Owner(BaseModel):
    owner: str


@pytest.fixture(scope="module")
def aimock():
    server = Aimock()
    yield server
    server.stop()


@pytest.fixture
def local(start):
    return start(policy=LOCAL)


def vectors(server):
    return {"name": "vectors", "provider": "openai", "zone": "eu", "model": "text-embedding-3-small",
            "base_url": server.url, "key": "env:UPSTREAM_KEY"}


@pytest.fixture(params=["chat", "responses"])
def remote(request, start, aimock):
    """A gateway in front of a server of others that speaks chat completions, or responses, too."""
    speaks = ["chat"] if request.param == "chat" else ["chat", "responses"]
    return start(policy=REMOTE, cloud={"base_url": aimock.url, "speaks": speaks}, more=[vectors(aimock)])


def test_the_local_model_answers_a_response_whole_and_streamed(local):
    client = local.client()
    whole = client.responses.create(model="auto", input=ASK, max_output_tokens=30)
    assert whole.status == "completed" and whole.output_text
    assert whole.usage.total_tokens == whole.usage.input_tokens + whole.usage.output_tokens > 0
    with client.responses.stream(model="auto", input=ASK, max_output_tokens=30) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_response()
    assert final.output_text == whole.output_text
    assert kinds[:3] == ["response.created", "response.in_progress", "response.output_item.added"]
    assert kinds[-1] == "response.completed" and "response.output_text.delta" in kinds


def test_the_local_model_continues_a_prompt(local):
    client = local.client()
    whole = client.completions.create(model="auto", prompt=ASK, max_tokens=30)
    assert whole.choices[0].text and whole.usage.completion_tokens > 0
    stream = client.completions.create(model="auto", prompt=ASK, max_tokens=30, stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == whole.choices[0].text
    with pytest.raises(openai.BadRequestError, match="`suffix`"):
        client.completions.create(model="auto", prompt=ASK, suffix="the end")


def test_the_local_model_makes_vectors(local):
    client = local.client()
    two = client.embeddings.create(model="auto", input=["The app crashes.", "A blue whale."])
    assert [entry.index for entry in two.data] == [0, 1]
    assert all(abs(sum(x * x for x in entry.embedding) - 1) < 1e-4 for entry in two.data)
    # The SDK asks for base64 unless told otherwise; both are the same numbers.
    plain = client.embeddings.create(model="auto", input="The app crashes.", encoding_format="float")
    pairs = zip(plain.data[0].embedding, two.data[0].embedding)
    assert all(abs(a - b) < 1e-6 for a, b in pairs)
    with pytest.raises(openai.BadRequestError, match="`dimensions`"):
        client.embeddings.create(model="auto", input="x", dimensions=3)
    with pytest.raises(openai.BadRequestError, match="`input`"):
        client.embeddings.create(model="auto", input=[1, 2, 3])


def test_a_server_of_others_answers_responses(remote):
    client = remote.client()
    reply = client.responses.with_raw_response.create(model="auto", input=MUTEX, instructions="Be brief.")
    whole = reply.parse()
    assert (whole.output_text, whole.status) == (SAID, "completed")
    assert remote.decision(reply.headers["x-ambidex-decision"])["state"] == "settled"
    with client.responses.stream(model="auto", input=MUTEX) as stream:
        said = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert said == stream.get_final_response().output_text == SAID


def test_a_server_of_others_calls_tools_and_keeps_to_schemas(remote):
    client = remote.client()
    items = [{"role": "user", "content": "What is the weather in Paris?"}]
    asked = client.responses.create(model="auto", input=items, tools=[TOOL])
    call = next(item for item in asked.output if item.type == "function_call")
    assert (call.name, json.loads(call.arguments)) == ("weather", {"place": "Paris"})
    with client.responses.stream(model="auto", input=items, tools=[TOOL]) as stream:
        pieces = [event.delta for event in stream if event.type == "response.function_call_arguments.delta"]
        final = stream.get_final_response()
    assert json.loads("".join(pieces)) == {"place": "Paris"}
    assert any(item.type == "function_call" for item in final.output)
    parsed = client.responses.parse(model="auto", input="Who is the owner as JSON?", text_format=Owner)
    assert parsed.output_parsed == Owner(owner="one")


def test_a_server_of_others_answers_completions_and_embeddings(remote):
    client = remote.client()
    assert client.completions.create(model="auto", prompt=MUTEX, max_tokens=40).choices[0].text == SAID
    stream = client.completions.create(model="auto", prompt=MUTEX, max_tokens=40, stream=True)
    assert "".join(chunk.choices[0].text for chunk in stream) == SAID
    reply = client.embeddings.with_raw_response.create(model="auto", input=["A whale."])
    assert list(reply.parse().data[0].embedding) == [0.5, 0.25, 0.75]
    assert reply.headers["x-ambidex-target"] == "vectors"


def test_errors_are_those_of_the_sdk_and_overload_is_retried(start, upstream):
    gateway = start(policy=REMOTE, more=[vectors(upstream)])
    with pytest.raises(openai.AuthenticationError):
        gateway.client(key="wrong").responses.create(model="auto", input="x")
    with pytest.raises(openai.BadRequestError) as caught:
        gateway.client().responses.create(model="auto", input="x", previous_response_id="resp_1")
    assert "`previous_response_id`" in str(caught.value)
    assert not upstream.bodies, "nothing was sent"
    # The server asks to be left alone; the SDK tries again by itself and is told the same.
    with pytest.raises(openai.APIStatusError) as caught:
        gateway.client().with_options(max_retries=1).responses.create(model="auto", input="please be busy")
    assert caught.value.status_code in (502, 503)


def test_a_stream_that_breaks_raises(start, upstream):
    gateway = start(policy=REMOTE, more=[vectors(upstream)])
    upstream.breaks = True
    said = []
    with pytest.raises(openai.APIError, match="ended before it was complete"):
        for event in gateway.client().responses.create(model="auto", input=MUTEX, stream=True):
            said.append(event.type)
    assert "response.output_text.delta" in said and "response.completed" not in said
