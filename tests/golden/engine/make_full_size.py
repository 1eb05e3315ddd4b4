#!/usr/bin/env python3
"""What transformers computes on a checkpoint of flan-t5-small's exact shape: writes full_size.json.

    python make_full_size.py        # needs torch, transformers and numpy

The weights are not shipped: every number is made from its place by a hash, here and in the engine's tests
(src/engine/backend/tests.rs), bit for bit alike. The position biases are far from zero, so that a wrong bucket
shows. Prompts of 11 and 400 tokens, 48 forced steps, fp32.
"""

import json
import pathlib

import numpy
import torch
from transformers import T5Config, T5ForConditionalGeneration

HERE = pathlib.Path(__file__).parent
CONFIG = HERE.parent / "t5" / "flan-tokenizer" / "config.json"


def uniform(index, count, deviation):
    """Numbers between ±√3 · deviation; `index` is the tensor's place in the list of names."""
    place = numpy.arange(count, dtype=numpy.uint32) + numpy.uint32(index * 0x1000193 & 0xFFFFFFFF)
    hashed = place * numpy.uint32(0x9E3779B1)
    hashed ^= hashed >> numpy.uint32(15)
    hashed *= numpy.uint32(0x85EBCA77)
    hashed ^= hashed >> numpy.uint32(13)
    unit = (hashed >> numpy.uint32(8)).astype(numpy.float32) * numpy.float32(2.0 ** -24) - numpy.float32(0.5)
    return unit * numpy.float32(deviation)


def deviation(name):
    """The width of the interval, by the kind of tensor; norms are one plus a tenth of it."""
    if "layer_norm" in name:
        return 0.2
    if "relative_attention_bias" in name:
        return 6.0
    if name == "shared.weight":
        return 3.5
    if name.endswith(".q.weight"):
        return 0.02
    return 0.12


def tensors(config):
    """The names and shapes of the checkpoint, in order."""
    width, inner, hidden = config.d_model, config.num_heads * config.d_kv, config.d_ff
    yield "shared.weight", (config.vocab_size, width)
    yield "lm_head.weight", (config.vocab_size, width)
    for stack, layers in [("encoder", config.num_layers), ("decoder", config.num_decoder_layers)]:
        bias = f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        yield bias, (config.relative_attention_num_buckets, config.num_heads)
        for layer in range(layers):
            block = f"{stack}.block.{layer}.layer"
            attentions = [(0, "SelfAttention")] + ([(1, "EncDecAttention")] if stack == "decoder" else [])
            for place, kind in attentions:
                for part in "qkv":
                    yield f"{block}.{place}.{kind}.{part}.weight", (inner, width)
                yield f"{block}.{place}.{kind}.o.weight", (width, inner)
                yield f"{block}.{place}.layer_norm.weight", (width,)
            place = len(attentions)
            yield f"{block}.{place}.DenseReluDense.wi_0.weight", (hidden, width)
            yield f"{block}.{place}.DenseReluDense.wi_1.weight", (hidden, width)
            yield f"{block}.{place}.DenseReluDense.wo.weight", (width, hidden)
            yield f"{block}.{place}.layer_norm.weight", (width,)
        yield f"{stack}.final_layer_norm.weight", (width,)


@torch.no_grad()
def main():
    config = T5Config(**json.loads(CONFIG.read_text()))
    config.tie_word_embeddings = False
    model = T5ForConditionalGeneration(config).eval()
    state = model.state_dict()
    for index, (name, shape) in enumerate(tensors(config)):
        numbers = uniform(index, int(numpy.prod(shape)), deviation(name)).reshape(shape)
        if "layer_norm" in name:
            numbers = numbers + numpy.float32(1.0)
        assert tuple(state[name].shape) == shape, (name, shape)
        state[name].copy_(torch.from_numpy(numbers))
    for name in ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"]:
        if name in state:
            state[name].copy_(state["shared.weight"])
    rounded = lambda tensor: [round(x, 5) for x in tensor.tolist()]
    cases = []
    for length in [11, 400]:
        ids = [3 + (place * 7919 + length * 31) % 32000 for place in range(length - 1)] + [1]
        forced = [0] + [3 + (place * 104729 + length) % 32000 for place in range(47)]
        encoded = model.encoder(input_ids=torch.tensor([ids]))[0]
        logits = model(encoder_outputs=(encoded,), decoder_input_ids=torch.tensor([forced])).logits[0]
        top = logits.topk(4, dim=-1)
        cases.append({
            "input_ids": ids, "decoder_input_ids": forced,
            "encoder_first_last": [rounded(encoded[0, 0, :8]), rounded(encoded[0, -1, :8])],
            "steps": [{"top_ids": top.indices[i].tolist(), "top_logits": rounded(top.values[i]),
                       "logits_0_7": rounded(logits[i, :8]),
                       "logsumexp": round(torch.logsumexp(logits[i], -1).item(), 5)} for i in range(48)]})
    sums = {name: round(state[name].double().sum().item(), 3) for name in ["shared.weight", "decoder.final_layer_norm.weight"]}
    (HERE / "full_size.json").write_text(json.dumps(
        {"reference": "transformers fp32 on the CPU, make_full_size.py", "sums": sums, "cases": cases}) + "\n")
    print("spread of the logits", logits.std().item(), "encoder", encoded.std().item(), sums)


if __name__ == "__main__":
    main()
