from __future__ import annotations

import pytest

from vecgate.evidence.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, Größe 大きい 🙂", "plain, Größe 大きい 🙂"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("two\nlines\r\t", "two\\nlines\\r\\t"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("half \ud83d", "half \\ud83d"),
        (7, "7"),
    ],
)
def test_what_could_steer_a_terminal_is_shown(text: object, shown: str) -> None:
    assert printable(text) == shown
