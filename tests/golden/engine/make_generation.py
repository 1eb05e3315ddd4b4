#!/usr/bin/env python3
"""Writes generation.json: what transformers' `generate` says with beams and penalties.

    python -m pip install transformers torch tokenizers && tests/golden/engine/make_generation.py

The model is the tiny checkpoint with strong biases beside it; greedy decoding and beam search need no seed.
A random model hardly ever ends by itself, so some cases take another token for the end: one that its likely
answers contain.
"""

import json
import pathlib

import tokenizers
import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
T5 = HERE.parent / "t5"
MODEL = "tiny-t5v1_1-strong-bias"
PROMPTS = ["translate English to German: How old are you?", "The tower is 324 metres tall."]
CASES = [
    {},
    {"repetition_penalty": 1.7},
    {"no_repeat_ngram_size": 2},
    {"repetition_penalty": 1.3, "no_repeat_ngram_size": 3, "min_new_tokens": 6},
    {"num_beams": 4},
    {"num_beams": 4, "length_penalty": 2.0},
    {"num_beams": 4, "length_penalty": 0.0, "early_stopping": "never"},
    {"num_beams": 4, "length_penalty": 1.5, "early_stopping": "never"},
    {"num_beams": 4, "early_stopping": True, "num_return_sequences": 3},
    {"num_beams": 4, "no_repeat_ngram_size": 2, "length_penalty": 2.0, "early_stopping": True},
    {"num_beams": 3, "repetition_penalty": 1.5, "min_new_tokens": 5, "num_return_sequences": 3},
    {"num_beams": 2, "length_penalty": -1.0},
]
NEW_TOKENS = 20


def main():
    torch.manual_seed(0)
    tokenizer = tokenizers.Tokenizer.from_file(str(T5 / "flan-tokenizer" / "tokenizer.json"))
    model = transformers.T5ForConditionalGeneration.from_pretrained(T5 / MODEL).eval()
    cases = []
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt, add_special_tokens=False).ids
        plain = generate(model, ids + [1], 1, {"num_beams": 4, "num_return_sequences": 4})["ids"]
        # Tokens that likely answers contain early, in the middle and late.
        ends = [1] + [plain[0][place] for place in (3, 8)] + [plain[-1][5]]
        for end in dict.fromkeys(ends):
            for options in CASES:
                cases.append({"prompt": prompt, "end": end, **options, **generate(model, ids + [end], end, options)})
    embeddings = [embed(model, tokenizer.encode(prompt, add_special_tokens=False).ids + [1]) for prompt in PROMPTS]
    out = {"embeddings": [{"text": text, "vector": vector} for text, vector in zip(PROMPTS, embeddings)],
           "model": MODEL, "new_tokens": NEW_TOKENS, "transformers": transformers.__version__, "cases": cases}
    (HERE / "generation.json").write_text(json.dumps(out, indent=None, separators=(",", ":")).replace('{"prompt"', '\n{"prompt"') + "\n")


def embed(model, ids):
    """The mean over the places of the encoder's output, as long as 1."""
    with torch.inference_mode():
        mean = model.encoder(input_ids=torch.tensor([ids])).last_hidden_state[0].mean(dim=0)
    return [round(number, 6) for number in torch.nn.functional.normalize(mean, dim=0).tolist()]


def generate(model, ids, end, options):
    config = transformers.GenerationConfig(
        max_new_tokens=NEW_TOKENS, eos_token_id=end, pad_token_id=0, decoder_start_token_id=0, do_sample=False,
        **options)
    with torch.inference_mode():
        found = model.generate(
            torch.tensor([ids]), generation_config=config, return_dict_in_generate=True, output_scores=True)
    answers = []
    for row in found.sequences.tolist():
        row = row[1:]
        if end in row:
            row = row[: row.index(end)]
        answers.append(row)
    scores = getattr(found, "sequences_scores", None)
    return {"ids": answers, "scores": [round(score, 5) for score in scores.tolist()] if scores is not None else []}


if __name__ == "__main__":
    main()
