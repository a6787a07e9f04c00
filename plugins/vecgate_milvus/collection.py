"""Collection: what the database says a name stands for, with as much of the schema as judging and masking need.

The server takes an alias wherever it takes a collection's name. What it describes is asked first; that name is judged,
and that name is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vecgate.operations.dialect import Lookup
from vecgate.operations.messages import Outgoing
from vecgate.operations.model import Resource


@dataclass(frozen=True, slots=True)
class Collection:
    """`resource` is `database/collection`, never an alias. Without a schema, only that is known."""

    resource: Resource
    key: str = ""
    """The primary field; empty where the schema is not known."""
    scalars: tuple[str, ...] = ()
    """Fields that are no vectors, in the schema's order; struct arrays are left out if all they hold are vectors."""
    vectors: frozenset[str] = frozenset()
    """Fields that are vectors; of a struct array `struct[field]`."""
    dynamic: bool = False
    """Records may have members that the schema does not name."""
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By vector field: the text fields that it is made of word by word, so that a search in it asks for their words."""


def lookup(resource: Resource, request: Outgoing) -> Lookup:
    """Asks what a name stands for. What is learnt is a `Collection`, None if the name does not exist."""
    return Lookup(f"collection {resource}", request, resource.rpartition("/")[2])


def learnt(names: Mapping[str, Any], resource: Resource) -> Collection:
    """What is known of a name as it was written: itself, where nothing was learnt.

    `vecgate classify` may have been given the full resource alone."""
    found = names.get(f"collection {resource}")
    if isinstance(found, Collection):
        return found
    return Collection(found if isinstance(found, str) else resource)
