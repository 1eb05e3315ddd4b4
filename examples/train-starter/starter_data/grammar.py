"""A very small text grammar: alternatives, entity slots and optional parts.

    [a|b|c]     one of the alternatives (nesting is allowed)
    {order}     an entity of that kind; the same name gives the same value within one message
    <for {x}>   kept only if every entity in it is already known (used by summaries)
"""

import functools
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


def expansions(pattern):
    """Every text that `choose_alternatives` can make of a pattern."""
    found = _ALTERNATIVE.search(pattern)
    if not found:
        return {pattern}
    return set().union(*(expansions(pattern[:found.start()] + choice + pattern[found.end():]) for choice in found.group(1).split("|")))


def held_out_items(items, every):
    """Every n-th pattern; the last one of a short list."""
    return items[every - 1::every] if len(items) >= every else items[-1:]


@functools.cache
def texts_of_splits(items, every):
    """What the training patterns of a list can become, and what the held-out ones can, without what both can."""
    held_out = set().union(*(expansions(item) for item in held_out_items(items, every)))
    training = set().union(*(expansions(item) for item in items if item not in held_out_items(items, every)))
    return training - held_out or held_out, held_out - training


def pick_for_split(items, rng, split, every=5):
    """Draws a pattern from the part of a list that belongs to a split, with its alternatives chosen.

    Every n-th pattern is held out for "eval". What a training pattern and a held-out one have in common is drawn for
    neither, so that no sentence of the held-out rows occurs in training. A list of one pattern serves both.
    """
    items = tuple(items)
    training, held_out = texts_of_splits(items, every)
    patterns = held_out_items(items, every)
    wanted = held_out if split == "eval" else training
    while True:
        item = rng.choice(items)
        if (item in patterns) == (split == "eval") or len(items) == 1:
            text = choose_alternatives(item, rng)
            if text in wanted:
                return text
