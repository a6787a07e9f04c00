from __future__ import annotations

import dataclasses
import itertools
import json  # noqa: TID251 - reads what the masks wrote, with another parser
from typing import Any

import pytest

from vecgate.config.models import MaskRule
from vecgate.errors import Unmaskable
from vecgate.masking.masker import Masker
from vecgate.masking.maskset import MaskSet
from vecgate.masking.strategies import DROPPED, REDACTED, FieldStrategy, Where


class Initials(FieldStrategy):
    strictness = 40
    spec = "initials"

    def __call__(self, value: Any, where: Where) -> Any:
        return DROPPED if value == "" else "".join(word[0] for word in value.split())


MASKER = Masker(b"k" * 32, {"initials": Initials()})


def rules(*fields: dict[str, str], vectors: str | None = None, scores: str | None = None) -> list[MaskRule]:
    rest = [MaskRule(name=f"fields {number}", fields=given) for number, given in enumerate(fields)]
    return [MaskRule(name="vectors", vectors=vectors, scores=scores), *rest]


def masks(*fields: dict[str, str], **rest: Any) -> MaskSet:
    return MaskSet.combine(rules(*fields, **rest), vectors_open=True, masker=MASKER)


def shown(fields: dict[str, str], payload: dict[str, Any]) -> dict[str, Any]:
    """Alone, and among an answer's records."""
    alone, masked = masks(fields).payload(payload)
    assert masks(fields).payloads([payload, None, payload]) == ([alone, None, alone], masked)
    return alone


# What a payload becomes


def test_equal_texts_of_one_answer_come_out_equal_in_their_field_and_in_no_other() -> None:
    rows, _ = masks({"mail": "hash", "other": "hash"}).payloads([{"mail": "a@b", "other": "a@b"}, {"mail": "a@b"}])
    assert rows[0] is not None
    assert rows[1] is not None
    assert rows[0]["mail"] == rows[1]["mail"] != rows[0]["other"]


def test_a_strategy_that_is_not_steady_is_asked_for_every_value() -> None:
    class Counted(FieldStrategy):
        strictness = 40
        spec = "counted"

        def __init__(self) -> None:
            self.calls = 0

        def __call__(self, value: Any, where: Where) -> Any:
            self.calls += 1
            return f"value {self.calls}"

    masker = Masker(b"k" * 32, {"counted": Counted()})
    mask = MaskSet.combine(rules({"mail": "counted"}), vectors_open=True, masker=masker)
    rows, _ = mask.payloads([{"mail": "a@b"}, {"mail": "a@b"}])
    assert rows == [{"mail": "value 1"}, {"mail": "value 2"}]


@pytest.mark.parametrize(
    ("fields", "payload", "expected"),
    [
        ({"ssn": "redact"}, {"ssn": "1", "title": "t"}, {"ssn": REDACTED, "title": "t"}),
        ({"ssn": "drop"}, {"ssn": "1", "title": "t"}, {"title": "t"}),
        ({"ssn": "drop"}, {"user": {"ssn": "1", "n": 1}}, {"user": {"n": 1}}),
        ({"ssn": "drop"}, {"users": [{"ssn": "1"}, {"n": [[{"ssn": "2"}]]}]}, {"users": [{}, {"n": [[{}]]}]}),
        ({"ssn": "drop"}, {"user.ssn": "1", "users[0].ssn": "2", '"ssn"': "3", "['ssn']": 4, "ssn ": 5}, {}),
        ({"ssn": "drop"}, {"SSN": "1", "ssns": "2"}, {"SSN": "1", "ssns": "2"}),
        ({"größe": "drop"}, {"gro\u0308ße": 1}, {}),
        ({"gro\u0308ße": "drop"}, {"größe": 1, "x": '{"größe": 1}'}, {"x": "{}"}),
        ({"address": "redact"}, {"address": {"city": "B"}}, {"address": REDACTED}),
        ({"address": "redact"}, {"address.city": "B"}, {"address.city": REDACTED}),
        ({"address.*": "drop"}, {"address": {"city": "B", "geo": {"lat": 1}}}, {"address": {}}),
        ({"address.*": "drop"}, {"address": "plain"}, {"address": "plain"}),
        ({"address.city": "drop"}, {"address": {"city": "B", "zip": 1}}, {"address": {"zip": 1}}),
        ({"address.city": "drop"}, {"address.city": "B", "city": "C"}, {"city": "C"}),
        ({"address.city": "drop"}, {"home": {"address": {"city": "B"}}}, {"home": {"address": {"city": "B"}}}),
        ({"**.address.city": "drop"}, {"home": {"address": {"city": "B"}}}, {"home": {"address": {}}}),
        ({"address.city": "drop"}, {"address": [{"city": "B"}, [{"city": "C"}]]}, {"address": [{}, [{}]]}),
        ({"address.*.city": "drop"}, {"address": [{"city": "B"}]}, {"address": [{}]}),
        ({"address.0.city": "drop"}, {"address": [{"city": "B"}]}, {"address": [{}]}),
        ({"history.*.pay": "drop"}, {"history": {"2024": {"pay": 1}}}, {"history": {"2024": {}}}),
        ({"history.2024": "drop"}, {"history": {"2024": 1, "2025": 2}}, {"history": {"2025": 2}}),
        ({"a.**.z": "drop"}, {"a": {"z": 1, "b": {"c": {"z": 2}}}}, {"a": {"b": {"c": {}}}}),
        ({"addr*": "drop"}, {"address": 1, "addr": 2, "x": {"addr_1": 3}}, {"x": {}}),
        ({"a.b*c": "drop"}, {"a": {"bc": 1, "b-c": 2, "bcd": 3}}, {"a": {"bcd": 3}}),
        ({"a.b?c": "drop"}, {"a": {"b?c": 1, "bxc": 2}}, {"a": {"bxc": 2}}),
        ({"**": "redact"}, {"a": {"b": 1}, "c": None}, {"a": REDACTED, "c": REDACTED}),
        ({"*": "drop"}, {"a": {"b": 1}, "": 2}, {"": 2}),
        ({"$meta['ssn']": "drop"}, {"ssn": 1}, {}),
        ({"address.city": "drop"}, {"$meta": {"address": {"city": "B"}}}, {"$meta": {"address": {}}}),
        ({"a.*.b": "drop"}, {"a": {"$": {"b": 1}}}, {"a": {"$": {}}}),
        ({"emails": "partial:email"}, {"emails": ["bob@x.org", "ann@x.org"]}, {"emails": ["b***@x.org", "a***@x.org"]}),
        ({"who": "initials"}, {"who": ["Ada Lovelace", "", "Alan Turing"]}, {"who": ["AL", "AT"]}),
        ({"who": "initials"}, {"who": {"name": "Ada"}}, {"who": REDACTED}),
        ({"who": "initials"}, {"who": '{"name":"Ada"}'}, {"who": REDACTED}),
        ({"ssn": "redact"}, {"ssn": None}, {"ssn": REDACTED}),
        ({"n": "drop"}, {"big": 2**63 - 1, "f": 1.5, "t": True, "z": None, "l": [1, "a"]}, None),
    ],
)
def test_payload(fields: dict[str, str], payload: dict[str, Any], expected: dict[str, Any] | None) -> None:
    assert shown(fields, payload) == (payload if expected is None else expected)


@pytest.mark.parametrize(
    "text",
    [
        '{"ssn":"123-45"}',
        '  \n{"user":{"ssn":"123-45"}}',
        '[{"ssn":"123-45"}]',
        '{"s\\u0073n":"123-45"}',
        '\ufeff{"ssn":"123-45"}',
        '{"ssn":"123-45","ssn":"123-45"}',
        '{"a":{"ssn":"123-45"},"a":2}',
        '{"a":"{\\"ssn\\":\\"123-45\\"}"}',
        '"{\\"ssn\\":\\"123-45\\"}"',
        '{"ssn":"123-45"}\n{"ssn":"123-45"}',
        '{"ssn":"123-45"',
        "{'ssn':'123-45'}",
        "{ssn: 123-45}",
        '{"s\\u0073n":"123-45"',
        '{"ssn":NaN, "other":"123-45"}',
        "[" * 70 + '{"ssn":"123-45"}' + "]" * 70,
        "[" * 100_000 + '{"ssn":"123-45"}',
    ],
)
@pytest.mark.parametrize("place", ["payload", "document"])
def test_a_field_is_masked_inside_a_text_that_is_itself_json(text: str, place: str) -> None:
    found = masks({"ssn": "redact"})
    seen = found.payload({"note": text})[0]["note"] if place == "payload" else found.text("#document", text)
    assert "123-45" not in str(seen)


def test_the_rest_of_a_json_text_stays() -> None:
    text = '{"id": 9223372036854775807, "ssn": "1", "x": [1.5, null, true, "ß"]}'
    seen = json.loads(shown({"ssn": "drop"}, {"note": text})["note"])
    assert seen == {"id": 9223372036854775807, "x": [1.5, None, True, "ß"]}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1.10, "b":  2}',
        "[Music] my ssn is secret",
        '"ssn" she said',
        "ssn: in prose",
        "{broken",
        "",
        " ",
        "plain",
    ],
)
def test_a_text_without_a_masked_member_stays_byte_for_byte(text: str) -> None:
    found = masks({"ssn": "redact"})
    assert found.payload({"note": text}) == ({"note": text}, frozenset())
    assert found.text("#document", text) == text


def test_a_field_that_is_masked_by_path_is_masked_in_the_text_at_its_parent() -> None:
    assert shown({"address.*": "redact"}, {"address": '{"city":"B"}'}) == {"address": f'{{"city":"{REDACTED}"}}'}


def test_the_names_of_masked_fields_are_reported() -> None:
    payload = {"user": {"ssn": 1}, "users": [{"ssn": 1}, {"ssn": 2}], "meta": '{"ssn":1}', "email": "e", "title": "t"}
    assert masks({"ssn": "drop", "email": "hash"}).payload(payload)[1] == {"user.ssn", "users.ssn", "meta.ssn", "email"}


def test_the_payload_given_is_not_changed() -> None:
    payload = {"ssn": 1, "user": {"ssn": 2}, "l": [{"ssn": 3}]}
    before = json.dumps(payload)
    masks({"ssn": "redact"}).payload(payload)
    assert json.dumps(payload) == before


@pytest.mark.parametrize("value", [object(), b"raw", {1: 2}, {"x": {1: 2}}, {"x": [b"raw"]}, {1, 2}])
def test_a_payload_that_is_not_understood_is_withheld(value: Any) -> None:
    with pytest.raises(Unmaskable):
        masks({"ssn": "drop"}).payload({"field": value})


def test_a_payload_nested_too_deeply_is_withheld() -> None:
    deep: Any = {"ssn": 1}
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(Unmaskable, match="too deeply"):
        masks({"ssn": "drop"}).payload({"deep": deep})


def test_a_strategy_that_fails_withholds_the_answer_without_its_value() -> None:
    with pytest.raises(Unmaskable) as raised:
        masks({"who": "initials"}).payload({"who": 5})
    assert "5" not in str(raised.value)


# Texts outside the payload


@pytest.mark.parametrize(("spec", "expected"), [("drop", None), ("redact", REDACTED), ("partial:first3", "the***")])
def test_the_document_is_masked_by_its_own_name(spec: str, expected: str | None) -> None:
    found = masks({"#document": spec})
    assert found.text("#document", "the text") == expected
    assert found.text("#uri", "file:x") == "file:x"
    assert found.payload({"document": "d"}) == ({"document": "d"}, frozenset())


@pytest.mark.parametrize("pattern", ["*", "**"])
def test_a_pattern_for_everything_is_for_the_document_too(pattern: str) -> None:
    assert masks({pattern: "redact"}).text("#document", "the text") == REDACTED


# Vectors and scores


def test_closed_drops_vectors_and_ranks_scores() -> None:
    closed = MaskSet.closed()
    assert closed.hides_vectors
    assert not closed.fetches_vectors
    assert closed.vector([1.0]) is None
    assert closed.scores([0.9, 0.8]) == [0.0, 1.0]
    assert closed.payload({"a": 1}) == ({"a": 1}, frozenset())
    assert closed is MaskSet.combine([], vectors_open=False, masker=MASKER)


def test_open_vectors_pass_with_their_scores() -> None:
    opened = MaskSet.combine([], vectors_open=True, masker=MASKER)
    assert not opened.hides_vectors
    assert opened.fetches_vectors
    assert opened.vector((1.0, 2.0)) == [1.0, 2.0]
    assert opened.scores([0.9]) == [0.9]


@pytest.mark.parametrize(
    ("given", "vectors_open", "vectors", "scores"),
    [
        ([], False, "drop", "rank"),
        ([], True, "open", "keep"),
        ([("zero", None)], False, "zero", "rank"),
        ([("zero", None)], True, "zero", "rank"),
        ([("round:2", "keep"), ("zero", None)], True, "zero", "keep"),
        ([("round:2", "keep"), ("drop", "round:1")], True, "drop", "round:1"),
        ([(None, "round:3")], True, "open", "round:3"),
        ([(None, "keep")], False, "drop", "keep"),
        ([(None, "drop"), ("drop", "rank")], False, "drop", "drop"),
    ],
)
def test_the_strictest_rule_decides_in_any_order(
    given: list[tuple[str | None, str | None]], vectors_open: bool, vectors: str, scores: str
) -> None:
    named = [MaskRule(name=str(number), vectors=v, scores=s) for number, (v, s) in enumerate(given)]
    for order in itertools.permutations(named):
        found = MaskSet.combine(order, vectors_open=vectors_open, masker=MASKER).describe()
        assert found == {"vectors": vectors, "scores": scores, "fields": {}}


# Several rules


@pytest.mark.parametrize(
    ("given", "path", "spec"),
    [
        ([{"ssn": "hash"}, {"ssn": "drop"}], "ssn", "drop"),
        ([{"ssn": "hash"}, {"*": "redact"}], "ssn", "redact"),
        ([{"address": "hash"}, {"address.city": "drop"}], "address.city", "drop"),
        ([{"address": "hash"}, {"address.city": "drop"}], "address.zip", "hash"),
        ([{"card": "partial:last4"}, {"card": "partial:first1"}], "card", "redact"),
        ([{"card": "partial:last4"}, {"ca*": "partial:first1"}], "card", "redact"),
        ([{"card": "partial:last4"}, {"card": "initials"}], "card", "initials"),
        ([{"card": "partial:last4"}], "other", None),
    ],
)
def test_of_several_masks_on_a_field_the_strictest_wins(
    given: list[dict[str, str]], path: str, spec: str | None
) -> None:
    for order in itertools.permutations(given):
        assert masks(*order).strategy(path) == spec


def test_equal_sets_are_one_object_whatever_the_rules_are_called() -> None:
    one = MaskSet.combine([MaskRule(name="a", fields={"x": "hash", "y": "drop"})], vectors_open=True, masker=MASKER)
    other = [MaskRule(name="b", fields={"y": "drop"}), MaskRule(name="c", fields={"x": "hash"})]
    assert MaskSet.combine(other, vectors_open=True, masker=MASKER) is one
    assert len({one, MaskSet.closed()}) == 2


def test_a_set_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        MaskSet.closed().vectors = None  # type: ignore[misc]  # the point of the test


def test_tokens_are_the_domains_own_and_join_within_it() -> None:
    given = rules({"email": "hash"})
    acme, same, other = (
        MaskSet.combine(given, vectors_open=True, masker=MASKER, domain=domain) for domain in ("acme", "acme", "globex")
    )
    payload = {"email": "bob@x.org"}
    assert acme.payload(payload) == same.payload(payload)
    assert acme.payload(payload) != other.payload(payload)


@pytest.mark.parametrize("fields", [{"ssn": "scramble"}, {"": "drop"}, {".": "drop"}])
def test_a_rule_that_cannot_be_understood_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="write"):
        masks(fields)


# Copies between resources


@pytest.mark.parametrize(
    ("there", "here", "enough"),
    [
        ({}, {}, True),
        ({"ssn": "drop"}, {"ssn": "redact"}, True),
        ({"ssn": "redact"}, {"ssn": "drop"}, False),
        ({}, {"ssn": "drop"}, False),
        ({"ssn": "drop"}, {}, True),
        ({"address": "drop"}, {"address.city": "drop"}, True),
        ({"address": "drop"}, {"address.*": "drop"}, True),
        ({"address.*": "drop"}, {"address.*": "drop"}, True),
        ({"address.*": "drop"}, {"address": "drop"}, False),
        ({"address.*": "drop"}, {"address.c*": "drop"}, True),
        ({"address.c*": "drop"}, {"address.*": "drop"}, False),
        ({"address.city": "drop"}, {"address.*": "drop"}, False),
        ({"ssn": "drop"}, {"user.ssn": "drop"}, True),
        ({"user.ssn": "drop"}, {"ssn": "drop"}, False),
        ({"ssn": "drop"}, {"user.**.ssn": "drop"}, True),
        ({"user.*.ssn": "drop"}, {"user.**.ssn": "drop"}, False),
        ({"**": "drop"}, {"a.**.b": "hash", "#document": "redact"}, True),
        ({"card": "partial:last4"}, {"card": "partial:first1"}, False),
        ({"card": "partial:last2"}, {"card": "partial:last4"}, True),
    ],
)
def test_a_copy_needs_masks_at_least_as_strict(there: dict[str, str], here: dict[str, str], enough: bool) -> None:
    assert masks(there).at_least(masks(here)) is enough


@pytest.mark.parametrize(
    ("there", "here", "enough"),
    [
        (("drop", None), ("zero", None), True),
        (("zero", None), ("drop", None), False),
        ((None, None), ("round:2", None), False),
        (("round:2", None), (None, None), True),
        (("drop", "keep"), ("drop", "rank"), False),
        (("drop", "drop"), ("drop", "rank"), True),
    ],
)
def test_a_copy_needs_vectors_and_scores_at_least_as_strict(
    there: tuple[str | None, str | None], here: tuple[str | None, str | None], enough: bool
) -> None:
    one, other = (masks(vectors=vectors, scores=scores) for vectors, scores in (there, here))
    assert one.at_least(other) is enough


# What somebody may have written into the database to keep the gateway busy: quadratic work would take hours


MANY = 500_000


@pytest.mark.parametrize(
    "text",
    [
        "{" + "word " * MANY,
        "{ssn" + '"' * MANY,
        "{ssn" + " " * MANY,
        "{" + "ssn'" * MANY,
        "{" + "ab" * MANY,
        '"' * MANY,
        "[" * MANY,
        "\\u" * MANY,
    ],
    ids=lambda text: text[:8],
)
def test_a_hostile_text_is_read_once(text: str) -> None:
    found = masks({"ssn": "redact", "a*b*c": "drop", "other.*": "drop"})
    assert len(found.payload({"note": text})[0]["note"]) <= len(text)


@pytest.mark.parametrize(
    "name",
    ["ab" * MANY, "[" + " " * MANY, "[ " * MANY, "[1" * MANY, '"' * MANY, "a[0]" * 60 + "b" * MANY],
    ids=lambda name: name[:8],
)
def test_a_hostile_name_is_read_once(name: str) -> None:
    found = masks({"ssn": "redact", "a*b*c*d*e": "drop"})
    try:
        assert len(found.payload({name: 1})[0]) <= 1
    except Unmaskable:
        assert name.count("[") > 64


def test_a_name_of_more_than_64_parts_withholds_the_answer_and_counts_as_used() -> None:
    found = masks({"ssn": "redact"})
    with pytest.raises(Unmaskable, match="too deeply"):
        found.payload({"a." * 100_000: 1})
    assert found.used(["a." * 100_000])


@pytest.mark.parametrize("strategy", ["drop", "redact", "hash", "partial:first1", "initials"])
@pytest.mark.parametrize("field", ["#document", "ssn", "#uri"])
def test_a_column_of_texts_is_masked_like_each_of_them(field: str, strategy: str) -> None:
    column = ["plain text", '{"ssn": "1"}', ' \t["x"]', "", None, '"ssn"']
    for path in ("#document", "#uri"):
        mask = masks({field: strategy})
        assert mask.texts(path, column) == [None if text is None else mask.text(path, text) for text in column]
    assert masks().texts("#document", column) == column


@pytest.mark.parametrize(
    "values", [["plain", 1, 2.5, True, None], ["plain", '{"ssn": "1"}'], [["list"]], [" blank"], []]
)
@pytest.mark.parametrize("name", ["ssn", "city", "nested.ssn"])
def test_what_is_said_to_be_shown_stays_as_it_is(name: str, values: list[Any]) -> None:
    mask = masks({"ssn": "redact"})
    rows, masked = mask.payloads([{name: value} for value in values])
    if mask.shows(name, values):
        assert (rows, masked) == ([{name: value} for value in values], frozenset())
    assert masks().shows(name, values)
    assert not mask.shows("ssn", values)
    assert mask.shows("city", ["plain", 1])
