"""A very small text grammar: alternatives, entity slots and optional parts.

    [a|b|c]     one of the alternatives (nesting is allowed)
    {order}     an entity of that kind; the same name gives the same value within one message
    <for {x}>   kept only if every entity in it is already known (used by summaries)
"""

import re

_ALTERNATIVE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_OPTIONAL = re.compile(r"<([^<>]*)>")


def choose_alternatives(pattern, rng):
    """Replaces every [a|b] by one of its alternatives, innermost first."""
    while True:
        text = _ALTERNATIVE.sub(lambda m: rng.choice(m.group(1).split("|")), pattern)
        if text == pattern:
            return text
        pattern = text


def slots_of(pattern):
    """The names of the entity slots in a pattern."""
    return _SLOT.findall(pattern)


def expand(pattern, rng, entities):
    """Expands a pattern; entities it needs are drawn from `entities` and remembered there."""
    text = choose_alternatives(pattern, rng)
    text = _OPTIONAL.sub(
        lambda m: m.group(1) if all(s in entities.known for s in _SLOT.findall(m.group(1))) else "", text
    )
    text = _SLOT.sub(lambda m: entities[m.group(1)], text)
    text = re.sub(r" {2,}", " ", text).strip()
    text = re.sub(r" ([.,?!])(?= |$)", r"\1", text)
    return re.sub(r"\b([Aa]) (?=[aeiouAEIOU][a-z])", r"\1n ", text)


def pick_for_split(items, rng, split, every=5):
    """Draws from the part of a list that belongs to a split: every n-th item is held out for "eval"."""
    held_out = rng.randrange(len(items) // every) * every + every - 1 if len(items) >= every else None
    if split == "eval":
        return items[held_out if held_out is not None else -1]
    while True:
        index = rng.randrange(len(items))
        if index % every != every - 1 and not (held_out is None and index == len(items) - 1 and len(items) > 1):
            return items[index]
