"""Text: values as a reader sees them, in words and short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

MAX_VALUE = 400
type Facts = Sequence[tuple[str, str]]


def plain(facts: Mapping[str, Any]) -> Facts:
    return [(str(name), short(value)) for name, value in facts.items()]


def short(value: Any, most: int = MAX_VALUE) -> str:
    text = value if isinstance(value, str) else compact(value)
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def compact(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def filled(*pairs: tuple[str, Any]) -> Facts:
    return [(name, str(value)) for name, value in pairs if value not in (None, "", 0)]


def seen(values: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(str(value) for value in values if value))


def joined(values: Iterable[Any]) -> str:
    return ", ".join(str(value) for value in values if value)


def moment(time: str) -> str:
    return f"{time[:10]} {time[11:19]} UTC"


def duration(microseconds: int) -> str:
    if microseconds < 1000:
        return f"{microseconds} µs"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1_000_000:.2f} s"
