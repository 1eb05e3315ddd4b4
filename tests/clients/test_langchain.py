"""LangChain (`langchain-openai`): chat, streaming, tools, structured output and embeddings."""

import pytest
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from node import Aimock
from test_interfaces import ASK, LOCAL, MUTEX, REMOTE, SAID, vectors


class Owner(BaseModel):
    """Who owns it."""

    owner: str


@tool
def weather(place: str) -> str:
    """Tells the weather at a place."""
    return f"Rain in {place}."


@pytest.fixture(scope="module")
def aimock():
    server = Aimock()
    yield server
    server.stop()


def chat(gateway, **options):
    return ChatOpenAI(model="auto", base_url=f"{gateway.url}/v1", api_key="support-secret",
                      max_retries=0, timeout=60, **options)


def embeddings(gateway):
    # Texts, not tokens of a vocabulary that the model behind the gateway may not have.
    return OpenAIEmbeddings(model="auto", base_url=f"{gateway.url}/v1", api_key="support-secret",
                            check_embedding_ctx_length=False)


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_the_local_route(start, api):
    gateway = start(policy=LOCAL)
    model = chat(gateway, use_responses_api=api == "responses", max_tokens=30)
    whole = model.invoke(ASK).text
    assert whole
    assert "".join(chunk.text for chunk in model.stream(ASK)) == whole
    two = embeddings(gateway).embed_documents(["The app crashes.", "A blue whale."])
    assert len(two) == 2 and abs(sum(x * x for x in two[0]) - 1) < 1e-4
    assert embeddings(gateway).embed_query("The app crashes.") == pytest.approx(two[0], abs=1e-5)


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_the_remote_route(start, aimock, api):
    gateway = start(policy=REMOTE, cloud={"base_url": aimock.url, "speaks": ["chat"]}, more=[vectors(aimock)])
    model = chat(gateway, use_responses_api=api == "responses")
    assert model.invoke([("system", "Be brief."), ("user", MUTEX)]).text == SAID
    assert "".join(chunk.text for chunk in model.stream(MUTEX)) == SAID
    called = model.bind_tools([weather]).invoke("What is the weather in Paris?")
    assert [(it["name"], it["args"]) for it in called.tool_calls] == [("weather", {"place": "Paris"})]
    structured = model.with_structured_output(Owner, method="json_schema")
    assert structured.invoke("Who is the owner as JSON?") == Owner(owner="one")
    assert embeddings(gateway).embed_query("A whale.") == [0.5, 0.25, 0.75]
