#!/usr/bin/env python3
"""Makes the training rows and the held-out rows of the starter model.

    python make_data.py --dolly answers.jsonl --rows 400000 --out data/

writes data/train.jsonl and eval.jsonl beside it. The same arguments always give the same rows.
Rows have the fields "task", "input", "output" and "source".
"""

import argparse
import collections
import json
import pathlib
import random

from starter_data import dolly, practice, tasks

# Share of each task in the training rows; "copy" fades out after the first part of the file.
MIX = {"classify": 0.24, "choice": 0.14, "yes_no": 0.20, "extract": 0.15, "hinted": 0.03, "answer": 0.13, "summarize": 0.05,
       "real": 0.02, "hint": 0.04}


def training_rows(count, real_text, seed, mix, warm_up):
    """The training rows in order: the first `warm_up` rows are mostly copying exercises."""
    rng = random.Random(seed)
    names, weights = list(mix), list(mix.values())
    for index in range(count):
        row_seed = f"{seed}/{index}"
        task = rng.choices(names, weights)[0]
        if rng.random() < max(0.05, 0.6 * (1 - index / warm_up) if warm_up else 0):
            task = "copy"
        if task == "real":
            yield real_text.make_row(row_seed)
        else:
            yield tasks.make_row(task, row_seed, "train", practice.MAKERS if task in practice.MAKERS else tasks.TASKS)


def eval_rows(per_task, held_out_dolly, seed):
    """Held-out rows: clauses, instruction wordings and entities that training never sees, and held-out dolly rows."""
    for task in ("classify", "extract", "answer", "summarize"):
        seen = set()
        index = 0
        while len(seen) < per_task:
            row = tasks.make_row(task, f"{seed}/{index}", "eval")
            index += 1
            if row["input"] not in seen:
                seen.add(row["input"])
                yield row
    counts = collections.Counter()
    for row in dolly.fixed_rows(held_out_dolly):
        counts[row["task"]] += 1
        if counts[row["task"]] <= per_task // 2:
            yield row
    summaries = [r for r in held_out_dolly if r["category"] == "summarization" and 80 < len(r["context"]) < 700 and len(r["response"]) < 300]
    for row in summaries[:40]:
        yield {"task": "summarize", "input": f"{row['instruction']}\n\n{row['context']}", "output": row["response"], "source": "dolly"}


def write(path, rows):
    counts = collections.Counter()
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            counts[row["task"], row["source"]] += 1
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(path, dict(counts), f"{pathlib.Path(path).stat().st_size / 1e6:.1f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dolly", required=True, help="databricks-dolly-15k rows: id, category, instruction, context, response")
    parser.add_argument("--out", default="data", help="folder for train.jsonl")
    parser.add_argument("--eval-out", default="eval.jsonl", help="file for the held-out rows")
    parser.add_argument("--rows", type=int, default=400_000, help="number of training rows")
    parser.add_argument("--eval-rows", type=int, default=300, help="generated held-out rows per task")
    parser.add_argument("--warm-up", type=int, default=40_000, help="rows over which copying exercises fade out")
    parser.add_argument("--mix", default="", help="shares, e.g. classify=0.3,extract=0.3,answer=0.2,summarize=0.1,real=0.1")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    train_dolly, held_out_dolly = dolly.load(args.dolly)
    mix = dict(MIX, **{k: float(v) for k, v in (pair.split("=") for pair in args.mix.split(",") if pair)})
    out = pathlib.Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    write(args.eval_out, eval_rows(args.eval_rows, held_out_dolly, 0))
    write(out / "train.jsonl", training_rows(args.rows, dolly.RealText(train_dolly), args.seed, mix, args.warm_up))


if __name__ == "__main__":
    main()
