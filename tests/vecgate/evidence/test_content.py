from __future__ import annotations

import hashlib
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from tests.support.evidence import article

from vecgate.evidence.content import QUERIES, Cipher, Unreadable, bound_to, plaintext

BINDING = bound_to("evidence", "w0-000001", "e1", "outcome")


def test_only_the_key_and_the_record_it_was_made_for_open_a_frame() -> None:
    cipher = Cipher(bytes(32))
    frame = cipher.seal(b"what was asked", BINDING)
    assert cipher.open(frame, BINDING) == b"what was asked"
    for other in (
        (Cipher(b"\x01" * 32), frame, BINDING),
        (cipher, frame, bound_to("evidence", "w0-000001", "e2", "outcome")),
        (cipher, frame, bound_to("another", "w0-000001", "e1", "outcome")),
        (cipher, frame[:-1], BINDING),
        (cipher, b"", BINDING),
    ):
        with pytest.raises(Unreadable):
            other[0].open(other[1], other[2])


def test_the_same_text_never_has_the_same_plaintext() -> None:
    assert plaintext({"queries": []}) != plaintext({"queries": []})


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"score": 0.25}, {"score": 0.25}),
        ({"nan": float("nan")}, {"nan": None}),
        ({"half": "\ud83d"}, {"half": "\\ud83d"}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (object(), "<object>"),
        ({"Größe": 2**60}, {"Größe": 2**60}),
    ],
)
def test_whatever_an_answer_holds_can_be_kept(value: Any, kept: Any) -> None:
    assert msgspec.json.decode(plaintext({"value": value}))["value"] == kept


def test_records_keep_their_names() -> None:
    (kept,) = msgspec.json.decode(plaintext({"records": (article(1),)}))["records"]
    assert (kept["id"], kept["payload"]["team"]) == ("article-001", "platform")


def test_queries_beyond_their_bound_leave_size_and_digest() -> None:
    queries = [{"operation": "get", "where": {"a": "x" * QUERIES}}]
    kept = msgspec.json.decode(plaintext({"queries": queries, "records": [1]}))
    asked = msgspec.json.encode(queries, order="sorted")
    cut = {"operation": "get", "cut": len(asked), "sha256": hashlib.sha256(asked).hexdigest()}
    assert (kept["queries"], kept["records"]) == ([cut], [1])


def test_records_are_kept_whatever_their_size() -> None:
    kept = msgspec.json.decode(plaintext({"queries": [{"operation": "get"}], "records": ["x" * QUERIES]}))
    assert (kept["queries"], len(kept["records"][0])) == ([{"operation": "get"}], QUERIES)
