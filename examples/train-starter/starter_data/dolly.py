"""Rows from databricks-dolly-15k: span answers, label answers, blanks in real text and lead sentences."""

import json
import random
import re
import zlib

from .tasks import SUMMARIZE, ask_in_passage, lay_out, choose_alternatives


def load(path):
    """The rows of the file, with footnote marks removed; (training, held out)."""
    rows = []
    for line in open(path, encoding="utf-8"):
        row = json.loads(line)
        for key in ("instruction", "context", "response"):
            row[key] = re.sub(r"\[\w{1,2}\]", "", row[key]).strip()
        rows.append(row)
    held = [r for r in rows if zlib.crc32(r["instruction"].encode()) % 6 == 0]
    return [r for r in rows if zlib.crc32(r["instruction"].encode()) % 6 != 0], held


def span_rows(rows):
    """Questions whose answer stands in the context word for word (at most twelve words)."""
    for row in rows:
        answer = row["response"].rstrip(".").strip()
        at = row["context"].lower().find(answer.lower())
        if answer and at >= 0 and len(answer.split()) <= 12 and len(row["context"]) < 1500 and row["category"] != "summarization":
            answer = row["context"][at:at + len(answer)]
            yield row["instruction"], around(row["context"], at, 420), answer


def around(context, at, size):
    """The sentences of a long context near a position."""
    if len(context) <= size:
        return context
    begin = max(0, at - size * 2 // 3)
    if begin:
        stop = context.rfind(". ", 0, begin + 1)
        begin = stop + 2 if stop >= 0 and begin - stop < 200 else begin
    end = min(len(context), max(begin + size, at + 40))
    stop = context.find(". ", end)
    end = stop + 1 if 0 <= stop < end + 150 else end
    return context[begin:end].strip()


def label_rows(rows):
    """Questions that name their possible answers, e.g. "Which is a fish? Tope or Rope"."""
    for row in rows:
        answer = row["response"].rstrip(".").strip()
        if row["category"] == "classification" and not row["context"] and len(answer.split()) <= 3 \
                and len(answer) > 1 and answer.lower() in row["instruction"].lower():
            at = row["instruction"].lower().find(answer.lower())
            yield row["instruction"], row["instruction"][at:at + len(answer)]


def fixed_rows(rows):
    """The span and label questions as plain rows."""
    rng = random.Random(5)
    for question, context, answer in span_rows(rows):
        yield {"task": "answer", "input": ask_in_passage(rng, context, question), "output": answer, "source": "dolly"}
    for question, answer in label_rows(rows):
        yield {"task": "classify", "input": question, "output": answer, "source": "dolly"}


def sentences_of(context):
    return [s for s in re.split(r"(?<=[a-z0-9)][.!?])\s+(?=[A-Z])", context.replace("\n", " ")) if 25 < len(s) < 260]


class RealText:
    """Exercises on the passages of dolly: fill a blank from the passage, answer, or give the lead sentence."""

    def __init__(self, rows):
        self.passages = [s for s in (sentences_of(r["context"]) for r in rows if r["context"]) if len(s) >= 2]
        self.spans = list(span_rows(rows))
        self.labels = list(label_rows(rows))

    def window(self, rng):
        sentences = rng.choice(self.passages)
        count = min(len(sentences), rng.choice([1, 2, 2, 3]))
        begin = rng.randint(0, len(sentences) - count)
        return sentences[begin:begin + count]

    def make_row(self, seed):
        rng = random.Random(f"real/{seed}")
        style = rng.random()
        if style < 0.22:
            question, context, answer = rng.choice(self.spans)
            return {"task": "answer", "input": ask_in_passage(rng, context, question), "output": answer, "source": "dolly"}
        if style < 0.30:
            question, answer = rng.choice(self.labels)
            return {"task": "classify", "input": question, "output": answer, "source": "dolly"}
        if style < 0.42:
            sentences = rng.choice(self.passages)[:3]
            instruction = choose_alternatives(rng.choice(SUMMARIZE), rng).replace("{noun}", rng.choice(["text", "passage", "article", "paragraph"]))
            return {"task": "summarize", "input": lay_out(rng, instruction, " ".join(sentences), "passage"),
                    "output": sentences[0], "source": "dolly-lead"} if len(sentences[0]) < 170 else self.make_row(str(seed) + "x")
        return self.blank(rng)

    def blank(self, rng):
        """A sentence of the passage with a span left out; names, numbers and dates are preferred as spans."""
        sentences = self.window(rng)
        sentence = rng.choice(sentences)
        spans = [m.span() for m in re.finditer(
            r"(?:\b[A-Z][\w'-]+(?: (?:of|the|de) )?(?: ?[A-Z][\w'-]+)*|\b\d[\d,.]*\d\b(?: \w+)?)", sentence[1:])]
        if spans and rng.random() < 0.8:
            begin, end = rng.choice(spans)
            begin, end = begin + 1, end + 1
        else:
            words = [m.span() for m in re.finditer(r"\S+", sentence)]
            at = rng.randrange(1, len(words))
            begin, end = words[at][0], words[min(len(words) - 1, at + rng.randint(0, 3))][1]
        answer = sentence[begin:end].strip(" ,.;:()")
        begin = sentence.find(answer, begin)
        near = sentence[:begin] + "___" + sentence[begin + len(answer):]
        if rng.random() < 0.6:  # keep only the words near the blank
            words = near.split()
            at = next((i for i, w in enumerate(words) if "___" in w), 0)
            near = " ".join(words[max(0, at - rng.randint(2, 6)):at + rng.randint(1, 6)])
        ask = rng.choice(["Fill the blank: {}", "What is missing? {}", "Complete from the text: {}", "Fill in: {}"]).format(near)
        passage = " ".join(sentences)
        prompt = f"{passage}\n{ask}" if rng.random() < 0.5 else f"{ask}\n{passage}"
        return {"task": "blank", "input": prompt, "output": answer or sentence.split()[0], "source": "dolly-blank"}
