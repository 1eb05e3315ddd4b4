"""Turns topics, fields and scenes into rows: an instruction with its text, and the answer."""

import random
import re

from .entities import DAYS, TEAMS, Entities, made_up_word
from .fields import FIELDS, GENERIC_NAMES, KIND_NAMES, SIDE_CLAUSES
from .grammar import choose_alternatives, expand, pick_for_split, slots_of
from .scenes import DISTRACTORS, PLAIN, SCENES
from .topics import (CLOSINGS, FILLERS, GREETINGS, LABELS, OTHER_LABELS, SENTIMENT, SENTIMENT_LABELS, TOPICS, URGENCY,
                     URGENCY_LABELS)

TEXT_NAMES = {
    "message": ["Message", "Text", "Email", "Mail", "E-mail", "Input", "Customer message", "Note"],
    "ticket": ["Ticket", "Text", "Message", "Support ticket", "Request", "Input", "Email"],
    "review": ["Review", "Text", "Feedback", "Comment", "Message", "Customer review", "Input"],
    "passage": ["Passage", "Text", "Context", "Paragraph", "Article", "Document", "Information", "Background"],
}
TYPOS = str.maketrans({"'": "’"})


def lay_out(rng, instruction, text, kind, answer_cues=("Answer",)):
    """Puts instruction and text together in one of the layouts that people use."""
    name = rng.choice(TEXT_NAMES[kind])
    instruction = instruction.strip()
    bare = instruction.rstrip(".:")
    gap = rng.choice(["\n\n", "\n", "\n", " ", " "])
    style = rng.random()
    if style < 0.34:  # "Do this: text"
        end = ":" if instruction[-1] not in "?" else ""
        prompt = f"{bare}{end}{gap}{text}"
    elif style < 0.46:
        prompt = f"{instruction}{gap}{name}: {text}"
    elif style < 0.56:
        prompt = f'{bare}{":" if bare[-1] != "?" else ""}{gap}"{text}"'
    elif style < 0.76:
        prompt = f"{text}{gap}{instruction}"
    elif style < 0.90:
        prompt = f"{name}: {text}{gap}{instruction}"
    elif style < 0.95:
        prompt = f'"{text}"{gap}{instruction}'
    else:
        word = "Question" if instruction.endswith("?") else rng.choice(["Task", "Instruction"])
        prompt = f"{word}: {instruction}{gap}{name}: {text}"
    if rng.random() < 0.18:
        prompt += gap + rng.choice(answer_cues) + ":"
    return prompt


def roughen(rng, text):
    """Sometimes lower case, missing full stops or curly apostrophes, as in real messages."""
    chance = rng.random()
    if chance < 0.03:
        return text.translate(TYPOS)
    if chance < 0.07:
        return text.rstrip(".")
    return text


def sentence_case(text):
    return text[:1].upper() + text[1:]


def compose_message(rng, entities, clauses, split):
    """Clauses with greeting, fillers, closing and signature, each with some probability."""
    parts = []
    line = "\n" if rng.random() < 0.4 else " "
    if rng.random() < 0.35:
        parts.append(expand(rng.choice(GREETINGS), rng, Entities(rng, split)) + line)
    body = [sentence_case(c) for c in clauses]
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
        filler = expand(rng.choice(FILLERS), rng, Entities(rng, split))
        body.insert(rng.randint(0, len(body)), filler)
    parts.append(" ".join(body))
    signature = None
    if rng.random() < 0.35:
        signature = entities["sender"] if "sender" in entities.known else None
        closing = rng.choice(CLOSINGS)
        parts.append(line + closing + ((", " if line == " " else ",\n") + signature if signature else ""))
    return roughen(rng, "".join(parts).strip()), signature


# ---------------------------------------------------------------- classification

CLASSIFY = """
Classify this {noun} as {labels}.
Classify the {noun} into one of these [categories|classes|groups]: {labels}.
[Classify|Categorize|Categorise|Label] the [following|] {noun} as {labels}.
Which [category|label|class] fits [best|this {noun} best|the {noun}]? {options}: {labels}.
Is this {noun} about {labels}?
[Choose|Pick|Select] the [right|best|correct] [category|label] for this {noun}: {labels}.
{options}: {labels}. [Classify the {noun}|Choose one for the {noun}|Which one fits the {noun}?]
What is the [category|topic|type] of this {noun}? {options}: {labels}.
[Assign|Give] the {noun} one of the labels {labels}.
Route this {noun} to [the right team|a team|one of the teams]: {labels}.
What kind of {noun} is this: {labels}?
Tell me if this {noun} is {labels}.
Possible [labels|categories]: {labels}. [Answer with one label|Reply with the label only|Give only the label].
[Decide|Say] which [category|label] the {noun} belongs to: {labels}.
[Sort|Put] this {noun} into [one|a] [category|bucket|queue]: {labels}.
Which department should [handle|get] this {noun}? {options}: {labels}
Label this {noun} with one of {labels}.
I need a label for this {noun}. [The choices are|Choose from] {labels}.
Classify: {labels}
[Is it|Is this] {labels}?
""".strip().splitlines()
CLASSIFY_SENTIMENT = """
Is the sentiment of this {noun} {labels}?
What is the sentiment of this {noun}? {options}: {labels}.
Classify the sentiment [of the {noun}|] as {labels}.
[Is this {noun}|Does this {noun} sound] {labels}?
How does the [customer|writer|author] feel: {labels}?
[Tell me|Say] whether this {noun} is {labels}.
Sentiment analysis ({labels})
Is the [customer|writer|reviewer] {labels}?
Rate the tone of this {noun}: {labels}.
Decide if the {noun} is {labels}.
Classify this {noun} as {labels}.
[Label|Mark] the {noun} as {labels}.
""".strip().splitlines()
CLASSIFY_URGENCY = """
How urgent is this {noun}? {options}: {labels}.
What is the [priority|urgency] of this {noun}? {options}: {labels}.
Classify the [urgency|priority] [of the {noun}|] as {labels}.
Is this {noun} {labels}?
[Set|Choose|Give] the [priority|urgency] [for this {noun}|]: {labels}.
[Tell me|Decide] whether this {noun} is {labels}.
[Rate|Assess] the [urgency|priority] of this {noun}: {labels}.
Triage this {noun} as {labels}.
Classify this {noun} as {labels}.
Which priority does the {noun} have: {labels}?
""".strip().splitlines()
YES_NO = """
Is this {noun} about {about}? [Answer|Reply|Respond] {answers}.
Is the {noun} about {about}? ({answers})
[Answer|Reply] {answers}: is this {noun} about {about}?
Does this {noun} concern {about}? {answers}?
Does the [customer|writer|sender] [write about|mention] {about}? [Answer|Reply with] {answers}.
[Decide|Check] if this {noun} is about {about}. [Answer|Say] {answers}.
Is it about {about}? [Answer|Answer only] {answers}.
{answers}: does the {noun} deal with {about}?
Does the text talk about {about}? {answers}.
[Tell me|Say] {answers} if the {noun} is about {about}.
""".strip().splitlines()


def change_case(rng, labels):
    """The same labels in lower, title or upper case."""
    style = rng.random()
    if style < 0.6:
        return labels
    if style < 0.85:
        return [sentence_case(label) for label in labels]
    if style < 0.93:
        return [label.title() if not label.isupper() else label for label in labels]
    return [label.upper() for label in labels]


def write_labels(rng, labels):
    """Labels as people list them in a prompt."""
    if len(labels) == 2:
        return rng.choice(["{} or {}", "{} or {}", "{} or {}", "{}, {}", "{} / {}", "'{}' or '{}'", '"{}" or "{}"', "[{}, {}]", "{}/{}", "either {} or {}"]).format(*labels)
    style = rng.random()
    if style < 0.38:
        return ", ".join(labels[:-1]) + rng.choice([" or ", ", or ", " and ", " or "]) + labels[-1]
    if style < 0.62:
        return ", ".join(labels)
    if style < 0.70:
        return " / ".join(labels)
    if style < 0.76:
        return ", ".join(f'"{label}"' for label in labels)
    if style < 0.82:
        return "[" + ", ".join(labels) + "]"
    if style < 0.87:
        return "; ".join(labels)
    if style < 0.91:
        return " | ".join(labels)
    if style < 0.94:
        return "(" + ", ".join(labels) + ")"
    return "\n" + "\n".join("- " + label for label in labels) + "\n"


def classify_prompt(rng, split, patterns, noun, labels, text, kind):
    held_out = split == "eval" and rng.random() < 0.5
    pattern = choose_alternatives(pick_for_split(patterns, rng, "eval" if held_out else "train"), rng)
    instruction = pattern.replace("{noun}", noun).replace(
        "{options}", rng.choice(["Options", "Labels", "Categories", "Choices", "Classes"])).replace(
        "{labels}", write_labels(rng, labels))
    instruction = re.sub(r"\n[.?:]", "\n", instruction)
    return lay_out(rng, instruction, text, kind, ("Answer", "Label", "Category", "Class"))


def topic_message(rng, split, key):
    """A message on a topic and its entities; the sender's name may stand below it."""
    entities = Entities(rng, split)
    entities.known["sender"] = Entities(rng, split).draw("person")
    topic = TOPICS[key]
    clauses = [pick_for_split(topic.clauses, rng, split)]
    if rng.random() < 0.35:
        second = pick_for_split(topic.clauses, rng, split)
        if second not in clauses:
            clauses.append(second)
    return [expand(c, rng, entities) for c in clauses], entities


def draw_labels(rng, count):
    """Labels whose topics do not overlap, and the topics of each."""
    names, groups = [], []
    for aliases, group in rng.sample(LABELS, len(LABELS)):
        if len(names) == count:
            break
        alias = rng.choice(aliases)
        if not any(set(group) & set(g) for g in groups) and alias not in names:
            names.append(alias)
            groups.append(group)
    return names, groups


def classify_topic(rng, split):
    count = rng.choice([2, 2, 3, 3, 3, 4, 4, 5, 6, 7])
    names, groups = draw_labels(rng, count)
    answer = rng.randrange(len(names))
    if rng.random() < 0.12 and count > 2:
        names[-1], groups[-1] = rng.choice(OTHER_LABELS), [k for k in TOPICS if not any(k in g for g in groups[:-1])]
        answer = len(names) - 1 if rng.random() < 0.4 else rng.randrange(len(names) - 1)
    key = rng.choice(groups[answer])
    clauses, entities = topic_message(rng, split, key)
    text, _ = compose_message(rng, entities, clauses, split)
    names = change_case(rng, names)
    target = names[answer]
    order = rng.sample(range(len(names)), len(names))
    names = [names[index] for index in order]
    kind = rng.choice(["ticket", "message"])
    noun = rng.choice(["ticket", "message", "email", "support ticket", "request", "text", "e-mail", "customer message", "mail"])
    meanings = {text: [key], **{name: groups[index] for name, index in zip(names, order)}}
    return classify_prompt(rng, split, CLASSIFY, noun, names, text, kind), target, meanings, {name: name == target for name in names}


def classify_sentiment(rng, split):
    labels = rng.choice(SENTIMENT_LABELS)
    mood = rng.choice(list(labels))
    entities = Entities(rng, split)
    clauses = [expand(pick_for_split(SENTIMENT[mood], rng, split), rng, entities) for _ in range(rng.choice([1, 1, 2, 2, 3]))]
    if mood != "neutral" and rng.random() < 0.25:
        clauses.insert(0, expand(pick_for_split(SENTIMENT["neutral"][:6], rng, split), rng, entities))
    text = roughen(rng, " ".join(dict.fromkeys(clauses)))
    keys = list(labels)
    cased = dict(zip(keys, change_case(rng, [labels[k] for k in keys])))
    rng.shuffle(keys)
    noun = rng.choice(["review", "comment", "feedback", "text", "message", "customer review", "sentence"])
    meanings = {text: [mood], **{cased[k]: [k] for k in keys}}
    return classify_prompt(rng, split, CLASSIFY_SENTIMENT, noun, [cased[k] for k in keys], text, "review"), cased[mood], meanings, \
        {cased[k]: k == mood for k in keys}


def classify_urgency(rng, split):
    labels = rng.choice(URGENCY_LABELS)
    level = rng.choice(list(labels))
    clauses, entities = topic_message(rng, split, rng.choice([k for k in TOPICS if k != "praise"]))
    mark = expand(pick_for_split(URGENCY[level], rng, split), rng, Entities(rng, split))
    clauses.insert(rng.choice([0, len(clauses), len(clauses)]), mark)
    text, _ = compose_message(rng, entities, clauses, split)
    keys = list(labels)
    cased = dict(zip(keys, change_case(rng, [labels[k] for k in keys])))
    rng.shuffle(keys)
    noun = rng.choice(["ticket", "message", "request", "email", "support ticket"])
    meanings = {sentence_case(mark): [level], **{cased[k]: [k] for k in keys}}
    return classify_prompt(rng, split, CLASSIFY_URGENCY, noun, [cased[k] for k in keys], text, "ticket"), cased[level], meanings, \
        {cased[k]: k == level for k in keys}


def classify_yes_no(rng, split):
    key = rng.choice(list(TOPICS))
    yes = rng.random() < 0.5
    close = {"double_charge": {"payment_failed", "invoice_copy", "refund"}, "refund": {"return", "double_charge"},
             "return": {"refund", "wrong_item", "damaged"}, "crash": {"outage"}, "outage": {"crash"}}
    asked = key if yes else rng.choice([k for k in TOPICS if k != key and k not in close.get(key, ())])
    clauses, entities = topic_message(rng, split, key)
    text, _ = compose_message(rng, entities, clauses, split)
    yes_word, no_word = rng.choice([("yes", "no"), ("yes", "no"), ("Yes", "No"), ("true", "false"), ("YES", "NO")])
    words = [yes_word, no_word] if rng.random() < 0.8 else [no_word, yes_word]
    about = rng.choice(TOPICS[asked].about)
    held_out = split == "eval" and rng.random() < 0.5
    pattern = choose_alternatives(pick_for_split(YES_NO, rng, "eval" if held_out else "train"), rng)
    instruction = pattern.replace("{noun}", rng.choice(["message", "ticket", "email", "text"])).replace(
        "{about}", about).replace("{answers}", " or ".join(words))
    return lay_out(rng, instruction, text, "message"), yes_word if yes else no_word, {text: [key], about: [asked]}, {about: yes}


# ---------------------------------------------------------------- hints: what labels mean, only for training

NAME_TOPIC = """
[What is this {noun} about|Name the topic of this {noun}|Topic of this {noun}]?
[Give|Find|Suggest] a [label|category|topic] for this {noun}.
[Label|Tag] this {noun}.
""".strip().splitlines()


def name_topic(rng, split):
    """A message without labels to choose from; the answer is any label of its topic."""
    aliases, group = rng.choice(LABELS)
    key = rng.choice(group)
    clauses, entities = topic_message(rng, split, key)
    text = " ".join(map(sentence_case, clauses))
    instruction = choose_alternatives(rng.choice(NAME_TOPIC), rng).replace("{noun}", rng.choice(["ticket", "message", "email", "text"]))
    return lay_out(rng, instruction, text, "message"), rng.choice(aliases), {text: [key]}


def match_label(rng, split):
    """A few words instead of a message: which of the labels means the same?"""
    names, groups = draw_labels(rng, rng.choice([2, 2, 3, 4]))
    answer = rng.randrange(len(names))
    key = rng.choice(groups[answer])
    same = [a for aliases, group in LABELS if set(group) == set(groups[answer]) for a in aliases if a not in names]
    text = rng.choice(same + TOPICS[key].about + TOPICS[key].about)
    meanings = {text: groups[answer] if text in same else [key], **dict(zip(names, groups))}
    target = names[answer]
    rng.shuffle(names)
    return classify_prompt(rng, "train", CLASSIFY, rng.choice(["message", "text", "ticket"]), names, text, "message"), target, meanings


# ---------------------------------------------------------------- extraction

EXTRACT = """
Extract the {name} from [this {noun}|the {noun}|the text below|the following {noun}].
Extract the {name} from.
Extract the {name}.
What is the {name} [in this {noun}|in the {noun}|in the text|mentioned in the {noun}]?
What is the {name}?
Find the {name} in [this|the] {noun}.
[Give|Tell|Show] me the {name} [from this {noun}|in the {noun}|in this {noun}|].
[Which|What] {name} is mentioned [in the {noun}|here|in this {noun}]?
[Return|Output] [only|just] the {name}.
[Pull|Get] the {name} out of this {noun}.
[Copy|Write down] the {name} [from the {noun}|].
Read the {noun} and give the {name}.
I need the {name} [from this {noun}|].
[Identify|Name] the {name} in the {noun}.
{Name} in this {noun}?
Extract from this {noun}: {name}.
Please extract the {name}.
Field to extract: {name}.
{Name}?
Can you [find|extract|tell me] the {name} [in this {noun}|]?
""".strip().splitlines()
NONE_HINTS = [" If there is none, say none.", " Answer none if it is missing.", " If it is not there, answer none.", " Write none if absent."]


def key_value_text(rng, labels_and_values, entities):
    """A form, a mail head or a table row instead of prose."""
    style = rng.random()
    pairs = labels_and_values
    if style < 0.55:
        return "\n".join(f"{label}: {value}" for label, value in pairs)
    if style < 0.70:
        return ", ".join(f"{label}: {value}" for label, value in pairs)
    if style < 0.80:
        return " | ".join(f"{label}: {value}" for label, value in pairs)
    if style < 0.90:
        return "; ".join(f"{label} {value}" for label, value in pairs)
    return "\n".join(f"{label} = {value}" if rng.random() < 0.5 else f"- {label}: {value}" for label, value in pairs)


def extract_field(rng, split):
    count = rng.choice([1, 2, 2, 3, 3, 4, 5])
    chosen = rng.sample(list(FIELDS), count)
    absent = rng.random() < 0.06
    target = chosen[0]
    shown = chosen[1:] if absent and count > 1 else chosen
    absent = absent and count > 1
    entities = Entities(rng, split)
    values = {key: entities[FIELDS[key].kind + str(i + 1)] for i, key in enumerate(shown)}
    rng.shuffle(shown)
    labels = [(rng.choice(FIELDS[k].labels), values[k]) for k in shown]
    prose = [pick_for_split(FIELDS[k].clauses, rng, split).replace("{v}", "{v_%s}" % k) for k in shown]
    entities.known.update({"v_" + k: v for k, v in values.items()})
    prose = [expand(p, rng, entities) for p in prose]
    meanings = {text: [key] for key, text in [*zip(shown, prose), *((k, f"{label}: {value}") for k, (label, value) in zip(shown, labels))]}
    style = rng.random()
    if style < 0.70 or count == 1:
        for _ in range(rng.choice([0, 0, 1, 2])):
            prose.insert(rng.randint(0, len(prose)), expand(rng.choice(SIDE_CLAUSES), rng, Entities(rng, split)))
        if rng.random() < 0.2:
            prose.insert(0, expand(rng.choice(GREETINGS), rng, Entities(rng, split)))
        text = rng.choice([" ", " ", " ", "\n"]).join(prose)
        if rng.random() < 0.15 and "customer_name" not in shown and not (absent and target == "customer_name"):
            text += f" {rng.choice(CLOSINGS)}, {entities['person9']}"
    elif style < 0.88:
        text = key_value_text(rng, labels, entities)
    else:  # a form with a note below, or a note with a form below
        half = rng.randint(1, count - 1)
        form, note = key_value_text(rng, labels[:half], entities), " ".join(prose[half:])
        text = "\n".join([form, note] if rng.random() < 0.5 else [note, form])
    kinds = [FIELDS[k].kind for k in shown]
    alone = kinds.count(FIELDS[target].kind) == 1 and "person9" not in entities.known
    names = FIELDS[target].names if alone else [n for n in FIELDS[target].names if n not in GENERIC_NAMES] or FIELDS[target].names[:1]
    if absent:
        names = FIELDS[target].names[:2]
    elif alone and FIELDS[target].kind in KIND_NAMES and rng.random() < 0.3:
        names = KIND_NAMES[FIELDS[target].kind]
    name = rng.choice(names)
    name = name if rng.random() < 0.85 or name.isupper() else rng.choice([name.title(), sentence_case(name)])
    held_out = split == "eval" and rng.random() < 0.5
    pattern = choose_alternatives(pick_for_split(EXTRACT, rng, "eval" if held_out else "train"), rng)
    instruction = pattern.replace("{name}", name).replace("{Name}", sentence_case(name)).replace(
        "{noun}", rng.choice(["message", "text", "email", "ticket", "note", "mail", "letter", "document"]))
    if absent or rng.random() < 0.08:
        instruction = instruction.rstrip() + rng.choice(NONE_HINTS)
    prompt = lay_out(rng, re.sub(r" +([.?:])", r"\1", instruction), roughen(rng, text) if text[-1] == "." else text, "message", ("Answer", sentence_case(name)))
    fits = {part: names == [target] for part, names in meanings.items()}
    return prompt, "none" if absent else values[target], {name: [target], **meanings}, fits


# ---------------------------------------------------------------- questions on a passage

ASK = ["{q}"] * 8 + [
    "Answer the question: {q}", "Answer from the passage: {q}", "Question: {q}", "Q: {q}", "Based on the text, {lq}",
    "According to the passage, {lq}", "Answer this question from the passage. {q}", "Use the text to answer. {q}",
    "Answer the question with the words of the text. Question: {q}", "Read the text and answer: {q}"]


def ask_in_passage(rng, passage, question):
    """A question and its passage in one of the usual layouts."""
    style = rng.random()
    name = rng.choice(TEXT_NAMES["passage"])
    gap = rng.choice(["\n\n", "\n", " ", " "])
    if style < 0.30:
        lead = rng.choice(["Answer from the passage.", "Answer the question from the text.", "Answer the question.", "",
                           "Use the passage to answer the question.", "Read the text and answer the question.",
                           "Answer the question using the context.", "Reply with a span of the text."])
        prompt = f"{lead}{gap if lead else ''}{name}: {passage}{gap}{rng.choice(['Question', 'Question', 'Q'])}: {question}"
        return prompt + (f"{gap}{rng.choice(['Answer', 'A'])}:" if rng.random() < 0.4 else "")
    lowered = question[0].lower() + question[1:]
    instruction = rng.choice(ASK).replace("{lq}", lowered).replace("{q}", question)
    if style < 0.55:
        return f"{passage}{gap}{instruction}"
    if style < 0.80:
        return f"{instruction}{gap}{passage}"
    if style < 0.92:
        return f"{instruction}{gap}{name}: {passage}"
    return f'{instruction}{gap}"{passage}"'


def answer_from_passage(rng, split):
    entities = Entities(rng, split)
    scene = rng.choice(list(SCENES))
    facts = SCENES[scene]
    asked = rng.sample(facts, min(len(facts), rng.choice([2, 2, 3, 3, 4, 5])))
    target = asked[0]
    if rng.random() < 0.7:
        asked.sort(key=facts.index)
    else:
        rng.shuffle(asked)
    sentences = [expand(pick_for_split(f[2], rng, split, every=4), rng, entities) for f in asked]
    meanings = {sentence_case(text): [f"{scene}/{fact[0]}"] for fact, text in zip(asked, sentences)}
    if rng.random() < 0.22:
        statement, question_pattern, answers = rng.choice(PLAIN)
        pool = answers.split("|")
        held = rng.choice(pool)
        while (pool.index(held) % 4 == 3) != (split == "eval"):
            held = rng.choice(pool)
        extra = choose_alternatives(statement, rng).replace("{a}", held)
        if "{person}" in extra:
            extra, question_pattern = extra.replace("{person}", "{person8}"), question_pattern.replace("{person}", "{person8}")
        sentences.insert(rng.randint(0, len(sentences)), expand(extra, rng, entities))
        if rng.random() < 0.6:
            question = expand(question_pattern, rng, entities)
            return ask_in_passage(rng, " ".join(map(sentence_case, sentences)), question), held, {}
    for _ in range(rng.choice([0, 0, 0, 1, 1])):
        sentences.insert(rng.randint(1, len(sentences)), expand(rng.choice(DISTRACTORS), rng, entities))
    held_out = split == "eval" and rng.random() < 0.5
    questions = [target[1][-1]] if held_out else target[1][:-1] if len(target[1]) > 2 else target[1]
    known = [q for q in questions if all(slot in entities.known for slot in slots_of(q))]
    question = expand(rng.choice(known or questions), rng, entities)
    passage = " ".join(map(sentence_case, sentences))
    answer = entities[target[0]]
    if answer not in passage:  # a clause that begins with the value was capitalised
        answer = sentence_case(answer)
    asked_for = [f"{scene}/{target[0]}"]
    fits = {part: names == asked_for for part, names in meanings.items()}
    meanings |= {question: asked_for, question[0].lower() + question[1:]: asked_for}
    return ask_in_passage(rng, passage, question), answer, meanings, fits


# ---------------------------------------------------------------- summaries

SUMMARIZE = """
Summarize in one line.
Summarize this {noun} in one [line|sentence].
[Write|Give] a one-line summary [of this {noun}|].
Summarize the {noun} [briefly|in a few words|in one sentence].
TL;DR
[What is|What's] the [main point|gist] of this {noun}?
Sum up this {noun} [in one sentence|in one line|].
Give me a [short|one-sentence] summary [of the {noun}|].
Summarise [this {noun}|the {noun}|in one line].
Shorten this {noun} to one line.
In one sentence, what does the [sender|customer|writer] want?
Summary of this {noun} in one line.
""".strip().splitlines()
SUBJECT = """
Write a subject line for this {noun}.
[Suggest|Give me|Create] a subject line [for this {noun}|for the {noun}|].
What would be a good subject [line|] for this {noun}?
Write [an email|a] subject [for this {noun}|].
Write a [short|] title for this {noun}.
Subject line for this {noun}.
Give this {noun} a [title|subject|headline].
[Find|Make] a [short|good|] subject line.
Generate a [headline|subject line|title] [for this {noun}|].
What is a fitting subject line?
""".strip().splitlines()


def summarize_message(rng, split, subject):
    key = rng.choice(list(TOPICS))
    clauses, entities = topic_message(rng, split, key)
    text, signature = compose_message(rng, entities, clauses, split)
    if signature is None:
        if rng.random() < 0.4:
            start = rng.choice(["My name is {}.", "This is {}.", "I am {}."]).format(entities["sender"])
            text = start + " " + text
        else:
            entities.known["sender"] = "Sender"
    visible = {k: v for k, v in entities.known.items() if v in text}
    if "sender" not in visible or entities.known["sender"] == "Sender":
        visible["sender"] = "The sender"
    entities.known = visible
    template = TOPICS[key].subject if subject else TOPICS[key].summary
    answer = expand_known(template, rng, entities)
    patterns = SUBJECT if subject else SUMMARIZE
    held_out = split == "eval" and rng.random() < 0.5
    pattern = choose_alternatives(pick_for_split(patterns, rng, "eval" if held_out else "train"), rng)
    instruction = pattern.replace("{noun}", rng.choice(["message", "email", "text", "mail", "ticket", "e-mail"]))
    return lay_out(rng, re.sub(r" +([.?])", r"\1", instruction), text, "message", ("Subject",) if subject else ("Summary", "TL;DR")), answer


def expand_known(template, rng, entities):
    """A summary template with the entities of the message; parts with unknown ones are left out."""
    text = re.sub(r"<([^<>]*)>", lambda m: m.group(1) if all(s in entities.known for s in slots_of(m.group(1))) else "", template)
    if any(s not in entities.known for s in slots_of(text)):
        text = re.sub(r" ?\{\w+\}", lambda m: " " + entities.known.get(m.group(0).strip(" {}"), "someone"), text)
    return re.sub(r" {2,}", " ", expand(text, rng, entities)).strip()


# ---------------------------------------------------------------- copying, to form attention early

def copy_exercise(rng, split):
    """Small exercises that need nothing but looking up and copying."""
    entities = Entities(rng, split)
    kinds = rng.sample(["order", "invoice", "tracking", "email", "phone", "person", "company", "amount", "date", "city",
                        "product", "serial", "address", "version", "project"], rng.choice([1, 2, 3, 4]))
    values = [entities[k] for k in kinds]
    words = [made_up_word(rng) if rng.random() < 0.5 else rng.choice(TEAMS + DAYS) for _ in values]
    style = rng.random()
    index = rng.randrange(len(values))
    if style < 0.25:
        return f"{rng.choice(['Repeat', 'Copy', 'Write'])}: {values[index]}", values[index]
    if style < 0.55 and len(set(words)) == len(words):
        return " ".join(f"{w}: {v}" for w, v in zip(words, values)) + f"\n{rng.choice(['What is', 'Find', 'Give'])} {words[index]}?", values[index]
    if style < 0.8:
        return f"{rng.choice(['Find', 'Extract', 'What is'])} the {kinds[index]}: " + ", ".join(values), values[index]
    ends = rng.random() < 0.5
    return f"{'Last' if ends else 'First'} of: " + "; ".join(values), values[-1 if ends else 0]


TASKS = {
    "classify": [(classify_topic, 0.55), (classify_sentiment, 0.17), (classify_urgency, 0.15), (classify_yes_no, 0.13)],
    "extract": [(extract_field, 1.0)],
    "answer": [(answer_from_passage, 1.0)],
    "summarize": [(lambda r, s: summarize_message(r, s, False), 0.5), (lambda r, s: summarize_message(r, s, True), 0.5)],
    "copy": [(copy_exercise, 1.0)],
    "hint": [(name_topic, 0.5), (match_label, 0.5)],
}


def make_row(task, seed, split, makers=None):
    """One row of a task (of `makers`, if given): the same task, seed and split always give the same row.

    Training rows carry "meanings": what some parts of the prompt are about, by the names of topics, fields or facts; and
    "fits": which of these parts is what the row asks for (a label, the sentence with the answer).
    """
    rng = random.Random(f"{task}/{seed}/{split}")
    makers, weights = zip(*(makers or TASKS)[task])
    prompt, answer, *notes = rng.choices(makers, weights)[0](rng, split)
    row = {"task": task, "input": prompt, "output": answer, "source": "generated"}
    return row if split == "eval" else {**row, **{name: note for name, note in zip(("meanings", "fits"), notes) if note}}
