"""Matcher: which of a mask set's patterns a field stands under, found by walking names.

The patterns are run as a nondeterministic automaton. A `Node` is a set of its states; the nodes met so far are kept as
a tree, so that a payload with familiar names costs one dictionary look-up a field.

A state is (pattern, position): `position` segments are matched. A pattern that is matched stays matched beneath.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vecgate.errors import Unmaskable
from vecgate.masking.globs import Mentions, glob
from vecgate.masking.paths import ANY, LONG, ROOTS, Segments, segments
from vecgate.masking.strategies import FIELDS, FieldStrategy, Where, strictest

_NODES: Final = 20_000
"""Names come from the database's answers: more nodes than this are not kept."""

DEPTH: Final = 64
"""Names along a path. What is nested deeper is not looked at."""

type State = tuple[int, int]
type Fields = tuple[tuple[str, Segments, FieldStrategy], ...]


class Node:
    """A place in a payload. `mask` is what applies to the value there, None if it is open."""

    __slots__ = ("_element", "_matcher", "children", "mask", "path", "states", "where")

    def __init__(self, matcher: Matcher, path: str, states: frozenset[State]) -> None:
        self._matcher = matcher
        self.path = path
        self.states = states
        self.mask = matcher.mask(states)
        self.where: Where | None = None
        """For keyed strategies; set once it is needed."""
        self.children: dict[str, Node] = {}
        self._element: Node | None = None

    def child(self, name: str) -> Node:
        """The member `name` of an object here; a name with dots in it is a path. Raises Unmaskable if it is no text."""
        if not isinstance(name, str):
            raise Unmaskable("a payload has a member whose name is no text")
        names = segments(name)
        if len(names) > DEPTH:
            raise Unmaskable("a payload is nested too deeply")
        node = self
        for segment in names:
            node = node._after(segment)
        if len(name) <= LONG and self._matcher.keep():
            self.children[name] = node
        return node

    def element(self) -> Node:
        """An element of a list here: patterns may, and need not, have a segment for its index."""
        if self._element is None:
            self._element = Node(self._matcher, self.path, self.states | self._matcher.index(self.states))
        return self._element

    def find(self, path: str) -> Node:
        """What a path written by a client means from here: lists may lie anywhere along it, their indexes left out."""
        node = self
        for name in segments(path):
            node = node._listed() if node.path else node
            if name.isdigit():
                node = Node(self._matcher, node.path, node.states | self._matcher.step(node.states, name))
            else:
                node = node.children.get(name) or node.child(name)
        return node

    @property
    def mentions(self) -> Mentions:
        """The names to look for in a text here."""
        return self._matcher.mentions(self.states)

    def _listed(self) -> Node:
        """Here, or in lists of lists here."""
        node = self
        while (element := node.element()).states != node.states:
            node = element
        return node

    def _after(self, segment: str) -> Node:
        states = self._matcher.step(self.states, segment)
        if segment in ROOTS and not self.path:
            return Node(self._matcher, "", states | self.states)
        return Node(self._matcher, f"{self.path}.{segment}" if self.path else segment, states)

    @property
    def dead(self) -> bool:
        """Nothing beneath is masked either."""
        return not self.states

    @property
    def above(self) -> bool:
        """A pattern names something beneath. One for any depth does so only from its first name on."""
        return any(self._matcher.begun(state) for state in self.states)


class Matcher:
    """Compiled once per mask set."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._kept = 0
        self.root = Node(self, "", self._closure((number, 0) for number in range(len(fields))))
        self._mentions: dict[frozenset[int], Mentions] = {}

    def keep(self) -> bool:
        self._kept += 1
        return self._kept <= _NODES

    def mask(self, states: frozenset[State]) -> FieldStrategy | None:
        """What all patterns matched here come to."""
        matched = [self._fields[number][2] for number, at in states if at == len(self._fields[number][1])]
        return strictest(matched, FIELDS) if matched else None

    def mentions(self, states: frozenset[State]) -> Mentions:
        """The names that something masked beneath these states has at its end."""
        numbers = frozenset(number for number, _ in states)
        if numbers not in self._mentions:
            self._mentions[numbers] = Mentions(self._fields[number][1][-1] for number in numbers)
        return self._mentions[numbers]

    def begun(self, state: State) -> bool:
        number, at = state
        return at > (1 if self._fields[number][1][0] == ANY else 0)

    def step(self, states: frozenset[State], name: str) -> frozenset[State]:
        """The states after a name. The name `**` stands for any names: only what matches all of them goes on."""
        return self._closure(self._advance(states, name))

    def index(self, states: frozenset[State]) -> frozenset[State]:
        """The states after a list's index, whichever it is."""
        beyond = (
            (number, at + 1)
            for number, at in states
            if at < len(parts := self._fields[number][1]) and (parts[at].isdigit() or set(parts[at]) == {"*"})
        )
        return self._closure(beyond)

    def _advance(self, states: frozenset[State], name: str) -> Iterable[State]:
        for number, at in states:
            parts = self._fields[number][1]
            if at == len(parts) or parts[at] == ANY:
                yield number, at
            elif name != ANY and glob(parts[at]).matches(name):
                yield number, at + 1

    def _closure(self, states: Iterable[State]) -> frozenset[State]:
        found: set[State] = set()
        for number, at in states:
            found.add((number, at))
            parts = self._fields[number][1]
            if at < len(parts) and parts[at] == ANY:
                found.add((number, at + 1))
        return frozenset(found)
