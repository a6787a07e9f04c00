"""The tree of a query, with nothing left to interpret: fragments are worked in, variables and directives are applied.

Two selections of one key are one field, as GraphQL merges them; where they differ the query is refused. How much a
fragment grows to is counted while it grows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql.language import (
    BooleanValueNode,
    ConstDirectiveNode,
    DirectiveNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)

from vecgate.errors import Refusal
from vecgate.operations.document import DIGITS, Number, Numbers, dump
from vecgate.reasons import Reason
from vecgate_weaviate.graphql.text import DEPTH, LONGEST, OWN, Cut, bad, cut, parsed

FIELDS: Final = 1000
"""Selections of one query, each counted as often as fragments repeat it."""


ROOT: Final = "WeaviateObj"
"""The type of the root."""


class Enum(str):
    """A value without quotes."""

    __slots__ = ()


@dataclass(slots=True)
class Field:
    """One selection. `key` is what it is called in the answer."""

    key: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    """What is selected beneath, by key."""
    types: dict[str, dict[str, Field]] = field(default_factory=dict)
    """What is selected where the value is of one type, by the type's name."""

    @property
    def leaf(self) -> bool:
        return not self.fields and not self.types


def query(text: str, variables: Mapping[str, Any], name: str | None) -> dict[str, Field]:
    """The root fields of the operation called `name`, or of the only one. Raises Refusal: bad_body, unknown_operation,
    body_too_large or duplicate_member."""
    return asked(*cut(text), variables, name)


def asked(skeleton: str, cuts: tuple[Cut, ...], variables: Mapping[str, Any], name: str | None) -> dict[str, Field]:
    """The same of a query from which was cut what is long."""
    document = parsed(skeleton)
    fragments: dict[str, FragmentDefinitionNode] = {}
    operations: dict[str | None, OperationDefinitionNode] = {}
    for node in document.definitions:
        if isinstance(node, FragmentDefinitionNode):
            _once(fragments, node.name.value, node)
        elif isinstance(node, OperationDefinitionNode):
            _once(operations, node.name.value if node.name else None, node)
        else:
            raise bad("it defines something else than a query")
    operation = _chosen(operations, name)
    values = _values(operation, variables)
    return _Expansion(fragments, values, cuts).root(operation)


def flat(one: Field, kind: str = "") -> dict[str, Field]:
    """The selections of an object that is known to be of one type. Raises Refusal: bad_body for those of another."""
    if not one.types:
        return one.fields
    if set(one.types) != {kind}:
        raise bad("a fragment is of a type that its place does not have")
    together = dict(one.fields)
    for inner in one.types[kind].values():
        _merge(together, inner)
    return together


def _chosen(operations: Mapping[str | None, OperationDefinitionNode], name: str | None) -> OperationDefinitionNode:
    only = next(iter(operations.values())) if len(operations) == 1 else None
    found = operations.get(name) if name else only
    if found is None:
        raise bad("it does not have exactly one operation of that name")
    if found.operation is not OperationType.QUERY:
        raise Refusal(Reason.UNKNOWN_OPERATION, "Only queries are served, neither mutations nor subscriptions.")
    if found.directives:
        raise bad("its operation has a directive")
    return found


def _values(operation: OperationDefinitionNode, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every declared variable that has a value. Types are looked at where the value is used."""
    values: dict[str, Any] = {}
    constants = _Expansion({}, {}, ())
    for one in operation.variable_definitions or ():
        name = one.variable.name.value
        if name in values or one.directives:
            raise bad("a variable is declared twice, or has a directive")
        if name in given:
            values[name] = given[name]
        elif one.default_value is not None:
            values[name] = constants.value(one.default_value)
        else:
            values[name] = _ABSENT
    return values


class _Absent:
    """The value of a variable that has none: what it would be the value of is left out."""


_ABSENT: Final = _Absent()


@dataclass(slots=True)
class _Expansion:
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    cuts: tuple[Cut, ...]
    count: int = 0
    size: int = 0
    open: list[str] = field(default_factory=list)
    """The fragments that are being worked in."""

    def root(self, operation: OperationDefinitionNode) -> dict[str, Field]:
        parent = Field("", "")
        self._select(operation.selection_set, parent, "", 0)
        if parent.leaf:
            raise bad("a selection is empty")
        return flat(parent, ROOT)

    def _select(self, selected: SelectionSetNode, parent: Field, kind: str, depth: int) -> None:
        """Add to the parent's fields, or to those it has where its value is of the type `kind`."""
        if depth > DEPTH:
            raise bad("it is nested too deeply")
        for node in selected.selections:
            self.count += 1
            if self.count > FIELDS:
                raise Refusal(Reason.BODY_TOO_LARGE, f"A query selects at most {FIELDS} fields, fragments worked in.")
            if not self._included(node.directives):
                continue
            if isinstance(node, FieldNode):
                _merge(_place(parent, kind), self._field(node, depth))
            elif isinstance(node, InlineFragmentNode):
                inner = node.type_condition.name.value if node.type_condition else kind
                self._select(node.selection_set, parent, _within(kind, inner), depth + 1)
            elif isinstance(node, FragmentSpreadNode):
                self._spread(node.name.value, parent, kind, depth)

    def _spread(self, name: str, parent: Field, kind: str, depth: int) -> None:
        fragment = self.fragments.get(name)
        if fragment is None or fragment.directives or fragment.variable_definitions:
            raise bad("it uses a fragment that it does not define")
        if name in self.open:
            raise bad("a fragment contains itself")
        self.open.append(name)
        self._select(fragment.selection_set, parent, _within(kind, fragment.type_condition.name.value), depth + 1)
        self.open.pop()

    def _field(self, node: FieldNode, depth: int) -> Field:
        name = node.name.value
        one = Field(node.alias.value if node.alias else name, name, self._arguments(node))
        if node.selection_set is not None:
            self._select(node.selection_set, one, "", depth + 1)
            if one.leaf:
                raise bad("a selection is empty")
        return one

    def _arguments(self, node: FieldNode) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for one in node.arguments or ():
            _once(arguments, one.name.value, self.value(one.value))
        return {name: value for name, value in arguments.items() if value is not _ABSENT}

    def _included(self, directives: Iterable[DirectiveNode | ConstDirectiveNode] | None) -> bool:
        included = True
        for one in directives or ():
            name, arguments = one.name.value, one.arguments or ()
            if name not in {"include", "skip"} or len(arguments) != 1 or arguments[0].name.value != "if":
                raise bad("it has an unknown directive")
            value = self.value(arguments[0].value)
            if type(value) is not bool:
                raise bad(f"@{name} needs a boolean")
            included &= value is (name == "include")
        return included

    def value(self, node: ValueNode) -> Any:
        match node:
            case VariableNode():
                return self._variable(node.name.value)
            case IntValueNode():
                return _integer(node.value)
            case FloatValueNode():
                return _float(node.value)
            case StringValueNode() | BooleanValueNode():
                return node.value
            case EnumValueNode():
                return Enum(node.value)
            case NullValueNode():
                return None
            case ListValueNode():
                items = [self.value(item) for item in node.values]
                return [None if item is _ABSENT else item for item in items]
            case ObjectValueNode():
                members: dict[str, Any] = {}
                for one in node.fields:
                    _once(members, one.name.value, self.value(one.value))
                return {name: value for name, value in members.items() if value is not _ABSENT}
        raise bad("it has a value of unknown kind")

    def _variable(self, name: str) -> Any:
        if name.startswith(OWN):
            return self.cuts[int(name.removeprefix(OWN))]
        if name not in self.variables:
            raise bad("it uses a variable that it does not declare")
        value = self.variables[name]
        if type(value) in _LARGE:
            self.size += len(dump(value))
            if self.size > LONGEST:
                raise Refusal(Reason.BODY_TOO_LARGE, "The query is too long with its variables in it.")
        return value


_LARGE: Final = frozenset({str, list, dict, Numbers})


def _within(kind: str, inner: str) -> str:
    """A type within another can only be the same."""
    if kind and inner != kind:
        raise bad("a fragment is of a type that its place does not have")
    return inner


def _place(parent: Field, kind: str) -> dict[str, Field]:
    return parent.types.setdefault(kind, {}) if kind else parent.fields


def _merge(fields: dict[str, Field], one: Field) -> None:
    before = fields.get(one.key)
    if before is None:
        fields[one.key] = one
        return
    if before.name != one.name or before.arguments != one.arguments or before.leaf != one.leaf:
        raise bad("two different fields have one key")
    for inner in one.fields.values():
        _merge(before.fields, inner)
    for kind, group in one.types.items():
        for inner in group.values():
            _merge(before.types.setdefault(kind, {}), inner)


def _once[K, V](members: dict[K, V], name: K, value: V) -> None:
    if name in members:
        raise Refusal(Reason.DUPLICATE_MEMBER, "A name stands twice in the query.")
    members[name] = value


def _integer(text: str) -> int:
    if len(text) > DIGITS:
        raise bad("it has a number with too many digits")
    return int(text)


def _float(text: str) -> float:
    value = Number(text)
    if len(text) > DIGITS or value - value != 0:
        raise bad("it has a number that is not finite, or too long")
    value.text = text
    return value
