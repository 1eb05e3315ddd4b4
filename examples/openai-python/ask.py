"""The official OpenAI client against Ambidex: only `base_url` changes.

    pip install openai
    ambidex demo                                  # in another terminal
    python examples/openai-python/ask.py
"""

import os

import openai

client = openai.OpenAI(
    base_url=os.environ.get("AMBIDEX_URL", "http://127.0.0.1:8080/v1"),
    api_key=os.environ.get("AMBIDEX_KEY", "demo-support"),
)


def whole(prompt):
    """A whole answer, and where it came from."""
    raw = client.chat.completions.with_raw_response.create(
        model="auto", messages=[{"role": "user", "content": prompt}], max_tokens=60
    )
    told = {name: raw.headers.get(f"x-ambidex-{name}") for name in ("target", "route", "zone", "cost-usd")}
    print(raw.parse().choices[0].message.content, told)


def streamed(prompt):
    """The same, word by word; the last chunk tells usage and cost."""
    stream = client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": prompt}],
        max_tokens=60,
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        if chunk.choices:
            print(chunk.choices[0].delta.content or "", end="", flush=True)
        elif chunk.usage:
            print(f"\n{chunk.usage.total_tokens} tokens, ${chunk.x_ambidex_cost_usd}")


def refused(prompt):
    """What a refusal looks like: tools are more than the local model can do, and the data may not leave."""
    try:
        client.chat.completions.create(
            model="auto",
            messages=[{"role": "user", "content": prompt}],
            tools=[{"type": "function", "function": {"name": "pay", "parameters": {}}}],
        )
    except openai.PermissionDeniedError as error:
        print(f"refused ({error.code}): {error.message}")


if __name__ == "__main__":
    whole("Extract the invoice number: Invoice INV-2207 from Norvik Supplies is due on 14 March.")
    whole("What is the difference between a mutex and a semaphore?")
    streamed("What is the difference between a mutex and a semaphore?")
    refused("Pay with card 4111 1111 1111 1111")
