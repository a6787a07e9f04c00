"""JSON from strangers: strict on the way in, exact on the way out.

Two parsers that read one text differently are a way round policy, so a document with two readings is refused: duplicate
members, other encodings than UTF-8, numbers beyond what a double holds, lone surrogates (RFC 8259, RFC 7493). Numbers
that nobody touched leave with the digits they came with: long arrays of numbers (vectors) are validated but never
rewritten, and a float whose shortest spelling differs from the one sent keeps the latter.
"""

from __future__ import annotations

import json  # noqa: TID251 - its C scanner is the only one here that shows duplicate members
import math
import re
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final, overload

import msgspec

from vecgate.errors import Refusal
from vecgate.reasons import Reason

DEPTH: Final = 64
DIGITS: Final = 308
"""Characters of one number: an integer of no more is finite as a double, too. A double needs 17 digits."""

# A string (skipped whole, also when it never ends) or a long run that can only be an array of numbers.
_STRING_OR_NUMBERS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|(\[[-+0-9.eE, \t\n\r]{128,}+\])', re.DOTALL)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NUMBERS = re.compile(rb"\[[-+0-9.eE, \t\n\r]{128,}+\]")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SQUARE = bytes.maketrans(b"{}", b"[]")
_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_TOO_MANY_DIGITS = b"0" * (DIGITS + 1)
_TWO_DIGITS = re.compile(rb"[0-9]{2}")
_PLACEHOLDER = "0e0"
_PLACE = _PLACEHOLDER.encode()
_NESTED = frozenset({dict, list})
_decode = msgspec.json.Decoder().decode
_decode_numbers = msgspec.json.Decoder(list[int | float]).decode


class Number(float):
    """A float that leaves as it came: `1e5`, `1.10`."""

    __slots__ = ("text",)
    text: str


class Numbers(Sequence[float]):
    """A long array of finite numbers, immutable: its values for whoever judges, its text for whoever sends."""

    __slots__ = ("text", "values")

    def __init__(self, values: list[float], text: bytes) -> None:
        self.values = values
        self.text = text

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> list[float]: ...
    def __getitem__(self, index: int | slice) -> float | list[float]:
        return self.values[index]

    def __iter__(self) -> Iterator[float]:
        return iter(self.values)

    def __eq__(self, other: object) -> bool:
        return self.values == list(other) if isinstance(other, list | Numbers) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # equal to a list, which has none

    def __repr__(self) -> str:
        return f"Numbers({self.text!r})" if len(self.text) < 80 else f"<Numbers of {len(self)}>"


def parse(body: bytes, *, depth: int = DEPTH) -> Any:
    """The document, with long arrays of numbers as `Numbers` and oddly spelt floats as `Number`.

    Raises Refusal: bad_body or duplicate_member; its detail never quotes the body.
    """
    try:
        return _reader.own_spelling(body, depth)
    except _OtherSpelling:
        return _reader.any_spelling(body, depth)


def dump(document: Any) -> bytes:
    """Compact JSON. `parse(dump(parse(body)))` equals `parse(body)`."""
    return _encode(document)


def plain(value: Any) -> Any:
    """The same value in Python's own types, for whoever keeps or encodes it elsewhere."""
    kind = type(value)
    if kind is dict:
        return {key: plain(item) for key, item in value.items()}
    if kind is list:
        return [plain(item) for item in value]
    if kind is Numbers:
        return list(value.values)
    return float(value) if kind is Number else value


class _OtherSpelling(Exception):
    """The document is not spelt as `dump` spells it, or is none."""


class _Reader(threading.local):
    """The two ways to read a document. In both, a placeholder stands for every array that was cut out."""

    def __init__(self) -> None:
        self._arrays: Iterator[Numbers] = iter(())
        self._decode = msgspec.json.Decoder(float_hook=self._float).decode
        self._scan = json.JSONDecoder(
            object_pairs_hook=_members, parse_float=_float, parse_int=_integer, parse_constant=self._constant
        ).decode

    def own_spelling(self, body: bytes, depth: int) -> Any:
        """A document that `dump` gives back byte for byte has lost nothing, so nothing else need be looked for.

        A member that stood twice, other digits, an array cut out of a text: all would show in the bytes.
        Raises _OtherSpelling for what must be read with more care, Refusal for one nested too deeply.
        """
        arrays: list[Numbers] = []

        def cut(found: re.Match[bytes]) -> bytes:
            arrays.append(_numbers(found[0]))
            return _PLACE

        try:
            skeleton = _NUMBERS.sub(cut, body)
            if arrays:
                self._arrays = iter(arrays)
                document = self._decode(skeleton)
            else:
                document = _decode(body)
            if _encode(document) != body or _has_many_digits(skeleton):
                raise _OtherSpelling
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError, Refusal):
            raise _OtherSpelling from None
        if skeleton.count(b"[") + skeleton.count(b"{") > depth:
            _measure_tree(document, depth)
        return document

    def any_spelling(self, body: bytes, depth: int) -> Any:
        """The document in whatever spelling, read by a scanner that shows what it meets. Raises Refusal."""
        skeleton, arrays = _cut(body)
        _measure(skeleton, depth)
        self._arrays = iter(arrays)
        try:
            document = self._scan(skeleton.decode("utf-8"))
            if b"\\u" in skeleton and _SURROGATE.search(skeleton):
                _encode(document)
        except UnicodeError:
            raise _bad("it is not UTF-8, or has half a surrogate pair") from None
        except ValueError:
            raise _bad("it is not JSON") from None
        return document

    def _float(self, text: str) -> float | Numbers:
        if text == _PLACEHOLDER and (found := next(self._arrays, None)) is not None:
            return found
        return _float(text)

    def _constant(self, name: str) -> Numbers:
        # Every cut array stands as one NaN; a NaN or Infinity of the sender's own finds no array left.
        found = next(self._arrays, None) if name == "NaN" else None
        if found is None:
            raise _bad("it has a number that is not finite")
        return found


def _measure_tree(document: Any, depth: int) -> None:
    nested = [document] if type(document) in _NESTED else []
    for _ in range(depth):
        inner = (node.values() if type(node) is dict else node for node in nested)
        nested = [child for children in inner for child in children if type(child) in _NESTED]
    if nested:
        raise _bad("it is nested too deeply")


def _has_many_digits(body: bytes) -> bool:
    """Perhaps a number with too many digits. In a run longer than `DIGITS` any two samples so far apart are digits."""
    return bool(_TWO_DIGITS.search(body[:: DIGITS // 2])) and _TOO_MANY_DIGITS in body.translate(_ZEROS)


def _cut(body: bytes) -> tuple[bytes, list[Numbers]]:
    pieces: list[bytes] = []
    arrays: list[Numbers] = []
    start = 0
    for match in _STRING_OR_NUMBERS.finditer(body):
        if (text := match[1]) is not None:
            arrays.append(_numbers(text))
            pieces += (body[start : match.start()], b"NaN")
            start = match.end()
    pieces.append(body[start:])
    return b"".join(pieces), arrays


def _numbers(text: bytes) -> Numbers:
    if _TOO_MANY_DIGITS in text.translate(_ZEROS):
        raise _bad("it has a number with too many digits")
    try:
        return Numbers(_decode_numbers(text), text)
    except msgspec.MsgspecError:
        raise _bad("it is not JSON, or has a number that is not finite") from None


def _measure(skeleton: bytes, depth: int) -> None:
    """Refuse deep nesting before a recursive parser meets it: peel the innermost brackets `depth` times."""
    if skeleton.count(b"[") + skeleton.count(b"{") <= depth:
        return
    brackets = _STRING.sub(b"", skeleton).translate(_SQUARE, _NOT_BRACKETS)
    too_deep = b"[" * (depth + 1)
    for _ in range(depth):
        peeled = brackets.replace(b"[]", b"")
        if len(peeled) == len(brackets) or too_deep in peeled:
            break
        brackets = peeled
    if brackets:
        raise _bad("it is nested too deeply, or its brackets do not match")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refusal(Reason.DUPLICATE_MEMBER, "A member of the body stands twice.")
    return members


def _float(text: str) -> float:
    value = float(text)
    if len(text) > DIGITS or not math.isfinite(value):
        raise _bad("it has a number that is not finite, or too long")
    if _encode(value) == text.encode():
        return value
    number = Number(value)
    number.text = text
    return number


def _integer(text: str) -> int:
    if len(text) > DIGITS:
        raise _bad("it has a number with too many digits")
    return int(text)


def _raw(value: Any) -> msgspec.Raw:
    if isinstance(value, Numbers):
        return msgspec.Raw(value.text)
    if isinstance(value, Number):
        return msgspec.Raw(value.text.encode())
    raise TypeError(f"{type(value).__name__} is not JSON")


_encode = msgspec.json.Encoder(enc_hook=_raw).encode
_reader = _Reader()


def _bad(detail: str) -> Refusal:
    return Refusal(Reason.BAD_BODY, f"The body is refused: {detail}.")
