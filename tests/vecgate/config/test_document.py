"""A file is plain data that knows where it stands; every oddity is a finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vecgate.config.document import key_text, parse, read
from vecgate.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: 1", {"a": 1}),
        ("a: yes", {"a": "yes"}),
        ("a: 12:30", {"a": "12:30"}),
        ("a: =", {"a": "="}),
        ("a: 1.5e3", {"a": 1500.0}),
        ("a: !!str 5", {"a": "5"}),
        ("a: 2026-11-01T00:00:00Z", {"a": "2026-11-01T00:00:00Z"}),
        ("x: &a {b: 1}\ny: *a", {"x": {"b": 1}, "y": {"b": 1}}),
        ('{"a":\t[true,\n\t"\\ud83d\\ude00 \\/"]}', {"a": [True, "😀 /"]}),
        ("\ufeffa: 1", {"a": 1}),
        ("# nothing", None),
    ],
)
def test_a_file_is_read_by_the_rules_of_yaml_1_2(text: str, data: Any) -> None:
    assert parse(text, "f.yaml").data == data


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("a: 1\nb: 2\na: 3", "f.yaml:3:1: a: the key occurs twice"),
        ('{"a": {"b": 1, "b": 2}}', "f.yaml:1:16: a.b: the key occurs twice"),
        ("a:\n  - b:", "f.yaml:2:7: a[0].b: has no value: give it one or leave the key out"),
        ("a: ~", "f.yaml:1:4: a: has no value: give it one or leave the key out"),
        ("a: 0x1F", "f.yaml:1:4: a: write whole numbers in decimal digits"),
        ("a: .nan", "f.yaml:1:4: a: write numbers in decimal digits"),
        ("a: 1_000", "f.yaml:1:4: a: write whole numbers in decimal digits"),
        ("a: 9223372036854775808", "f.yaml:1:4: a: the number is out of range"),
        ("%YAML 1.1\n---\na: yes", "f.yaml:3:4: a: write true or false"),
        ("a: !env X", "f.yaml:1:4: a: the tag !env is not supported"),
        ("a: !!binary aaaa", "f.yaml:1:4: a: the tag !!binary is not supported"),
        ("a: !!set {b}", "f.yaml:1:4: a: the tag !!set is not supported"),
        ("<<: {a: 1}", "f.yaml:1:1: keys are plain text; merge keys are not supported"),
        ("? [a]\n: b", "f.yaml:1:3: keys are plain text; merge keys are not supported"),
        ("a: &x [*x]", "f.yaml:1:4: a[0]: nested more than 32 deep, or within itself"),
        ("[" * 5000, "f.yaml: nested more than 32 deep, or within itself"),
        ('a: "\\ud800"', "f.yaml:1:4: a: holds half of a surrogate pair"),
        ("a: [1\nb: 2", "f.yaml:2:2: not YAML: expected ',' or ']', but got ':'"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: not YAML: but found another document"),
        ("\x00", "f.yaml: not YAML: unacceptable character #x0000: special characters are not allowed"),
    ],
)
def test_an_oddity_is_a_finding_with_its_place(text: str, finding: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, "f.yaml")

    assert str(error.value) == finding


def test_all_oddities_are_reported_together_in_the_order_of_the_file() -> None:
    with pytest.raises(ConfigError) as error:
        parse("a: ~\nb: 0x1\na: 1", "f.yaml")

    assert [finding.line for finding in error.value.findings] == [1, 2, 3]


def test_what_is_no_file_or_no_text_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: \xe9\n")

    with pytest.raises(ConfigError, match=r"latin.yaml:2:1: is not UTF-8"):
        read(tmp_path / "latin.yaml")
    with pytest.raises(ConfigError, match=r"shown.yaml: cannot be read: No such file or directory"):
        read(tmp_path / "missing.yaml", "shown.yaml")


def test_a_place_is_that_of_the_value_or_its_key_or_the_nearest_thing_above() -> None:
    document = parse("a:\n  - b: text\n    c: [1, 2]\n", "f.yaml")

    assert document.locate(("a", 0, "c", 1)) == (3, 12)
    assert document.locate(("a", 0, "c"), at="key") == (3, 5)
    assert document.locate(("a", 0, "missing")) == (2, 5)
    assert document.locate(("a", 7)) == (2, 3)
    assert document.locate(()) == (1, 1)


def test_a_key_is_written_as_a_path() -> None:
    assert key_text(("policy", "grants", 0, "to", "groups", 1)) == "policy.grants[0].to.groups[1]"
