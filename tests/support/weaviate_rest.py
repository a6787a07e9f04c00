"""What the tests of Weaviate's REST API share: readings of requests, decisions, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tests.support.qdrant_scene import ALICE, OPEN, decided, masks
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import Answer, Outgoing, Request
from vecgate.operations.model import Operation, Resource
from vecgate.operations.site import Site
from vecgate.operations.target import parse
from vecgate_weaviate import WeaviateDialect
from vecgate_weaviate.known import ALIASES, SCHEMA, Collection

__all__ = ["ALICE", "OPEN", "decided", "masks"]

WEAVIATE: Final = WeaviateDialect()
ID: Final = "00000000-0000-4000-8000-000000000001"
OTHER: Final = "00000000-0000-4000-8000-000000000002"
KNOWN: Final = {
    "Docs": Collection({"by": ("Person",), **dict.fromkeys(("title", "ssn", "home", "home.town", "to"), ())}),
    "Person": Collection(),
    "Secret": Collection(),
    "Spaces": Collection({"by": ("Person", "Spaces"), "title": ()}, tenants=True),
    "Rooms": Collection({"title": ()}, tenants=True, makes_tenants=True),
}
"""The schema: collections, and where their references lead. `Spaces` and `Rooms` have tenants."""
ISSUER: Final = "https://idp.example/"


def request(method: str, path: str, body: Any = None) -> Request:
    raw = b"" if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
    site = Site("docs", "gateway:1", "db:1", "", (ISSUER,), {})
    return Request(method, parse(f"/v1{path}"), {"content-type": "application/json"}, raw, site)


def reading(method: str, path: str, body: Any = None, *, schema: Mapping[str, Any] = KNOWN, **aliases: str) -> Reading:
    """A bound reading; `aliases` are those that the database has."""
    read = WEAVIATE.read(request(method, path, body))
    names = {ALIASES.key: aliases, SCHEMA.key: schema}
    return WEAVIATE.bind(read, {lookup.key: names[lookup.key] for lookup in WEAVIATE.lookups(read)})


def judged(method: str, path: str, body: Any = None, **more: Any) -> tuple[Operation, ...]:
    return reading(method, path, body, **more).operations


def answer(document: Any, status: int = 200) -> Answer:
    return Answer(status, (("content-type", "application/json"),), msgspec.json.encode(document))


def masked(
    read: Reading,
    mask: MaskSet,
    document: Any,
    visible: Callable[[Resource], bool] = lambda resource: True,
    **others: MaskSet,
) -> Masked:
    given = document if isinstance(document, Answer) else answer(document)
    return WEAVIATE.mask(read, decided(mask, visible, **others), ALICE, given)


def shown(read: Reading, mask: MaskSet, document: Any, **more: Any) -> Any:
    """The document that the caller gets."""
    return msgspec.json.decode(masked(read, mask, document, **more).answer.body)


def sent(read: Reading, mask: MaskSet, **others: MaskSet) -> tuple[Outgoing, Any]:
    """What the database is asked, and the document of it."""
    outgoing = WEAVIATE.rewrite(read, decided(mask, lambda resource: True, **others))
    return outgoing, msgspec.json.decode(outgoing.body) if outgoing.body else None
