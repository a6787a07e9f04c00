"""What is remembered of header blocks is what h2 and hpack make of them, whatever was sent before."""

from __future__ import annotations

from typing import Any

import pytest
from h2.config import H2Configuration
from h2.exceptions import ProtocolError
from h2.stream import H2Stream
from h2.utilities import HeaderValidationFlags
from hpack import Decoder, Encoder, HeaderTuple, NeverIndexedHeaderTuple
from hpack.exceptions import HPACKError
from hypothesis import given
from hypothesis import strategies as st

from vecgate.serve import blocks

NAMES = st.sampled_from([b":path", b"te", b"authorization", b"x-a", b"x-b", b"ratelimit", b"vecgate-exchange"])
VALUES = st.sampled_from([b"", b"trailers", b"Bearer a", b"long " * 40, b"3 kB " * 600])
FIELD = st.builds(
    lambda kind, *pair: kind(*pair), st.sampled_from([HeaderTuple, NeverIndexedHeaderTuple]), NAMES, VALUES
)
LISTS = st.lists(st.lists(FIELD, max_size=6), min_size=1, max_size=8)
REQUEST = HeaderValidationFlags(is_client=False, is_trailer=False, is_response_header=False, is_push_promise=False)
TRAILERS = REQUEST._replace(is_trailer=True)
DECODE: Any = blocks.decoded(Decoder.decode)
ADD: Any = blocks.encoded(Encoder.add)


class Remembering(Encoder):
    add = ADD


@given(LISTS, st.lists(st.integers(0, 7), max_size=8), st.integers(0, 300))
def test_what_is_encoded_is_what_was_said(lists: list[list[HeaderTuple]], again: list[int], size: int) -> None:
    encoder, decoder = Remembering(), Decoder()
    for place, number in enumerate([*range(len(lists)), *again]):
        if place == 3:
            encoder.header_table_size = size
        headers = lists[number % len(lists)]
        assert list(decoder.decode(encoder.encode(headers), raw=True)) == headers


@given(LISTS, st.lists(st.integers(0, 7), max_size=8), st.integers(0, 300))
def test_what_is_decoded_is_what_hpack_decodes(lists: list[list[HeaderTuple]], again: list[int], size: int) -> None:
    encoder, plain, remembering = Encoder(), Decoder(), Decoder()
    for place, number in enumerate([*range(len(lists)), *again]):
        if place == 3:
            encoder.header_table_size = size
        block = encoder.encode(lists[number % len(lists)])
        found = DECODE(remembering, block, raw=True)
        expected = list(plain.decode(block, raw=True))
        assert list(found) == expected
        assert [each.indexable for each in found] == [each.indexable for each in expected]


@given(st.lists(st.binary(max_size=12), max_size=6))
def test_blocks_of_any_bytes_end_as_with_hpack(received: list[bytes]) -> None:
    plain, remembering = Decoder(), Decoder()
    for block in [*received, *received]:
        expected = outcome(lambda block=block: list(plain.decode(block, raw=True)))
        found = outcome(lambda block=block: list(DECODE(remembering, block, raw=True)))
        assert found == expected
        if isinstance(expected, type):
            break  # the connection ends


def outcome(function: Any) -> object:
    try:
        return function()
    except HPACKError as error:
        return type(error)


def test_a_block_that_comes_again_is_not_decoded_again() -> None:
    encoder, decoder, decoded = Encoder(), Decoder(), []

    def decode(*arguments: Any) -> Any:
        decoded.append(arguments)
        return Decoder.decode(*arguments)

    headers = [HeaderTuple(b"x-a", b"1"), HeaderTuple(b"x-b", b"2")]
    remembered = blocks.decoded(decode)
    for _ in range(4):
        assert list(remembered(decoder, encoder.encode(headers), raw=True)) == headers
    assert len(decoded) == 2  # the first changes the table


def test_a_block_is_decoded_again_once_the_table_has_changed() -> None:
    encoder, decoder = Encoder(), Decoder()
    first = encoder.encode([HeaderTuple(b"x-a", b"1")])
    DECODE(decoder, first, raw=True)
    newest = b"\xbe"  # the newest entry of the table
    assert list(DECODE(decoder, newest, raw=True)) == [(b"x-a", b"1")]
    DECODE(decoder, encoder.encode([HeaderTuple(b"x-b", b"2")]), raw=True)
    assert list(DECODE(decoder, newest, raw=True)) == [(b"x-b", b"2")]


def test_the_bound_of_a_header_list_holds_for_what_is_remembered() -> None:
    encoder, decoder = Encoder(), Decoder()
    headers = [HeaderTuple(b"x-a", b"a" * 100)]
    encoder.encode(headers)
    again = encoder.encode(headers)
    decoder.header_table.add(b"x-a", b"a" * 100)
    assert list(DECODE(decoder, again, raw=True)) == headers
    decoder.max_header_list_size = 50
    with pytest.raises(HPACKError):
        DECODE(decoder, again, raw=True)


def test_values_that_come_once_leave_the_table_as_it_is() -> None:
    encoder = Remembering()
    for number in range(3):
        encoder.encode([(b"vecgate-exchange", b"%d" % number), (b"ratelimit", b'"all";r=%d' % number)])
    assert not encoder.header_table.dynamic_entries


def test_secrets_stay_out_of_tables() -> None:
    encoder, decoder = Remembering(), Decoder()
    for _ in range(2):
        (field,) = decoder.decode(encoder.encode([NeverIndexedHeaderTuple(b"authorization", b"secret")]), raw=True)
        assert isinstance(field, NeverIndexedHeaderTuple)
    assert not encoder.header_table.dynamic_entries


@pytest.mark.parametrize(
    ("headers", "flags"),
    [
        ([(b":method", b"GET"), (b":path", b"/"), (b":authority", b"a"), (b":scheme", b"http"), (b"A", b"")], REQUEST),
        ([(b":path", b"/")], TRAILERS),
        ([(b"te", b"gzip")], TRAILERS),
    ],
    ids=["uppercase", "pseudo-trailer", "te"],
)
def test_what_h2_refuses_is_refused_every_time(
    headers: list[tuple[bytes, bytes]], flags: HeaderValidationFlags
) -> None:
    block = blocks.Block(HeaderTuple(*each) for each in headers)
    for _ in range(2):
        with pytest.raises(ProtocolError):
            proved(block, flags)


def test_what_was_proved_as_trailers_is_proved_anew_as_a_request() -> None:
    block = blocks.Block([HeaderTuple(b"grpc-status", b"0")])
    assert proved(block, TRAILERS) == [(b"grpc-status", b"0")]
    with pytest.raises(ProtocolError):
        proved(block, REQUEST)


def test_what_a_caller_does_to_its_headers_is_not_remembered() -> None:
    block = blocks.Block([HeaderTuple(b"grpc-status", b"0")])
    proved(block, TRAILERS).clear()
    assert proved(block, TRAILERS) == [(b"grpc-status", b"0")]


def proved(block: blocks.Block, flags: HeaderValidationFlags) -> list[Any]:
    stream = H2Stream(1, H2Configuration(client_side=False, header_encoding=None), 65535, 65535)
    return blocks.proved(H2Stream._process_received_headers)(stream, block, flags, None)
