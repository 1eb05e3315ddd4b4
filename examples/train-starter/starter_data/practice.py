"""Short training rows with plain cues: one clause, one question. They are never drawn for the held-out rows.

The rows of `tasks.py` look like real messages, and a small model needs many of them to find out what decides. Here the
deciding sentence stands nearly alone, so that a row is cheap and most of them are about telling meanings apart.
"""

from .entities import Entities
from .fields import FIELDS
from .grammar import choose_alternatives, expand, pick_for_split
from .tasks import (CLASSIFY, YES_NO, classify_prompt, change_case, draw_labels, extract_field, lay_out,
                    sentence_case)
from .topics import LABELS, SENTIMENT, TOPICS, URGENCY

CLOSE = {"double_charge": {"payment_failed", "invoice_copy", "refund"}, "refund": {"return", "double_charge"},
         "return": {"refund", "wrong_item", "damaged"}, "crash": {"outage"}, "outage": {"crash"}}
ANSWERS = [("yes", "no")] * 3 + [("Yes", "No"), ("true", "false"), ("YES", "NO")]
MOODS = {"positive": ["happy", "satisfied", "pleased", "positive"], "negative": ["unhappy", "dissatisfied", "angry", "negative"]}
MOOD_QUESTIONS = """
Is the [customer|writer|reviewer] {about}? [Answer|Reply] {answers}.
Is this {noun} {about}? {answers}?
[Answer|Say] {answers}: does the [customer|writer] sound {about}?
""".strip().splitlines()
LEVELS = {"high": ["urgent", "critical", "an emergency"], "low": ["something that can wait", "of low priority"]}
LEVEL_QUESTIONS = """
Is this {noun} {about}? [Answer|Reply] {answers}.
[Answer|Say] {answers}: is the matter {about}?
""".strip().splitlines()
FACT_QUESTIONS = """
Is the {name} {value}? [Answer|Reply] {answers}.
[Answer|Say] {answers}: is {value} the {name}?
[Check|Decide] if the {name} is {value}. {answers}?
Does the text give {value} as the {name}? Answer {answers}.
""".strip().splitlines()


def yes_no_prompt(rng, patterns, about, text, true):
    """A question with its two answers, and the right one."""
    yes, no = rng.choice(ANSWERS)
    words = [yes, no] if rng.random() < 0.8 else [no, yes]
    pattern = choose_alternatives(rng.choice(patterns), rng)
    instruction = pattern.replace("{noun}", rng.choice(["message", "ticket", "email", "text"])).replace(
        "{about}", about).replace("{answers}", " or ".join(words))
    return lay_out(rng, instruction, text, "message"), yes if true else no


def topic_text(rng, key):
    """One clause of a topic, seldom two."""
    entities = Entities(rng, "train")
    count = 2 if rng.random() < 0.15 else 1
    return " ".join(sentence_case(expand(pick_for_split(TOPICS[key].clauses, rng, "train"), rng, entities)) for _ in range(count))


def about_topic(rng, split):
    """Is the message about this? The topic asked for is that of the message in half of the rows."""
    keys = list(TOPICS)
    key = rng.choice(keys)
    true = rng.random() < 0.5
    asked = key if true else rng.choice([k for k in keys if k != key and k not in CLOSE.get(key, ())])
    names = list(TOPICS[asked].about) * 2 + [a for aliases, group in LABELS if group == [asked] for a in aliases]
    about, text = rng.choice(names), topic_text(rng, key)
    patterns = [pick_for_split(YES_NO, rng, "train")]
    prompt, answer = yes_no_prompt(rng, patterns, about, text, true)
    return prompt, answer, {text: [key], about: [asked]}, {about: true}


def mood_or_level(rng, split):
    """Is the customer happy? Is it urgent?"""
    lists, names, questions = (SENTIMENT, MOODS, MOOD_QUESTIONS) if rng.random() < 0.5 else (URGENCY, LEVELS, LEVEL_QUESTIONS)
    stated, asked = rng.choice(list(names)), rng.choice(list(names))
    text = sentence_case(expand(pick_for_split(lists[stated], rng, "train"), rng, Entities(rng, "train")))
    about = rng.choice(names[asked])
    prompt, answer = yes_no_prompt(rng, questions, about, text, stated == asked)
    return prompt, answer, {text: [stated], about: [asked]}, {about: stated == asked}


def stated_fact(rng, split):
    """Is this the value of the field? The value asked for is the stated one in half of the rows."""
    entities = Entities(rng, "train")
    keys = rng.sample(list(FIELDS), rng.choice([1, 1, 2]))
    field, true = FIELDS[keys[0]], rng.random() < 0.5
    stated, other = entities[field.kind + "1"], entities[field.kind + "2"]
    if stated == other:
        true = True
    clauses = []
    for key in keys:
        entities.known["v"] = stated if key == keys[0] else entities[FIELDS[key].kind + "3"]
        clauses.append(sentence_case(expand(pick_for_split(FIELDS[key].clauses, rng, "train"), rng, entities)))
    rng.shuffle(clauses)
    name = rng.choice(field.names)
    pattern = [q.replace("{name}", name).replace("{value}", "{about}") for q in FACT_QUESTIONS]
    prompt, answer = yes_no_prompt(rng, pattern, stated if true else other, " ".join(clauses), true)
    return prompt, answer, {name: [keys[0]]}, {}


def short_choice(rng, split):
    """One clause and its label among a few."""
    names, groups = draw_labels(rng, rng.choice([2, 3, 3, 4, 5, 6]))
    answer = rng.randrange(len(names))
    key = rng.choice(groups[answer])
    text = topic_text(rng, key)
    names = change_case(rng, names)
    target = names[answer]
    pairs = list(zip(names, groups))
    rng.shuffle(pairs)
    prompt = classify_prompt(rng, "train", CLASSIFY, rng.choice(["message", "ticket", "email", "text", "request"]),
                             [name for name, _ in pairs], text, "message")
    return prompt, target, {text: [key], **dict(pairs)}, {name: key in group for name, group in pairs}


def field_or_none(rng, split):
    """A field with the hint to say none where it is missing; it is there in five of six rows."""
    while True:
        prompt, answer, *notes = extract_field(rng, "train")
        if "none" in prompt.lower() and (answer != "none" or rng.random() < 0.3):
            return prompt, answer, *notes


MAKERS = {"hinted": [(field_or_none, 1.0)],
          "yes_no": [(about_topic, 0.76), (mood_or_level, 0.12), (stated_fact, 0.12)], "choice": [(short_choice, 1.0)]}
