#!/usr/bin/env python3
"""Writes the project's own labelled prompts: `python3 prompts.py > own.jsonl`.

Every line is made from the templates in `prompts/` with a fixed seed, so the file is the same every time. `group` names the
scenario: whoever holds scenarios out holds out all of their templates. A fifth of them is marked `"split": "held-out"`.

Passages stand in passages.txt, one per line: what is pasted must not tell what is wanted of it.

How templates are written: `## task scenario` begins a scenario; a line is a template. {WORDS} takes from words.txt, [a|b|] chooses,
\\n breaks the line, `a ||| b` is system prompt and turn, `%images` and `%tools` at the end say what comes with the request.
"""
import argparse
import json
import random
import re
import zlib
from pathlib import Path

HERE = Path(__file__).parent / "prompts"


# Times as many as of other tasks: questions are what people ask most, ideas what they ask for least.
SHARES = {("en", "qa_open"): 2, ("en", "chat"): 1.5, ("en", "brainstorm"): 0.4}
# How many say in a system prompt what they want.
SYSTEM_SHARE = 0.12
PASSAGES = {"NEWS", "WIKI", "MINUTES", "EMAIL", "P2", "P", "TEXT"}


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


class Decks:
    """Takes choices like cards: none comes again before all the others have."""

    def __init__(self, dice):
        self.dice, self.decks = dice, {}

    def draw(self, name, choices):
        deck = self.decks.setdefault(name, [])
        if not deck:
            deck.extend(choices)
            self.dice.shuffle(deck)
        return deck.pop()


def choose(template, decks):
    """Takes one of each [a|b], the innermost first."""
    while True:
        match = re.search(r"\[([^\[\]]*)\]", template)
        if not match:
            return template
        choice = decks.draw(match.group(1), match.group(1).split("|"))
        template = template[: match.start()] + choice + template[match.end():]


def weight(template, lists):
    """How often a template is used: the more there is to choose, the more often."""
    sizes = [len(group.split("|")) for group in re.findall(r"\[([^\[\]]*)\]", template)]
    named = set(re.findall(r"\{([A-Z][A-Z0-9]*)\}", template)) - PASSAGES
    sizes.extend(len(lists[name]) for name in named if name in lists)
    most = max([4, *sizes])
    # A list of hundreds holds whole requests, not words.
    return most // 10 if most > 400 else min(most, 20)


def fill(text, lists, dice, depth=0):
    def one(match):
        # Any kind of passage, a short one or none may come with any request: only the request must tell what is wanted.
        name = match.group(1)
        if depth == 0 and name in PASSAGES:
            roll = dice.random()
            if roll > 0.95:
                return ""
            name = "TEXT" if roll < 0.7 else "P" if roll < 0.8 else "SHORT" if roll < 0.9 else name
        choices = lists.get(name)
        return match.group(0) if choices is None else fill(dice.choice(choices), lists, dice, depth + 1)

    return re.sub(r"\{([A-Z][A-Z0-9]*)\}", one, text) if depth < 6 else text


def prompt(template, lists, dice, decks):
    row = {}
    for flag in ("images", "tools"):
        if template.endswith(" %" + flag):
            row[flag] = True
            template = template.removesuffix(" %" + flag)
    text = fill(choose(template, decks), lists, dice).replace("\\n", "\n").strip()
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
        lists, groups = words(HERE / lang / "words.txt"), {}
        # A request says without its TEXT what it wants; a question without what is PASTED would be another task.
        lists["TEXT"] = lists["PASTED"] = (HERE / lang / "passages.txt").read_text(encoding="utf-8").splitlines()
        asked = scenarios(HERE / lang / "qa_open.txt").values()
        # Whatever is asked about nothing can be asked about a text, too.
        lists["ASK"] = [line for lines in asked for template in lines if re.fullmatch(r"\[[^\[\]]*\]", template)
                        for line in template[1:-1].split("|")]
        for path in sorted((HERE / lang).glob("*.txt")):
            if path.name not in {"words.txt", "passages.txt"}:
                for (task, name), templates in scenarios(path).items():
                    groups.setdefault(task, []).append((name, templates))
        for task, own in groups.items():
            dice = random.Random(f"{options.seed} {lang} {task}")
            decks, seen = Decks(dice), set()
            lines = [(name, template) for name, templates in own for template in templates for _ in range(weight(template, lists))]
            pools = {kind: [line for line in lines if (" ||| " in line[1]) == kind] for kind in (False, True)}
            wanted = int(options.per_task * SHARES.get((lang, task), 1))
            for attempt in range(wanted * 4):
                if len(seen) == wanted:
                    break
                kind = bool(pools[True]) and dice.random() < SYSTEM_SHARE
                name, template = decks.draw(kind, pools[kind])
                row = prompt(template, lists, dice, decks)
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
