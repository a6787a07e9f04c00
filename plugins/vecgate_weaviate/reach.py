"""Reach: the collections that one query touches, and which of their properties steer it.

A filter may walk from a collection along its references into others, and what is selected may follow them: each is
judged by itself, with the properties of its own that the query uses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.model import Resource, Risk
from vecgate.reasons import Reason

ALL: Final = "*"
"""Some property or other: what searches all texts is steered by the masked ones, too."""

_CLASS: Final = re.compile(r"[A-Za-z][_0-9A-Za-z]{0,254}")
_TENANT: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LENGTH: Final = re.compile(r"len\((.*)\)", re.DOTALL)
MOST: Final = 1000
"""Collections, and properties that steer, which are judged of one request."""
_INDEX: Final = re.compile(r"\[[^\[\].]*\]")
"""Which element of a list: the server takes `[0]`, `[007]` and `[+1]`."""
_NOT_PAYLOAD: Final = frozenset({"id", "_id", "_creationTimeUnix", "_lastUpdateTimeUnix"})


@dataclass(slots=True)
class Step:
    """What a query does to one collection."""

    fields: dict[str, None] = field(default_factory=dict)
    """Properties that steer it, in the order they were met."""
    vectors: bool = False
    returned: bool = False
    """Its objects come back."""
    risks: dict[Risk, None] = field(default_factory=dict)


@dataclass(slots=True)
class Reach:
    """The steps by collection; the first is what was asked."""

    steps: dict[str, Step] = field(default_factory=dict)
    size: int = 0

    def step(self, collection: str) -> Step:
        """Raises Refusal: body_too_large."""
        found = self.steps.get(collection)
        if found is None:
            found = self.steps[collection] = Step()
            self._grow()
        return found

    def uses(self, collection: str, properties: Iterable[str]) -> None:
        """These properties of the collection steer the query. Raises Refusal: body_too_large."""
        step = self.step(collection)
        for name in properties:
            own = _INDEX.sub("", name) if "[" in name else name
            if own not in _NOT_PAYLOAD and own not in step.fields:
                step.fields[own] = None
                self._grow()

    def _grow(self) -> None:
        self.size += 1
        if self.size > MOST:
            raise Refusal(Reason.BODY_TOO_LARGE, f"At most {MOST} collections and properties steer a request.")

    def walk(self, collection: str, path: Sequence[str]) -> None:
        """A path: a property, or reference, collection, … and at last a property. Raises Refusal: bad_body."""
        if len(path) % 2 != 1:
            raise Refusal(Reason.BAD_BODY, "A path is a property, or goes reference, collection, property.")
        for index in range(0, len(path) - 1, 2):
            self.uses(collection, (steering(path[index]),))
            collection = collection_name(path[index + 1])
        self.uses(collection, (steering(path[-1]),))

    def where(self, collection: str, clause: Mapping[str, Any]) -> None:
        """Every path of a filter in JSON. Raises Refusal: bad_body, also for several values beside one another."""
        if sum(name.startswith("value") and value is not None for name, value in clause.items()) > 1:
            raise Refusal(Reason.BAD_BODY, "A filter compares with several values.")
        if path := clause.get("path"):
            self.walk(collection, path)
        for operand in clause.get("operands") or ():
            self.where(collection, operand)


def collection_name(text: str) -> str:
    """The collection's own spelling: the server makes the first letter a capital. Raises Refusal: bad_body."""
    if not _CLASS.fullmatch(text):
        raise Refusal(Reason.BAD_BODY, "A collection's name is malformed.")
    return text[0].upper() + text[1:]


def tenant_name(text: str) -> str:
    """Raises Refusal: bad_body."""
    if not _TENANT.fullmatch(text):
        raise Refusal(Reason.BAD_BODY, "A tenant's name is malformed.")
    return text


def place(collection: str, tenant: str) -> Resource:
    """Raises Refusal: bad_body for a tenant that cannot be one."""
    return f"{collection}/{tenant_name(tenant)}" if tenant else collection


def property_name(text: str) -> str:
    """The property's own spelling: the server makes the first letter a small one."""
    return text[:1].lower() + text[1:]


def steering(text: str) -> str:
    """The property behind an element of a path: of its length, too."""
    found = _LENGTH.fullmatch(text)
    return property_name(found[1].strip() if found else text)


def searched(properties: Iterable[str] | None) -> tuple[str, ...]:
    """The properties of a keyword search, without weights such as `title^2`. None given is all there are."""
    named = tuple(property_name(name.split("^")[0].strip()) for name in properties or ())
    return named or (ALL,)
