"""Batches: JSON Lines in, one answer for each line, in order, whatever the line holds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vecgate.cli.output import fail
from vecgate.errors import Refusal
from vecgate.operations.document import DEPTH, parse
from vecgate.reasons import Reason

type Judge = Callable[[Mapping[str, Any]], dict[str, Any]]


def answers(batch: str, judge: Judge) -> Iterator[dict[str, Any]]:
    """What `judge` says to each line of the file, or of standard input for `-`.

    A line that is no request is answered as one that the gateway does not know.
    """
    for text in _lines(batch):
        try:
            line = parse(text, depth=DEPTH + 1)
            if not isinstance(line, dict):
                raise ValueError("the line is not a JSON object")
            yield judge(line)
        except (Refusal, ValueError) as error:
            refusal = error if isinstance(error, Refusal) else Refusal(Reason.BAD_BODY, str(error))
            yield refused(refusal)


def refused(refusal: Refusal) -> dict[str, Any]:
    """A request that is refused before it is understood."""
    error = {"reason": refusal.reason, "detail": refusal.detail or refusal.reason.summary}
    return {"known": False, "operations": [], "canonical": None, "error": error}


def _lines(batch: str) -> Iterator[bytes]:
    try:
        with sys.stdin.buffer if batch == "-" else Path(batch).open("rb") as stream:
            for line in stream:
                yield line.rstrip(b"\r\n")
    except OSError as error:
        fail(f"{batch}: cannot be read: {error.strerror}")
