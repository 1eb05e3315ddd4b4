"""The JSON Schema of the policy language, against an independent validator."""

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from gateway import BINARY

ROOT = Path(__file__).resolve().parents[2]


def schema(*arguments):
    told = subprocess.run([BINARY, "policy", "schema", *arguments], capture_output=True, check=True)
    return json.loads(told.stdout)


def validator(*arguments):
    language = schema(*arguments)
    jsonschema.Draft202012Validator.check_schema(language)
    return jsonschema.Draft202012Validator(language)


def policies():
    return sorted((ROOT / "policies").glob("*.yaml")) + sorted((ROOT / "tests/policy").glob("*.yaml"))


@pytest.mark.parametrize("file", policies(), ids=lambda file: file.name)
def test_every_policy_of_ours_is_valid(file):
    is_suite = file.stem.endswith("_test")
    checked = validator(*(["--tests"] if is_suite else []))
    errors = list(checked.iter_errors(yaml.safe_load(file.read_text())))
    assert not errors, errors[0]


GOOD = """
version: 1
name: p
limits:
  - { id: stay, why: it must, when: { data.sensitivity: { at_least: restricted } }, allow_zones: on-host }
routes:
  - { id: rest, when: { not: { any: [ { tokens.input: { above: 5 } }, { cel: 'lang == "en"' } ] } }, use: [local] }
tests:
  - { name: it, given: { budget.b.used: 100%, target.local.unable: down }, expect: { refuse: true } }
"""


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("version: 1", "version: 2"),
        ("name: p", "name: a b"),
        ("limits:", "limit:"),
        ("why: it must, ", ""),
        (", allow_zones: on-host", ""),
        ("data.sensitivity", "data.sensitivty"),
        ("at_least: restricted", "at_least: restrictd"),
        ("at_least: restricted", "atleast: restricted"),
        ("{ at_least: restricted }", "restricted"),
        ("above: 5", "above: 5.5"),
        ("above: 5", "in: [5]"),
        ("not: {", "nor: {"),
        ("use: [local]", "use: []"),
        ("use: [local]", "use: [local, local]"),
        ("use: [local]", "use: [local], verify: { of: local }"),
        ("budget.b.used: 100%", "budget.b.used: 100"),
        ("unable: down", "unable: dwn"),
        ("{ refuse: true }", "{ because: [stay] }"),
    ],
)
def test_known_mistakes_are_refused(right, wrong):
    checked = validator()
    assert checked.is_valid(yaml.safe_load(GOOD))
    assert right in GOOD
    assert not checked.is_valid(yaml.safe_load(GOOD.replace(right, wrong, 1)))
