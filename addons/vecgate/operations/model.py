"""Operation: what one request, or one element of it, does to which resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

type Resource = str
"""A path from the widest to the narrowest name, `tenant/database/collection`; names never contain `/`.

`parent/*` stands for a list of what is beneath, `**` for the whole server."""


class Action(StrEnum):
    """The closed set of what can be granted."""

    META = "meta"
    SEARCH = "search"
    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    ADMIN = "admin"


class Risk(StrEnum):
    """The closed set of what an approval rule can ask for; several may apply to one operation."""

    DROP_COLLECTION = "drop_collection"
    BULK_DELETE = "bulk_delete"
    BULK_UPDATE = "bulk_update"
    BULK_EXPORT = "bulk_export"
    SCHEMA_CHANGE = "schema_change"
    INDEX_REBUILD = "index_rebuild"
    ALIAS_CHANGE = "alias_change"
    SNAPSHOT = "snapshot"
    RESTORE = "restore"
    CLUSTER_CHANGE = "cluster_change"
    ACCESS_CHANGE = "access_change"
    EGRESS = "egress"
    DISCLOSURE = "disclosure"


class Scope(StrEnum):
    """How the resources of an operation are to be read."""

    NAMED = "named"  # every resource is a concrete name and needs a grant
    LIST = "list"  # `parent/*`: `meta` on something beneath is enough, the answer is filtered. Of one name, whether it
    # exists is asked; it does not, for whoever may not see it
    SERVICE = "service"  # service facts: any grant on the connection is enough; no resources


@dataclass(frozen=True, slots=True)
class Operation:
    """One judged effect. Hash-free, immutable; equality is by value."""

    name: str
    action: Action
    resources: tuple[Resource, ...] = ()
    scope: Scope = Scope.NAMED
    fields_used: tuple[str, ...] = ()
    """Dotted payload fields that steer the request (filter, sort, group, facet); `#document` for full text."""
    vectors: bool = False
    """Stored vectors would come back, engine defaults included, before masking."""
    scores_steer: bool = False
    """A score threshold or a formula over scores steers the request (an oracle for masked vectors)."""
    risks: tuple[Risk, ...] = ()
    copies: bool = False
    """Content goes from the first resource to the others: their masks must be at least as strict."""
    count: int = 1
    """Elements that limits count: queries of a batch, ids, records written."""
    points: int | None = 0
    """Upper bound of records that come back; None is unbounded."""
    query: Mapping[str, Any] = field(default_factory=dict)
    """What evidence records: texts, filters, limits. Never raw vectors, tokens or documents written."""

    def on(self, resources: tuple[Resource, ...]) -> Operation:
        """The same operation, its names resolved. In every request's way, so it is spelt out."""
        return Operation(
            self.name,
            self.action,
            resources,
            self.scope,
            self.fields_used,
            self.vectors,
            self.scores_steer,
            self.risks,
            self.copies,
            self.count,
            self.points,
            self.query,
        )
