#!/usr/bin/env python3
"""Tests the generator, the tokenizer and the training script in about a minute of processor time.

    python self_check.py [tokenizer folder]      # default: ../../models/starter
    python self_check.py --data-only             # without torch
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from starter_data import fields, practice, scenes, tasks, topics
from starter_data.entities import Entities, is_held_out
from starter_data.grammar import pick_for_split, texts_of_splits
from starter_data.topics import LABELS, TOPICS

HERE = pathlib.Path(__file__).resolve().parent


def check_rows():
    """Rows repeat for the same seed, answers stand in their prompts, and no slot or bracket is left over."""
    for task in tasks.TASKS:
        for split in ("train", "eval"):
            for index in range(300):
                row = tasks.make_row(task, index, split)
                assert row == tasks.make_row(task, index, split)
                assert row["input"].strip() and row["output"].strip(), row
                if task not in ("summarize", "hint") and row["output"] != "none":
                    assert row["output"] in row["input"], row
                assert "{" not in row["output"] and "<" not in row["output"], row
                assert "{v" not in row["input"] and "{labels}" not in row["input"] and "{name}" not in row["input"], row


def check_practice():
    """Practice rows repeat, their answers are the ones that their notes say, and yes is as frequent as no."""
    for task in practice.MAKERS:
        answers = []
        for index in range(400):
            row = tasks.make_row(task, index, "train", practice.MAKERS)
            assert row == tasks.make_row(task, index, "train", practice.MAKERS)
            assert row["output"] == "none" or row["output"] in row["input"], row
            fits = row.get("fits", {})
            assert set(fits) <= set(row["meanings"]), row
            if task == "choice":
                assert [label for label, true in fits.items() if true] == [row["output"]], row
            if task == "yes_no":
                answers.append(row["output"].lower() in ("yes", "true"))
                assert all(true == answers[-1] for true in fits.values()), row
        assert task != "yes_no" or 160 < sum(answers) < 240, sum(answers)


def pattern_lists():
    """Every list that is shared between training and held-out rows, and which part of it is held out."""
    yield from ((topic.clauses, 5) for topic in TOPICS.values())
    yield from ((field.clauses, 5) for field in fields.FIELDS.values())
    yield from ((statements, 4) for facts in scenes.SCENES.values() for _, _, statements in facts)
    yield from ((clauses, 5) for clauses in (*topics.SENTIMENT.values(), *topics.URGENCY.values()))


def check_splits():
    """Neither an entity nor a clause of the held-out rows can be drawn for training."""
    rng = random.Random(1)
    for split in ("train", "eval"):
        entities = Entities(rng, split)
        for kind in ("person", "order", "email", "company", "tracking", "city", "product"):
            assert all(is_held_out(entities.draw(kind)) == (split == "eval") for _ in range(50)), kind
    for patterns, every in pattern_lists():
        training, held_out = texts_of_splits(tuple(patterns), every)
        assert training and held_out and not training & held_out, patterns
        for split, texts in (("train", training), ("eval", held_out)):
            assert all(pick_for_split(patterns, rng, split, every) in texts for _ in range(50)), patterns


def check_labels():
    """Every topic has a label, and every label names topics that exist."""
    named = {key for _, group in LABELS for key in group}
    assert named == set(TOPICS), named ^ set(TOPICS)


def check_data_command(folder):
    """`make_data.py` writes the same files for the same seed, and others for another seed."""
    passage = "Norvik lies on the river Aller. It was founded in 1652. The mayor is Jana Kovar. About 4,200 people live there."
    rows = [{"id": str(i), "category": "closed_qa", "instruction": f"When was Norvik founded ({i})?", "context": passage,
             "response": "1652"} for i in range(40)]
    rows += [{"id": "x" + str(i), "category": "classification", "instruction": f"Which is a fish? Tope or Rope {i}", "context": "",
              "response": "Tope"} for i in range(40)]
    dolly = folder / "answers.jsonl"
    dolly.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    texts = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        subprocess.run([sys.executable, HERE / "make_data.py", "--dolly", dolly, "--rows", "600", "--eval-rows", "20", "--seed", str(seed),
                        "--out", folder / name, "--eval-out", folder / name / "eval.jsonl"], check=True, stdout=subprocess.DEVNULL)
        texts.append([(folder / name / file).read_bytes() for file in ("train.jsonl", "eval.jsonl")])
    assert texts[0] == texts[1] and texts[0][0] != texts[2][0]
    return folder / "a"


def check_tokenizer(folder):
    """T5's conventions, digits in pairs, and text that comes back as it was."""
    from train import load_tokenizer
    tokenizer = load_tokenizer(folder)
    assert [tokenizer.token_to_id(t) for t in ("<pad>", "</s>", "<unk>")] == [0, 1, 2]
    for text in ("Order ORD-48213, 12.5% off", "jana.kovar@norvik.example", "{x} <b> ~ ^ `", "发票号码", "naïve café €9"):
        ids = tokenizer.encode(text).ids
        assert ids[-1] == 1 and 2 not in ids, (text, ids)
        assert tokenizer.decode(ids) == text, (text, tokenizer.decode(ids))
    pairs = {piece for piece in tokenizer.get_vocab() if sum(c.isdigit() for c in piece) > 1 and not piece.startswith("<0x")}
    assert pairs == {f"{value:02d}" for value in range(100)}
    assert [tokenizer.id_to_token(i) for i in tokenizer.encode("2024").ids] == ["▁", "20", "24", "</s>"]


def make_tiny_model(tokenizer_folder, folder):
    """A T5 of a few thousand weights in Hugging Face's layout, to be fine-tuned."""
    from transformers import T5Config, T5ForConditionalGeneration
    from train import load_tokenizer
    size = load_tokenizer(tokenizer_folder).get_vocab_size()
    T5ForConditionalGeneration(T5Config(
        vocab_size=size, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_decoder_layers=1, num_heads=2, dropout_rate=0.0,
        feed_forward_proj="gated-gelu", decoder_start_token_id=0)).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((pathlib.Path(tokenizer_folder) / "tokenizer.json").read_bytes())


def start_training(rows, out, *more):
    """`train.py` on a few rows, for a few steps."""
    command = [sys.executable, HERE / "train.py", "--data", rows / "train.jsonl", "--out", out, "--tokens", "1024", "--threads", "1",
               "--device", "cpu", *more]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=os.environ | {"OMP_NUM_THREADS": "1"})


def finish(process):
    """The output of a training that must succeed."""
    text = process.communicate(timeout=300)[0]
    assert process.returncode == 0, text
    return text


def check_resume(rows, tokenizer, folder):
    """A killed run goes on from its checkpoint, and export.py can read it."""
    import torch
    out = folder / "resumed"
    arguments = ("--tokenizer", tokenizer, "--steps", "30", "--save-minutes", "0.03")
    process = start_training(rows, out, *arguments)
    deadline = time.time() + 90
    while not (out / "checkpoint.pt").exists():
        assert process.poll() is None and time.time() < deadline, process.communicate()[0]
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = torch.load(out / "checkpoint.pt")["done"]
    text = finish(start_training(rows, out, *arguments))
    after = torch.load(out / "checkpoint.pt")["done"]
    assert f"resumed {before}" in text, text
    assert before["steps"] < 30 == after["steps"] and before["seconds"] < after["seconds"], (before, after)
    from export import averaged_state
    weights, config, done = averaged_state(out)
    assert done == after and weights["shared.weight"].shape[0] == config.vocab_size


def check_fine_tuning(rows, folder, lora):
    """`--init`, whole or with LoRA: the tuned folder loads, its weights moved, and the adapter gives the same answers."""
    import torch
    from transformers import T5ForConditionalGeneration
    out = folder / ("lora" if lora else "tuned")
    more = ("--lora", "--keep-adapter", "--rank", "4") if lora else ()
    finish(start_training(rows, out, "--init", folder / "tiny", "--steps", "40", "--lr", "0.01", "--eval", rows / "eval.jsonl",
                          "--eval-rows", "4", *more))
    first = T5ForConditionalGeneration.from_pretrained(folder / "tiny").eval()
    tuned = T5ForConditionalGeneration.from_pretrained(out / "model").eval()
    prompt, start = torch.tensor([[8, 9, 10, 1]]), torch.tensor([[0, 9]])
    logits = [model(input_ids=prompt, decoder_input_ids=start).logits for model in (first, tuned)]
    assert (logits[0] - logits[1]).abs().max() > 1e-3
    assert (out / "model" / "tokenizer.json").exists()
    if lora:
        from peft import PeftModel
        assert {"adapter_config.json", "adapter_model.safetensors"} <= {p.name for p in (out / "adapter").iterdir()}
        adapted = PeftModel.from_pretrained(first, out / "adapter").eval()(input_ids=prompt, decoder_input_ids=start).logits
        assert (adapted - logits[1]).abs().max() < 1e-4
        assert torch.equal(first.get_input_embeddings().weight, tuned.get_input_embeddings().weight)


def main():
    check_rows()
    check_practice()
    check_splits()
    check_labels()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rows = check_data_command(folder)
        if "--data-only" not in sys.argv:
            tokenizer = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE / "../../models/starter")
            check_tokenizer(tokenizer)
            check_resume(rows, tokenizer, folder)
            make_tiny_model(tokenizer, folder / "tiny")
            check_fine_tuning(rows, folder, lora=False)
            check_fine_tuning(rows, folder, lora=True)
    print("all good")


if __name__ == "__main__":
    main()
