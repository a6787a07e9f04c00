"""Table: an engine's API, one row per operation. What is not in the table does not pass.

A row says everything that can be said without code: where the operation is, what it does to which resources, which
members it takes, where its answer holds what masks care for. `docs/operations/` is generated from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vecgate.errors import Refusal
from vecgate.operations.messages import GRPC, Pairs, Target
from vecgate.operations.model import Action, Operation, Risk, Scope
from vecgate.operations.shapes import Kind, Shape
from vecgate.operations.target import encode
from vecgate.reasons import Reason

__all__ = ["GRPC", "Call", "Row", "Table", "query_items"]


@dataclass(frozen=True, slots=True)
class Row:
    """One operation.

    `path` has parameters as whole segments, `/collections/{name}`; `resources` are templates over the same parameters,
    `{tenant}/{database}/{name}`. A gRPC call has the method GRPC and the path `/package.Service/Method`. `effect` says
    what a template cannot: a body that names resources, risks that hang on a member.
    """

    operation: str
    method: str
    path: str
    action: Action
    resources: tuple[str, ...] = ()
    scope: Scope = Scope.NAMED
    query: Mapping[str, Kind] = field(default_factory=dict)
    repeated: frozenset[str] = frozenset()
    """Keys of the query that may stand more than once: each value is one of a list."""
    body: Shape | None = None
    """None: the operation takes no body."""
    risks: tuple[Risk, ...] = ()
    copies: bool = False
    fields: tuple[str, ...] = ()
    """Members in which payload fields steer the request."""
    vectors: tuple[str, ...] = ()
    """Members of the answer in which stored vectors come back."""
    payload: tuple[str, ...] = ()
    """Members of the answer in which payload and texts come back."""
    scores: tuple[str, ...] = ()
    """Members of the answer in which scores come back."""
    refused: str = ""
    """Why the operation is refused by name, whoever asks."""
    note: str = ""
    effect: Callable[[Call], tuple[Operation, ...]] | None = field(default=None, compare=False, repr=False)

    def segments(self, params: Mapping[str, str]) -> tuple[str, ...]:
        """The decoded path with these parameters filled in."""
        return tuple(params[part[1:-1]] if part[:1] == "{" else part for part in _parts(self.path))

    def target(self, params: Mapping[str, str], query: Pairs = ()) -> str:
        """The encoded target with these parameters filled in."""
        return encode(Target(self.segments(params), query))

    def operations(self, call: Call) -> tuple[Operation, ...]:
        return self.effect(call) if self.effect else (self.base(call),)

    def base(self, call: Call, **refined: Any) -> Operation:
        """What the row alone says, but for what an effect knows better."""
        if "resources" not in refined:
            refined["resources"] = tuple(template.format_map(call.params) for template in self.resources)
        refined.setdefault("risks", self.risks)
        return Operation(self.operation, self.action, scope=self.scope, copies=self.copies, **refined)


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the table understood it."""

    row: Row
    params: Mapping[str, str]
    query: Pairs = ()
    document: Any = None


@dataclass(slots=True)
class _Node:
    exact: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    methods: dict[str, tuple[Row, tuple[str, ...]]] = field(default_factory=dict)
    """Row and the names of its parameters in path order, by method."""


class Table:
    """The rows of one dialect and the router over them."""

    def __init__(self, dialect: str, title: str, rows: Iterable[Row]) -> None:
        self.dialect = dialect
        self.title = title
        self.rows = tuple(rows)
        self._by_name = {row.operation: row for row in self.rows}
        self.repeatable: frozenset[str] = frozenset().union(*(row.repeated for row in self.rows))
        """Query keys that some row takes more than once."""
        self._root = _Node()
        for row in self.rows:
            self._add(row)
        if len(self._by_name) != len(self.rows):
            raise ValueError(f"{dialect}: two rows of one name")

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, operation: str) -> Row:
        return self._by_name[operation]

    def route(self, method: str, segments: tuple[str, ...]) -> tuple[Row, dict[str, str]]:
        """The row of a request and its path parameters.

        The path is chosen before the method, and an exact segment before a parameter, as the engines' routers do: a
        method that the chosen path lacks is not looked for on another one. Raises Refusal: unknown_operation.
        """
        values: list[str] = []
        node = _find(self._root, segments, 0, values)
        found = node and node.methods.get(method)
        if not found:
            raise Refusal(Reason.UNKNOWN_OPERATION, "The gateway does not know this operation.")
        row, names = found
        if row.refused:
            raise Refusal(Reason.UNKNOWN_OPERATION, row.refused)
        return row, dict(zip(names, values, strict=True))

    def _add(self, row: Row) -> None:
        node = self._root
        names: list[str] = []
        for part in _parts(row.path):
            if part[:1] == "{":
                names.append(part[1:-1])
                node.parameter = node = node.parameter or _Node()
            else:
                node = node.exact.setdefault(part, _Node())
        if row.method in node.methods:
            raise ValueError(f"{self.dialect}: {row.method} {row.path} stands twice")
        node.methods[row.method] = (row, tuple(names))


def _parts(path: str) -> list[str]:
    """The segments of a path template; none of the root's, `/`."""
    return path[1:].split("/") if path != "/" else []


def _find(node: _Node, segments: tuple[str, ...], index: int, values: list[str]) -> _Node | None:
    if index == len(segments):
        return node if node.methods else None
    exact = node.exact.get(segments[index])
    if exact is not None and (found := _find(exact, segments, index + 1, values)) is not None:
        return found
    if node.parameter is not None:
        values.append(segments[index])
        if (found := _find(node.parameter, segments, index + 1, values)) is not None:
            return found
        values.pop()
    return None


def query_items(row: Row, items: Pairs) -> Pairs:
    """The query of a request, checked; numbers come out in one spelling.

    Raises Refusal: unknown_member, duplicate_member for a key that this row takes only once, or bad_target for a value
    of the wrong kind.
    """
    checked: list[tuple[str, str]] = []
    seen: set[str] = set()
    for name, text in items:
        kind = row.query.get(name)
        if kind is None:
            raise Refusal(Reason.UNKNOWN_MEMBER, "The operation does not define one of the query's keys.")
        if name in seen and name not in row.repeated:
            raise Refusal(Reason.DUPLICATE_MEMBER, "A query key stands twice.")
        seen.add(name)
        checked.append((name, _spelt(kind, name, text)))
    return tuple(checked)


def _spelt(kind: Kind, name: str, text: str) -> str:
    """A text as it came, though it may be made of digits; a number as numbers are written. Raises Refusal."""
    is_number = text.isascii() and text.isdigit() and len(text) <= 10
    try:
        kind.check(text, name)
    except Refusal as misfit:
        if not is_number:
            raise Refusal(Reason.BAD_TARGET, f"In the query, {misfit.detail}") from None
    else:
        return text
    try:
        kind.check(int(text), name)
    except Refusal as misfit:
        raise Refusal(Reason.BAD_TARGET, f"In the query, {misfit.detail}") from None
    return str(int(text))
