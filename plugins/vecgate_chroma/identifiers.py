"""Identifiers: the path slots that hold a UUID, and what the database is asked to learn whose it is.

A single-node server serves a collection by its UUID under any tenant and database in the path. Only `by-id` binds the
three to each other (measured), so that is what is asked, and what it names is what is judged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from uuid import UUID

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.dialect import Lookup
from vecgate.operations.document import parse
from vecgate.operations.messages import Answer, Outgoing
from vecgate.operations.model import Resource
from vecgate.operations.table import Call
from vecgate.reasons import Reason
from vecgate_chroma.bodies import NAME
from vecgate_chroma.catalogue import identified
from vecgate_chroma.effects import sibling
from vecgate_chroma.table import TABLE

# Every spelling that the server takes: in braces, as a URN, without dashes, in any case (measured).
_UUID: Final = re.compile(r"(?:urn:uuid:)?(\{)?[0-9a-f]{8}(-?)(?:[0-9a-f]{4}\2){3}[0-9a-f]{12}(?(1)\})", re.IGNORECASE)


def canonical(params: Mapping[str, str]) -> dict[str, str]:
    """The path's parameters, a UUID in its one spelling. Raises Refusal: bad_target."""
    checked = dict(params)
    for slot, value in params.items():
        if slot == "collection_id":
            if not _UUID.fullmatch(value):
                raise Refusal(Reason.BAD_TARGET, "The collection is not named by its UUID.")
            checked[slot] = str(UUID(value.lower()))
        else:
            try:
                NAME.check(value, slot)
            except Refusal:
                raise Refusal(Reason.BAD_TARGET, "A name in the path cannot be one.") from None
    return checked


def by_id(call: Call) -> Lookup:
    return _by_id(call.params["tenant"], call.params["database"], call.params["collection_id"])


@lru_cache(maxsize=4096)
def _by_id(tenant: str, database: str, uuid: str) -> Lookup:
    path = TABLE["get_collection_by_id"].target({"tenant": tenant, "database": database, "collection_id": uuid})
    return Lookup(f"id:{path}", Outgoing("GET", path), uuid)


def by_name(call: Call) -> Lookup:
    path = TABLE["get_collection"].target({**call.params, "name": call.document["name"]})
    return Lookup(f"name:{path}", Outgoing("GET", path))


def learnt(answer: Answer) -> Resource | None:
    """The resource of the collection that a look-up found, None for the server's own "not found".

    Raises Unmaskable for any other answer: a route that is missing says nothing about a name.
    """
    try:
        document = parse(answer.body)
    except Refusal:
        raise Unmaskable("The database did not say what a name stands for.") from None
    if answer.status == 404 and isinstance(document, dict) and document.get("error") == "NotFoundError":
        return None
    if answer.status != 200:
        raise Unmaskable("The database did not say what a name stands for.")
    return identified(document)[1]


def bound(call: Call, resource: Resource | None) -> Resource:
    """The resource behind a UUID, if it lies where the path says.

    Raises Refusal: not_found, the same for one that lies elsewhere as for one that does not exist.
    """
    parent = sibling(call, "")
    if resource is None or not resource.startswith(parent):
        stop = "" if call.row.operation == "get_collection_by_id" else "."  # the server's own two spellings
        raise Refusal(Reason.NOT_FOUND, f"Collection [{call.params['collection_id']}] does not exist{stop}")
    return resource
