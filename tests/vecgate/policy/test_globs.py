"""Globs match what a plain reading of their rule says, and in linear time."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecgate.policy.globs import Glob

NAMES = st.text(alphabet="ab", min_size=1, max_size=3)
RESOURCES = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PATTERNS = st.lists(
    st.one_of(st.just("**"), st.text(alphabet="ab*", min_size=1, max_size=4).filter(lambda text: "**" not in text)),
    min_size=1,
    max_size=4,
).map("/".join)


def fits(segment: str, name: str) -> bool:
    """One segment, by trying everything a star can stand for."""
    if not segment or not name:
        return segment.strip("*") == "" and not name if segment else not name
    if segment[0] == "*":
        return fits(segment[1:], name) or fits(segment, name[1:])
    return segment[0] == name[0] and fits(segment[1:], name[1:])


def naive(pattern: list[str], names: list[str]) -> bool:
    """A path, by trying everything `**` can stand for."""
    if not pattern:
        return not names
    if pattern[0] == "**":
        return naive(pattern[1:], names) or (bool(names) and naive(pattern, names[1:]))
    return bool(names) and fits(pattern[0], names[0]) and naive(pattern[1:], names[1:])


def extensions(pattern: str, least: int) -> list[tuple[str, ...]]:
    """Names that could follow, each made of what the pattern's segments need."""
    names = {segment.replace("*", "x") for segment in pattern.split("/")}
    return [chosen for length in range(least, 5) for chosen in product(names, repeat=length)]


@given(PATTERNS, RESOURCES)
def test_a_name_is_covered_as_by_trying_everything(pattern: str, resource: str) -> None:
    assert Glob.parse(pattern).covers(resource) is naive(pattern.split("/"), resource.split("/"))


@given(PATTERNS, st.lists(NAMES, max_size=2))
def test_something_beneath_matches_if_some_longer_name_does(pattern: str, parent: list[str]) -> None:
    segments = pattern.split("/")
    glob = Glob.parse(pattern)

    for matches, least in ((glob.beneath, 1), (glob.below, 2)):
        found = any(naive(segments, [*parent, *more]) for more in extensions(pattern, least))
        assert matches("/".join(parent)) is found


@given(PATTERNS, RESOURCES)
def test_a_list_is_covered_only_if_every_name_on_it_is(pattern: str, parent: str) -> None:
    if Glob.parse(pattern).covers(f"{parent}/*"):
        assert naive(pattern.split("/"), [*parent.split("/"), "anything"])


@pytest.mark.parametrize(
    ("pattern", "resource", "covers"),
    [
        ("t/d/kb_*", "t/d/kb_", True),
        ("t/d/kb_*", "t/d/kb_1", True),
        ("t/d/kb_*", "t/d/KB_1", False),
        ("t/d/kb_*", "t/d/kb_1/x", False),
        ("t/d/*", "t/d", False),
        ("t/**", "t", True),
        ("t/**", "t/d/c", True),
        ("**/c", "t/d/c", True),
        ("**/c", "c", True),
        ("a*b*c", "axxbxxc", True),
        ("a*b*c", "abxc", True),
        ("a*ab", "ab", False),
        ("kb.1", "kbx1", False),
        ("**", "**", True),
        ("**/**", "**", True),
        ("*", "**", False),
        ("**/c", "**", False),
        ("t/**", "**", False),
        ("t/**", "t/**", True),
        ("t/*", "t/**", False),
        ("t/*", "t/*", True),
        ("t/**", "t/*", True),
        ("t/kb_*", "t/*", False),
    ],
)
def test_only_what_covers_everything_covers_the_whole(pattern: str, resource: str, covers: bool) -> None:
    assert Glob.parse(pattern).covers(resource) is covers


@pytest.mark.parametrize(
    "pattern", ["", "/a", "a/", "a//b", "a**", "**b", "a?", "[a]", "{a,b}", "a\\b", "a\nb", "a\x00"]
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"empty segment|\*\* stands|no meaning|cannot be printed"):
        Glob.parse(pattern)


def test_a_hostile_pattern_and_name_end_soon() -> None:
    segment = Glob.parse("*a" * 200 + "*b")
    path = Glob.parse("/".join(["**", "a"] * 30 + ["b"]))

    assert not segment.covers("a" * 20_000)
    assert not path.covers("/".join(["a"] * 500))
