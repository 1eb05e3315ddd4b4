#!/usr/bin/env python3
"""Tests the generator, and the tokenizer if one is named: python self_check.py [tokenizer folder]."""

import sys

from starter_data import tasks
from starter_data.entities import Entities, is_held_out
from starter_data.topics import LABELS, TOPICS


def check_rows():
    """Rows repeat for the same seed, answers stand in their prompts, and no slot or bracket is left over."""
    for task in tasks.TASKS:
        for split in ("train", "eval"):
            for index in range(400):
                row = tasks.make_row(task, index, split)
                assert row == tasks.make_row(task, index, split)
                assert row["input"].strip() and row["output"].strip(), row
                if task != "summarize" and row["output"] != "none":
                    assert row["output"] in row["input"], row
                assert "{" not in row["output"] and "<" not in row["output"], row
                assert "{v" not in row["input"] and "{labels}" not in row["input"] and "{name}" not in row["input"], row


def check_splits():
    """No entity of the held-out rows can be drawn for training."""
    import random
    for split in ("train", "eval"):
        entities = Entities(random.Random(1), split)
        for kind in ("person", "order", "email", "company", "tracking", "city", "product"):
            assert all(is_held_out(entities.draw(kind)) == (split == "eval") for _ in range(50)), kind


def check_labels():
    """Every topic has a label, and every label names topics that exist."""
    named = {key for _, group in LABELS for key in group}
    assert named == set(TOPICS), named ^ set(TOPICS)


def check_tokenizer(folder):
    """T5's conventions, single digits, and text that comes back as it was."""
    from train import load_tokenizer
    tokenizer = load_tokenizer(folder)
    assert [tokenizer.token_to_id(t) for t in ("<pad>", "</s>", "<unk>")] == [0, 1, 2]
    for text in ("Order ORD-48213, 12.5% off", "jana.kovar@norvik.example", "{x} <b> ~ ^ `", "发票号码", "naïve café €9"):
        ids = tokenizer.encode(text).ids
        assert ids[-1] == 1 and 2 not in ids, (text, ids)
        assert tokenizer.decode(ids) == text, (text, tokenizer.decode(ids))
    assert not any(sum(c.isdigit() for c in piece) > 1 for piece in tokenizer.get_vocab() if not piece.startswith("<0x"))


if __name__ == "__main__":
    check_rows()
    check_splits()
    check_labels()
    if len(sys.argv) > 1:
        check_tokenizer(sys.argv[1])
    print("all good")
