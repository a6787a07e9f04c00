"""Aliases: names that stand for a collection. The database asks its alias map before its collections, so that map is
asked first here, too; what it says is judged, and sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vecgate.errors import Unmaskable
from vecgate.operations.dialect import Lookup, Reading
from vecgate.operations.messages import Outgoing
from vecgate.operations.model import Resource

KEY: Final = "aliases"
CHANGES: Final = frozenset({"update_aliases", "Collections/UpdateAliases"})
"""Operations on aliases themselves: sent as written, and judged on what those stand for until then, too."""
NONE: Final[Mapping[str, Resource]] = {}


def lookup(request: Outgoing) -> Lookup:
    """One look-up for all aliases: it is kept for seconds, whichever collection is asked for."""
    return Lookup(KEY, request, catalogue=True)


def resolved(reading: Reading, name: str) -> Resource:
    """The collection that a name of this request stands for; as written before `bind`."""
    return target(reading.names.get(KEY) or NONE, name)


def target(aliases: Mapping[str, Resource], name: str) -> Resource:
    """The collection behind a name, whose own name is no alias: what is sent is resolved by the database once more.

    Raises Unmaskable for aliases that stand for each other, which the database does not make.
    """
    for _ in range(len(aliases) + 1):
        if (found := aliases.get(name)) is None:
            return name
        name = found
    raise Unmaskable("The database's aliases stand for each other.")
