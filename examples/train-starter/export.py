#!/usr/bin/env python3
"""Writes a trained run as a Hugging Face folder in f16, measures it and makes its golden files.

    python export.py --run run --tokenizer data/tokenizer --eval eval.jsonl --out ../../models/starter
    cargo run --release --example eval-local > eval-local.txt
    python export.py --engine eval-local.txt --eval eval.jsonl --out ../../models/starter    # its figures into the card

The figures and the golden files come from the exported f16 weights, read back and computed in fp32 on the CPU by
transformers; how many answers the rounding to f16 changes is counted, too.
"""

import argparse
import collections
import json
import pathlib
import re
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import T5Config, T5ForConditionalGeneration

import train

HERE = pathlib.Path(__file__).parent
DUPLICATES = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")
GOLDEN_PROMPTS = [
    "Classify this ticket as billing, technical or account: My card was charged twice for order ORD-48213.",
    "Extract the invoice number from: Please find attached invoice INV-2024-0917 for EUR 1,249.00, due on 12 March 2024.",
    "Answer from the passage. Passage: The workshop about Atlas is on 4 June. It takes place in Room 12. Maria Keller leads "
    "the meeting. The minutes are written by Tom Okafor. It starts at 9:30. Question: Who writes the minutes?",
    "Summarize in one line:\nHello,\nI ordered the Norvik 40 lamp on 3 May 2025 and it is still not here. The tracking page "
    "for 1ZW48KX02219 has not changed for days. My customer number is CU-55810 and my phone number is +49 30 5512098. I have "
    "been a customer for three years and this has never happened before. Please tell me when order WEB-771034 will be "
    "delivered, or send me the parcel again. I tried to call but nobody answered.\nKind regards,\nJana Kovar\n14 Maple Street, Bergen",
]


def averaged_state(run):
    """The averaged weights of a run, and its configuration."""
    state = torch.load(pathlib.Path(run) / "checkpoint.pt", map_location="cpu")
    config = T5Config(**{k: v for k, v in state["config"].items() if k not in ("transformers_version", "dtype", "torch_dtype")})
    return dict(state["model"], **state["average"]), config, state["done"]


def mean_of(weights, others, share):
    """The weights, each moved towards another model's by this share: two runs of one beginning often do better together."""
    return {k: torch.lerp(v.float(), others[k].float(), share) if k in others else v for k, v in weights.items()}


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_folder(out, weights, config, tokenizer_folder):
    """config.json, model.safetensors (one copy of the embedding) and the tokenizer's files."""
    out.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.to(torch.float16).contiguous() for k, v in weights.items() if k not in DUPLICATES}
    save_file(tensors, str(out / "model.safetensors"), metadata={"format": "pt"})
    write_json(out / "config.json", {
        "architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "_name_or_path": "ambidex-starter",
        **{k: getattr(config, k) for k in (
            "vocab_size", "d_model", "d_kv", "d_ff", "num_layers", "num_decoder_layers", "num_heads",
            "relative_attention_num_buckets", "relative_attention_max_distance", "dropout_rate", "layer_norm_epsilon",
            "initializer_factor", "feed_forward_proj", "tie_word_embeddings", "is_encoder_decoder",
            "pad_token_id", "eos_token_id", "decoder_start_token_id")},
        "use_cache": True, "n_positions": 512, "torch_dtype": "float16"})
    write_json(out / "generation_config.json", {
        "decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0, "max_new_tokens": 64})
    special = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    write_json(out / "special_tokens_map.json", special)
    write_json(out / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, "clean_up_tokenization_spaces": False, **special})
    shutil.copyfile(pathlib.Path(tokenizer_folder) / "tokenizer.json", out / "tokenizer.json")


def load_folder(out):
    """The exported folder as a model in fp32."""
    model = T5ForConditionalGeneration.from_pretrained(out, dtype=torch.float32).eval()
    assert model.config.tie_word_embeddings and model.lm_head.weight.data_ptr() == model.shared.weight.data_ptr()
    return model


@torch.no_grad()
def golden(model, tokenizer, steps=48):
    """Greedy answers, and forced decoding with what each step's logits must be."""
    torch.manual_seed(7)
    cases = []
    for index, prompt in enumerate(GOLDEN_PROMPTS):
        ids = tokenizer.encode(prompt).ids
        greedy = model.generate(input_ids=torch.tensor([ids]), max_new_tokens=48, do_sample=False, num_beams=1)[0].tolist()
        case = {"prompt": prompt, "input_ids": ids, "greedy_ids": greedy,
                "greedy_text": tokenizer.decode([t for t in greedy if t > 2]).strip()}
        if index in (0, len(GOLDEN_PROMPTS) - 1):  # one short prompt, one of more than 130 tokens
            forced = [0] + torch.randint(300, model.config.vocab_size - 64, (steps - 1,)).tolist()
            encoded = model.encoder(input_ids=torch.tensor([ids]))[0]
            logits = model(encoder_outputs=(encoded,), decoder_input_ids=torch.tensor([forced])).logits[0]
            top = logits.topk(4, dim=-1)
            rounded = lambda tensor: [round(x, 5) for x in tensor.tolist()]
            case["decoder_input_ids"] = forced
            case["encoder_first_last"] = [rounded(encoded[0, 0, :8]), rounded(encoded[0, -1, :8])]
            case["steps"] = [{"top_ids": top.indices[i].tolist(), "top_logits": rounded(top.values[i]),
                              "logits_0_7": rounded(logits[i, :8]),
                              "logsumexp": round(torch.logsumexp(logits[i], -1).item(), 5)} for i in range(steps)]
        cases.append(case)
    assert max(len(c["input_ids"]) for c in cases) > 130, [len(c["input_ids"]) for c in cases]
    return {"reference": f"transformers fp32 CPU on the f16 weights of this folder, torch {torch.__version__.split('+')[0]}",
            "note": "greedy_ids begin with the decoder start token; forced cases give the logits of every step", "cases": cases}


COMMANDS = """python make_data.py --dolly answers.jsonl --rows 700000 --out data
python make_tokenizer.py --data data/train.jsonl --dolly answers.jsonl --out data/tokenizer
python train.py --data data/train.jsonl --tokenizer data/tokenizer --out run --minutes 150 --tokens 4096 --bf16 --helpers 1 --eval eval.jsonl
python export.py --run run --tokenizer data/tokenizer --eval eval.jsonl --out ../../models/starter"""
TARGETS = {"classify/generated": 0.90, "extract/generated": 0.85, "answer/generated": 0.75}
TASK_NAMES = {"classify": "classify (exact match)", "extract": "extract a field (exact match)",
              "answer": "answer from a passage (exact match)", "summarize": "one-line summary or subject (ROUGE-L)"}


def target_of(name, value):
    """The target of a task and whether it was met, in words."""
    if name not in TARGETS:
        return ""
    return f"{100 * TARGETS[name]:.0f} %, " + ("met" if value >= TARGETS[name] else "**missed**")


def engine_figures(path):
    """The figures that `eval-local` printed, by task and source."""
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    found = [re.match(r"(\w+/[\w-]+) +(?:exact|ROUGE-L) +([\d.]+) %", line) for line in lines]
    return {m.group(1): round(float(m.group(2)) / 100, 4) for m in found if m}


def shown(task, value):
    """A figure for the table."""
    return "" if value is None else f"{value:.3f}" if task == "summarize" else f"{100 * value:.1f} %"


def write_card(out, quality, rows, model):
    """The model card, filled with what was measured."""
    counts = collections.Counter(f"{r['task']}/{r['source']}" for r in rows)
    table = ["| task | held-out rows | count | our engine | transformers | target |", "|---|---|---|---|---|---|"]
    for name, value in quality["figures"].items():
        task, source = name.split("/")
        engine = quality.get("engine", {}).get(name)
        table.append(f"| {TASK_NAMES[task]} | {source} | {counts[name]} | {shown(task, engine)} | {shown(task, value)} | "
                     f"{target_of(name, value if engine is None else engine)} |")
    values = {"figures": "\n".join(table), "rows": len(rows), "changed": quality["answers_changed_by_f16"], "commands": COMMANDS,
              "parameters": f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} million",
              "vocabulary": f"{model.config.vocab_size:,}", "minutes": round(quality["training"]["seconds"] / 60),
              "steps": f"{quality['training']['steps']:,}", "tokens": round(quality["training"]["tokens"] / 1e6, 1)}
    text = (HERE / "model_card.md").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", str(value))
    (out / "README.md").write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", help="folder of a training run")
    parser.add_argument("--tokenizer", help="folder with tokenizer.json, needed with --run")
    parser.add_argument("--mean-with", metavar="FOLDER", help="with --run: the mean with the weights of this exported folder")
    parser.add_argument("--share", type=float, default=0.5, help="the folder's share of that mean")
    parser.add_argument("--engine", help="what eval-local printed for the exported folder; without --run only the card is written anew")
    parser.add_argument("--eval", required=True)
    parser.add_argument("--out", default=str(HERE / "../../models/starter"))
    parser.add_argument("--misses", help="file for the wrong answers")
    args = parser.parse_args()

    out = pathlib.Path(args.out)
    if not args.run:
        quality = json.loads((out / "quality.json").read_text(encoding="utf-8"))
        quality["engine"] = engine_figures(args.engine)
        write_json(out / "quality.json", quality)
        write_card(out, quality, [json.loads(line) for line in open(args.eval, encoding="utf-8")], load_folder(out))
        return
    tokenizer = train.load_tokenizer(args.tokenizer)
    weights, config, done = averaged_state(args.run)
    if args.mean_with:
        weights = mean_of(weights, load_file(str(pathlib.Path(args.mean_with) / "model.safetensors")), args.share)
    write_folder(out, weights, config, args.tokenizer)
    model = load_folder(out)
    rows = [json.loads(line) for line in open(args.eval, encoding="utf-8")]
    figures, answers = train.measure(model, tokenizer, rows)
    model.eval()
    exact = T5ForConditionalGeneration(config).eval()
    exact.load_state_dict({**weights, **{k: weights["shared.weight"] for k in DUPLICATES}})
    sample = rows[::5]
    unrounded = train.measure(exact, tokenizer, sample)[1]
    changed = sum(a != b for a, b in zip(answers[::5], unrounded))
    (out / "golden.json").write_text(json.dumps(golden(model, tokenizer), ensure_ascii=False) + "\n", encoding="utf-8")
    quality = {"rows": len(rows), "figures": figures, "answers_changed_by_f16": f"{changed} of {len(sample)}",
               "training": {k: round(v) for k, v in done.items()}}
    write_json(out / "quality.json", quality)
    write_card(out, quality, rows, model)
    if args.misses:
        with open(args.misses, "w", encoding="utf-8") as file:
            for row, answer in zip(rows, answers):
                if answer != row["output"]:
                    file.write(json.dumps({**row, "answer": answer}, ensure_ascii=False) + "\n")
    print(json.dumps(quality, indent=1))
    for path in sorted(out.iterdir()):
        print(f"{path.stat().st_size:>12,} {path.name}")
    print("largest weight", max(v.abs().max().item() for v in load_file(str(out / "model.safetensors")).values()))


if __name__ == "__main__":
    main()
