#!/usr/bin/env python3
"""Writes the project's own labelled prompts: `python3 prompts.py > own.jsonl`.

Every line is made from the templates in `prompts/` with a fixed seed, so the file is the same every time. `group` names the
scenario: whoever holds scenarios out holds out all of their templates. A fifth of them is marked `"split": "held-out"`.
"""
import argparse
import json
import random
import re
import zlib
from pathlib import Path

HERE = Path(__file__).parent / "prompts"


PASSAGES = {"NEWS", "WIKI", "MINUTES", "EMAIL", "P2", "P"}


def words(path):
    lists = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, choices = line.partition(" = ")
            lists[name] = [choice.strip() for choice in choices.split(" | ")]
    return lists


def scenarios(path):
    found, current = {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            current = tuple(line[3:].split(" ", 1))
            found.setdefault(current, [])
        elif line and not line.startswith("#"):
            found[current].append(line)
    return found


def choose(template, dice):
    """Takes one of each [a|b], the innermost first."""
    while True:
        match = re.search(r"\[([^\[\]]*)\]", template)
        if not match:
            return template
        choice = dice.choice(match.group(1).split("|"))
        template = template[: match.start()] + choice + template[match.end():]


def fill(text, lists, dice, depth=0):
    def one(match):
        # Any kind of passage, a short one or none may come with any request: only the request must tell what is wanted.
        name = match.group(1)
        if depth == 0 and name in PASSAGES:
            roll = dice.random()
            name = "P" if roll < 0.4 else "SHORT" if roll < 0.6 else name
            if roll > 0.95:
                return ""
        choices = lists.get(name)
        return match.group(0) if choices is None else fill(dice.choice(choices), lists, dice, depth + 1)

    return re.sub(r"\{([A-Z][A-Z0-9]*)\}", one, text) if depth < 6 else text


def prompt(template, lists, dice):
    row = {}
    for flag in ("images", "tools"):
        if template.endswith(" %" + flag):
            row[flag] = True
            template = template.removesuffix(" %" + flag)
    text = fill(choose(template, dice), lists, dice).replace("\\n", "\n").strip()
    if " ||| " in text:
        row["system"], text = (part.strip() for part in text.split(" ||| ", 1))
    roll = dice.random()
    if roll < 0.06 and text.isascii():
        text = text.lower()
    elif roll < 0.14:
        text = text.rstrip(".。?？")
    row["text"] = text
    return row


def wrapped(row, lang, dice):
    """Some prompts come with the system prompt of an assistant that says nothing about the task."""
    idle = {
        "en": ["You are a helpful assistant.", "You are ChatGPT, a large language model.", "Be concise.", "You are an AI assistant. Answer as well as you can."],
        "zh": ["你是一个有用的助手。", "你是AI助手，请用中文回答。", "请简洁地回答用户的问题。"],
    }
    if "system" not in row and dice.random() < 0.08:
        row["system"] = dice.choice(idle[lang])
    return row


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--per-task", type=int, default=2400, help="prompts for each task and language")
    options = arguments.parse_args()
    number = 0
    for lang in ("en", "zh"):
        lists, groups = words(HERE / f"words-{lang}.txt"), {}
        for (task, name), templates in scenarios(HERE / f"{lang}.txt").items():
            groups.setdefault(task, []).append((name, templates))
        for task, own in groups.items():
            dice = random.Random(f"{options.seed} {lang} {task}")
            seen = set()
            for attempt in range(options.per_task * 4):
                if len(seen) == options.per_task:
                    break
                name, templates = own[attempt % len(own)]
                row = prompt(dice.choice(templates), lists, dice)
                if (row.get("system"), row["text"]) in seen:
                    continue
                seen.add((row.get("system"), row["text"]))
                number += 1
                scenario = f"{lang} {task} {name}"
                split = "held-out" if zlib.crc32(scenario.encode()) % 5 == 0 else "train"
                row = {"id": f"own-prompts:{number}", **wrapped(row, lang, dice), "task": task, "lang": lang,
                       "source": "own-prompts", "group": scenario, "split": split}
                print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
