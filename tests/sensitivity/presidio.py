#!/usr/bin/env python3
"""Scores presidio-analyzer (pattern recognisers only, no model) on the open set, as `ambidex inspect eval` scores us.

    python3 -m venv venv && venv/bin/pip install presidio-analyzer
    python3 tests/sensitivity/generate.py > open.jsonl
    venv/bin/python tests/sensitivity/presidio.py open.jsonl [--all] [--threshold 0.4]

`--all` switches on every pattern recogniser that can be made without arguments, of all countries; without it, the
ones that Presidio loads for English by itself.
"""

import argparse
import inspect
import json
import time
from collections import Counter
from pathlib import Path

import presidio_analyzer.predefined_recognizers as predefined
import spacy
from presidio_analyzer import AnalyzerEngine, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from spacy.language import Language

LEVELS = ["public", "internal", "confidential", "restricted"]
INTERNAL = {"DATE_TIME", "URL", "IP_ADDRESS", "MAC_ADDRESS", "UUID", "NRP", "LOCATION", "PERSON", "ORGANIZATION"}
CONFIDENTIAL = {"EMAIL_ADDRESS", "PHONE_NUMBER", "CRYPTO", "MEDICAL_LICENSE", "ABA_ROUTING_NUMBER", "US_NPI"}


@Language.component("lemmas")
def lemmas(doc):
    """Words stand for their lemmas, so that Presidio's context words work without a model."""
    for token in doc:
        token.lemma_ = token.text.lower()
    return doc


class Blank(SpacyNlpEngine):
    def __init__(self):
        super().__init__()
        nlp = spacy.blank("en")
        nlp.add_pipe("lemmas")
        self.nlp = {"en": nlp}


def every_recognizer():
    for name, kind in vars(predefined).items():
        if inspect.isclass(kind) and issubclass(kind, PatternRecognizer) and kind is not PatternRecognizer:
            try:
                recognizer = kind()
            except Exception:
                continue
            recognizer.supported_language = "en"
            yield recognizer


def level(entity):
    return "internal" if entity in INTERNAL else "confidential" if entity in CONFIDENTIAL else "restricted"


def texts(case):
    if "text" in case:
        return [case["text"]]
    found = []

    def walk(value):
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            [walk(inner) for inner in value.values()]
        elif isinstance(value, list):
            [walk(inner) for inner in value]
    walk(case["messages"])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--threshold", type=float, default=0.4)
    options = parser.parse_args()
    registry = RecognizerRegistry(supported_languages=["en"])
    if options.all:
        for recognizer in every_recognizer():
            registry.add_recognizer(recognizer)
    else:
        registry.load_predefined_recognizers(languages=["en"])
        registry.recognizers = [r for r in registry.recognizers if isinstance(r, PatternRecognizer) or "Pattern" in type(r).__name__ or type(r).__name__ == "PhoneRecognizer"]
    engine = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"])
    counts, size, spent = Counter(), 0, 0.0
    for line in options.file.open():
        case = json.loads(line)
        began = time.process_time()
        got = "internal"
        for text in texts(case):
            size += len(text.encode())
            for result in engine.analyze(text, language="en", score_threshold=options.threshold):
                got = max(got, level(result.entity_type), key=LEVELS.index)
        spent += time.process_time() - began
        must, out = (LEVELS.index(value) >= 2 for value in (case["level"], got))
        counts["sensitive" if must else "harmless"] += 1
        counts["let out"] += must and not out
        counts["blocked wrongly"] += out and not must
    print(f"{len(registry.recognizers)} recognisers, threshold {options.threshold}")
    print(f"let out {counts['let out']} of {counts['sensitive']} ({100 * counts['let out'] / counts['sensitive']:.1f} %)")
    print(f"blocked wrongly {counts['blocked wrongly']} of {counts['harmless']} ({100 * counts['blocked wrongly'] / counts['harmless']:.1f} %)")
    print(f"{1000 * spent / (size / 1000):.2f} ms per KB of CPU time")


if __name__ == "__main__":
    main()
