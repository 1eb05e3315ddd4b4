"""The `openai` package of npm, on the local and the remote route."""

import pytest

from node import Aimock, run
from test_interfaces import LOCAL, REMOTE, SAID, vectors


def check_failures(saw):
    assert (saw["wrong_key"]["status"], saw["wrong_key"]["name"]) == (401, "AuthenticationError")
    assert (saw["wrong_field"]["status"], saw["wrong_field"]["code"]) == (400, "invalid_request")


def test_the_local_route(start):
    gateway = start(policy=LOCAL)
    saw = run("openai_npm.mjs", BASE_URL=f"{gateway.url}/v1", KEY="support-secret")
    for name in ["chat", "response", "completion"]:
        assert saw[name] and saw[f"{name}_streamed"] == saw[name], name
    assert saw["response_status"] in ("completed", "incomplete")
    assert saw["response_events"][0] == "response.created"
    assert len(set(saw["vectors"])) == 1 and saw["vectors"][0] > 8 and saw["same"]
    check_failures(saw)


@pytest.mark.parametrize("speaks", [["chat"], ["chat", "responses"]])
def test_the_remote_route(start, speaks):
    aimock = Aimock()
    try:
        gateway = start(policy=REMOTE, cloud={"base_url": aimock.url, "speaks": speaks}, more=[vectors(aimock)])
        saw = run("openai_npm.mjs", BASE_URL=f"{gateway.url}/v1", KEY="support-secret", TOOLS="1")
    finally:
        aimock.stop()
    for name in ["chat", "response", "completion"]:
        assert saw[name] == saw[f"{name}_streamed"] == SAID, name
    assert saw["response_events"][-1] == "response.completed"
    for name in ["tool", "response_tool"]:
        assert saw[name]["name"] == "weather" and "Paris" in saw[name]["arguments"], name
    assert saw["json"] == saw["chat_json"] == {"owner": "one"}
    check_failures(saw)
