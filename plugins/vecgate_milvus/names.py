"""Names: databases and collections as requests write them, and the one resource that they come to.

Both wires have two places for the database: a field of the request, and metadata `dbname` or the header `DB-Name`. The
field wins on the server; here they may not differ, and what is sent says the same in both.
"""

from __future__ import annotations

import re
from typing import Final

from vecgate.errors import Refusal
from vecgate.operations.model import Resource
from vecgate.reasons import Reason

DEFAULT: Final = "default"
"""The database of a request that names none."""

# Letters, digits and `_` are what the server takes; its configuration may add `$` and `-`. Never `/`, `.` or `*`.
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]{0,254}")


def database(field: str, header: str = "") -> str:
    """The effective database. Raises Refusal: bad_body for one that cannot be a name, or for two that differ."""
    if field and header and field != header:
        raise Refusal(Reason.BAD_BODY, "The request and its metadata name two databases.")
    return checked(field or header or DEFAULT, "database")


def checked(name: str, what: str = "collection") -> str:
    """The name, if it can be one. Raises Refusal: bad_body."""
    if not is_name(name):
        raise Refusal(Reason.BAD_BODY, f"The {what} is not named, or its name cannot be one.")
    return name


def is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def resource(database: str, collection: str) -> Resource:
    """The resource of a collection, its name checked. Raises Refusal: bad_body."""
    return f"{database}/{checked(collection)}"


def last(resource: Resource) -> str:
    """The collection's own name."""
    return resource.rpartition("/")[2]
