from __future__ import annotations

import math
import struct
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecgate.errors import Refusal
from vecgate.operations.document import DEPTH, Number, Numbers, dump, parse, plain
from vecgate.reasons import Reason

LONG = b"[" + b", ".join(b"0.123456789" for _ in range(40)) + b"]"
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10)
    | st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=20, max_size=60),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=6), inner, max_size=5),
    max_leaves=20,
)


TEXT = LONG.decode()
SPELLINGS = st.recursive(
    st.sampled_from(["0e0", "0.0", "1.10", "-0", "1e400", "NaN", "1" * 401, "null", '"0e0"', '"\\u0030e0"', "[1,0e0]"])
    | st.sampled_from([TEXT, TEXT.replace(", ", ","), f'"{TEXT}"', f'"\\\\{TEXT}', f'"\\"{TEXT}"', TEXT[:-1] + ",0e0]"])
    | st.floats().map(str)
    | st.integers(-(2**70), 2**70).map(str),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(st.sampled_from("ab"), inner), max_size=3).map(
            lambda items: "{" + ",".join(f'"{name}":{item}' for name, item in items) + "}"
        )
    ),
    max_leaves=8,
)


def outcome(body: bytes) -> tuple[str, bytes] | Reason:
    """What came of it, types and digits included."""
    try:
        document = parse(body)
    except Refusal as refusal:
        return refusal.reason
    return repr(document), dump(document)


def reason(body: bytes) -> Reason:
    with pytest.raises(Refusal) as caught:
        parse(body)
    return caught.value.reason


@given(DOCUMENTS)
def test_what_is_parsed_is_what_is_sent(document: Any) -> None:
    body = msgspec.json.encode(document)
    parsed = parse(body)
    assert plain(parsed) == document
    assert dump(parsed) == body
    assert parse(dump(parsed)) == parsed


@given(SPELLINGS)
def test_a_document_reads_the_same_whether_or_not_it_is_spelt_as_the_gateway_spells_it(text: str) -> None:
    assert outcome(text.encode()) == outcome(f" {text}".encode())


@pytest.mark.parametrize(
    "text",
    [
        f'{{"a":0e0,"b":{TEXT}}}',
        f'{{"a":"{TEXT}","b":0e0}}',
        f'{{"a":"\\"{TEXT}","b":0e0}}',
        f'{{"a":"{TEXT}","b":{TEXT}}}',
        f"[{TEXT},0e0]",
        f"[0e0,{TEXT},{TEXT}]",
    ],
)
def test_no_number_passes_for_an_array(text: str) -> None:
    body = text.encode()
    assert outcome(body) == outcome(b" " + body)
    assert dump(parse(body)) == body
    assert plain(parse(body)) == msgspec.json.decode(body)


@given(st.binary(max_size=60) | st.text(alphabet='[]{}",:0123456789.eE+-NaInfity \\u', max_size=60).map(str.encode))
def test_whatever_is_accepted_another_strict_parser_accepts_too(body: bytes) -> None:
    with suppress(Refusal):
        assert plain(parse(body)) == msgspec.json.decode(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"a":{"b":[{"c":1,"d":2,"c":3}]}}',
        b'{"with_vector":false,"with\\u005fvector":true}',
        b'{"x":' + LONG + b',"x":' + LONG + b"}",
        b'{"":1,"":2}',
    ],
)
def test_a_member_that_stands_twice_is_refused_at_any_depth(body: bytes) -> None:
    assert reason(body) is Reason.DUPLICATE_MEMBER


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"{} {}",
        b"[1 2]",
        b"nul",
        b"'a'",
        b"{a:1}",
        b"[01]",
        b"[+1]",
        b"[1.]",
        b"[.5]",
        b"[0x1]",
        b'"\t"',
        b'"\x00"',
        b'"\\x"',
        b'"open',
        b'"open\\',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-16-le"),
        '{"a":1}'.encode("utf-32"),
        b'"\xff"',
        b'"\xc0\xae"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"\\uDC00x"',
        b'{"\\ud83d":1}',
        b"NaN",
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"-NaN",
        b"[1e400]",
        b"[-1e400]",
        b"[" + b"1" * 309 + b"]",  # an integer that no double holds
        b"[" + b"1," * 100 + b"9" * 309 + b"]",
        b"1" * 500,
        b"[0." + b"1" * 500 + b"]",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 1000 + b"1" + b"}" * 1000,
        b"[" * 100_000,
        b"[{]}" * 100,
    ],
)
def test_what_has_no_single_reading_is_refused(body: bytes) -> None:
    assert reason(body) is Reason.BAD_BODY


@pytest.mark.parametrize(
    "vectors",
    [
        LONG[:-1] + b",NaN]",
        LONG[:-1] + b",1e400]",
        LONG[:-1] + b",]",
        LONG[:-1] + b",01]",
        LONG[:-1] + b",1." + b"0" * 500 + b"]",
        LONG[:-1] + b" 1]",
        b"[" + b"1.5.2," * 60 + b"1]",
        b"[NaN," + LONG + b"]",
        b"[" + LONG + b",NaN]",
        b"[Na" + LONG + b"]",
        b"[-" + LONG + b"]",
        b"[N" + LONG + b"aN]",
        b"[1" + LONG + b"]",
        b"[" + b" " * 200 + b",]",
    ],
)
def test_long_arrays_are_held_to_the_same_rules(vectors: bytes) -> None:
    assert reason(b'{"v":' + vectors + b"}") is Reason.BAD_BODY


def test_long_arrays_keep_their_text_and_show_their_values() -> None:
    text = b"[" + b",".join([b"1.10", b"1e5", b"9007199254740993", b"-0.0"] * 20) + b"]"
    vector = parse(b'{"a":"' + text.replace(b'"', b"") + b'","v":' + text + b"}")["v"]
    assert isinstance(vector, Numbers)
    assert len(vector) == 80
    assert list(vector[:3]) == [1.1, 1e5, 9007199254740993]
    assert dump([vector]) == b"[" + text + b"]"


def test_an_array_inside_a_text_is_text() -> None:
    body = b'{"t":"x \\" ' + LONG + b' \\\\","v":' + LONG + b"}"
    document = parse(body)
    assert document["t"] == 'x " ' + LONG.decode() + " \\"
    assert isinstance(document["v"], Numbers)
    assert dump(document) == body


@pytest.mark.parametrize(
    "text",
    [
        "0.1",
        "1.10",
        "1e5",
        "1E+2",
        "-0.0",
        "1e-400",
        "9007199254740993",
        "9223372036854775807",
        "18446744073709551615",
        "123456789012345678901234567890",
        "0.1000000000000000055511151231257827",
    ],
)
def test_numbers_leave_with_the_digits_they_came_with(text: str) -> None:
    parsed = parse(text.encode())
    assert parsed == float(text) or str(parsed) == text
    assert dump(parsed) == text.encode()


def test_an_oddly_spelt_float_is_still_a_float() -> None:
    number = parse(b"1e2")
    assert isinstance(number, Number)
    assert number + 1 == 101.0
    assert type(plain([number])[0]) is float


def test_nesting_up_to_the_cap_is_accepted() -> None:
    depth = DEPTH
    assert dump(parse(b"[" * depth + b"]" * depth)) == b"[" * depth + b"]" * depth
    assert reason(b"[" * (depth + 1) + b"]" * (depth + 1)) is Reason.BAD_BODY
    assert len(parse(b"[" + b",".join([b'["]["]'] * 5000) + b"]")) == 5000


def test_every_float32_survives() -> None:
    values = [struct.unpack("<f", struct.pack("<f", math.sin(i)))[0] for i in range(500)]
    assert plain(parse(msgspec.json.encode(values))) == values


def test_details_never_quote_the_body() -> None:
    with pytest.raises(Refusal) as caught:
        parse(b'{"token":"hunter2"')
    assert "hunter2" not in caught.value.detail
