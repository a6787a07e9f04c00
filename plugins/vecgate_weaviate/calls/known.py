"""Known: what the database has said of the names in a call: what aliases stand for, where references lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate_weaviate.graphql.reach import collection_name

EVERYTHING: Final = "**"
"""Stands for a collection that is not known: only a grant that covers all covers it."""


@dataclass(frozen=True, slots=True)
class Known:
    aliases: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """By collection and property, where it leads."""

    @classmethod
    def of(cls, names: Mapping[str, Any]) -> Known:
        return cls()

    def collection(self, written: str) -> str:
        """The collection's own name. Raises Refusal: bad_body."""
        name = collection_name(written)
        return self.aliases.get(name, name)

    def target(self, collection: str, name: str, written: str) -> str:
        """Where a reference leads. If into one collection only, the server goes there, whichever one is named."""
        targets = self.references.get(collection, {}).get(name, ())
        if len(targets) == 1:
            return targets[0]
        named = self.collection(written) if written else EVERYTHING
        return named if named in targets else EVERYTHING

    def only(self, collection: str, name: str) -> str:
        """Where a reference leads that may lead into one collection only."""
        return self.target(collection, name, "")
