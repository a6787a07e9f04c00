"""Text for a terminal or a page: what could steer it, or show something else than is there, becomes visible."""

from __future__ import annotations

import re

_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: terminal escapes
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, bidirectional
    "\U000e0000-\U000e007f\ud800-\udfff]"  # tags, lone surrogates
)


def printable(text: object) -> str:
    r"""The text on one line: control, invisible, bidirectional and surrogate characters as `\x1b`, `\u202e`."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), str(text))
