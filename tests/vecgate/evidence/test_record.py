from __future__ import annotations

import hashlib

import msgspec
import pytest
import rfc8785

from vecgate.evidence.canonical import NotCanonical
from vecgate.evidence.record import GENESIS, Record, hash_holds, parse, seal, timestamp


def record(**facts: object) -> Record:
    return Record(
        chain="w0", kind="note", seq=1, prev=GENESIS, time=timestamp(0), mono=1, exchange="", session="", facts=facts
    )


def test_a_second_implementation_computes_the_same_hash() -> None:
    made = record(text="Größe\u2028\x07", list=[1, None, True])
    line = seal(made)
    plain = msgspec.json.decode(line)
    claimed = plain.pop("hash")
    assert hashlib.sha256(rfc8785.dumps(plain)).hexdigest() == claimed
    assert rfc8785.dumps(plain | {"hash": claimed}) + b"\n" == line


@pytest.mark.parametrize(
    "facts", [{"a": 1}, {"kind": "x", "z": {"kind": "y"}}, {"text": ',"kind":"', "z": '","kind":"'}]
)
def test_a_sealed_line_parses_to_a_record_with_its_hash(facts: dict[str, object]) -> None:
    made = record(**facts)
    parsed = parse(seal(made))
    assert hash_holds(parsed)
    assert (parsed.facts, parsed.hash) == (facts, made.hash)


@pytest.mark.parametrize(
    ("found", "written"),
    [
        (b'"kind":"note"', b'"kind": "note"'),
        (b'"kind":"note"', b'"kind":"n\\u006fte"'),
        (b'"kind":"note"', b'"kind":"x","kind":"note"'),
        (b'"mono":1', b'"mono":1.0'),
        (b'"mono":1', b'"mono":9007199254740993'),
        (b'"facts":{}', b'"facts":{"a":1.5}'),
        (b'"facts":{}', b'"facts":{"b":1,"a":1}'),
        (b'"facts":{}', b'"facts":' + b"[" * 100_000),
        (b'"facts":{}', b'"facts":{},"more":1'),
        (b"\n", b""),
        (b"\n", b"\r\n"),
        (b"note", b"n\xffte"),
    ],
)
def test_any_other_spelling_is_not_canonical(found: bytes, written: bytes) -> None:
    line = seal(record())
    assert found in line
    with pytest.raises(NotCanonical):
        parse(line.replace(found, written))


def test_times_always_have_microseconds() -> None:
    assert timestamp(1_795_442_400_000_001_999) == "2026-11-23T14:00:00.000001Z"
    assert timestamp(0) == "1970-01-01T00:00:00.000000Z"
