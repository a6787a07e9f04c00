"""Steering: what of a call decides what comes back: filters, searches, orders, groups, boosts, what models are told.

What decides is told to a `Reach`, collection by collection: filters and references walk from one into another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.budget import Budget
from vecgate.operations.model import Risk
from vecgate.reasons import Reason
from vecgate_weaviate.graphql.members import prompted
from vecgate_weaviate.known import EVERYTHING, Known
from vecgate_weaviate.reach import ALL, Reach, property_name, searched, steering

NEAR: Final = (
    "near_vector",
    "near_object",
    "near_text",
    "near_image",
    "near_audio",
    "near_video",
    "near_depth",
    "near_thermal",
    "near_imu",
)
HYBRID: Final = ("hybrid_search", "hybrid")
ADDRESSES: Final = frozenset(
    {
        *("base_url", "api_endpoint", "endpoint", "resource_name", "region", "location"),
        *("project_id", "endpoint_id", "deployment_id", "api_version", "is_azure"),
        *("service", "target_model", "target_variant"),
    }
)
"""Fields of a model's provider that say where content goes, as whole addresses or as parts of one."""

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(slots=True)
class Steering:
    """What a call does besides naming its collection."""

    known: Known
    operation: str = ""
    """Its name, for what a caller is told who has no grant."""
    reach: Reach = field(default_factory=Reach)
    risks: dict[Risk, None] = field(default_factory=dict)
    scores: bool = False
    """A threshold, or a formula over scores, decides."""
    budget: Budget = field(default_factory=lambda: Budget(10_000, "clauses"))
    """Of filters and orders."""

    def filter(self, clause: Any, collection: str) -> None:
        """Every path of a filter, in each of its spellings. Raises Refusal: bad_body, body_too_large."""
        self.budget.spend()
        for inner in clause.filters:
            self.filter(inner, collection)
        if clause.on:
            self.reach.walk(collection, clause.on)
        if clause.HasField("target"):
            self._target(clause.target, collection)

    def _target(self, target: Any, collection: str) -> None:
        kind = target.WhichOneof("target")
        if kind == "property":
            self.reach.uses(collection, (steering(target.property),))
        elif kind is not None:
            one = getattr(target, kind)
            name = property_name(one.on)
            self.reach.uses(collection, (name,))
            if kind == "single_target":
                self._target(one.target, self._led(collection, name))
            elif kind == "multi_target":
                self._target(one.target, self.known.collection(one.target_collection))

    def _led(self, collection: str, name: str) -> str:
        """Where a filter goes on. Which masks hold in a place that is not known is not known either, so nobody goes
        there; who may not even read where it begins is told the same. Raises Refusal: no_grant."""
        target = self.known.only(collection, name)
        if target == EVERYTHING and self.known.schema is not None:
            raise Refusal(Reason.NO_GRANT, f"No grant allows {self.operation}.")
        return target

    def search(self, message: Any, collection: str) -> bool:
        """What the searches of a message are steered by. Says whether there is one. Raises Refusal: bad_body."""
        fields = message.DESCRIPTOR.fields_by_name
        found = [name for name in (*NEAR, *HYBRID, "bm25_search") if name in fields and message.HasField(name)]
        for name in found:
            one = getattr(message, name)
            if name == "bm25_search":
                self.reach.uses(collection, searched(one.properties))
            elif name in HYBRID:
                self._hybrid(one, collection)
            else:
                self._near(one)
        return bool(found)

    def _hybrid(self, one: Any, collection: str) -> None:
        if one.query or one.properties:
            self.reach.uses(collection, searched(one.properties))
        self.scores |= one.WhichOneof("threshold") is not None or one.HasField("selection")
        for name in ("near_text", "near_vector"):
            if one.HasField(name):
                self._near(getattr(one, name))

    def _near(self, one: Any) -> None:
        """Choosing results that differ from one another weighs scores, as a formula does."""
        self.scores |= any(one.HasField(name) for name in ("certainty", "distance", "selection"))
        for uuid in _uuids(one):
            checked_uuid(uuid)

    def sort(self, path: Any, collection: str) -> None:
        self.budget.spend()
        self.reach.walk(collection, path)

    def boost(self, boost: Any, collection: str) -> None:
        """A weight that moves an object past another says how far their scores lie apart."""
        self.scores = True
        for one in boost.conditions:
            kind = one.WhichOneof("condition")
            if kind == "filter":
                self.filter(one.filter, collection)
            elif kind is not None:
                self.reach.uses(collection, (steering(getattr(one, kind).property),))

    def rerank(self, rerank: Any, collection: str) -> None:
        self.risks[Risk.EGRESS] = None
        self.reach.uses(collection, (property_name(rerank.property),))

    def generate(self, generative: Any, collection: str) -> None:
        """In both spellings: which of them counts hangs on a flag of the request. Raises Refusal: unknown_member."""
        self.risks[Risk.EGRESS] = None
        used = [*prompted(generative.single_response_prompt), *prompted(generative.single.prompt)]
        if generative.grouped_response_task or generative.grouped_properties:
            used += generative.grouped_properties or (ALL,)
        if generative.HasField("grouped"):
            used += generative.grouped.properties.values or (ALL,)
        for query in (*generative.single.queries, *generative.grouped.queries):
            used += _provided(query)
        self.reach.uses(collection, (ALL if name == ALL else property_name(name.strip()) for name in used))


def checked_uuid(text: str) -> None:
    """An object's id is nothing but that: the server makes addresses from it. Raises Refusal: bad_body."""
    if not _UUID.fullmatch(text):
        raise Refusal(Reason.BAD_BODY, "An object's id is not a UUID.")


def _uuids(near: Any) -> Iterator[str]:
    fields = near.DESCRIPTOR.fields_by_name
    if "id" in fields:
        yield near.id
    for name in ("move_to", "move_away"):
        if name in fields:
            yield from getattr(near, name).uuids


def _provided(query: Any) -> list[str]:
    """The properties whose pictures go to a model. Raises Refusal for a request that says where that model is."""
    kind = query.WhichOneof("kind")
    if kind is None:
        return []
    provider = getattr(query, kind)
    for one, _ in provider.ListFields():
        if one.name in ADDRESSES:
            raise Refusal(Reason.UNKNOWN_MEMBER, f"{one.name} is refused: where models are, the database says.")
    if "image_properties" not in provider.DESCRIPTOR.fields_by_name:
        return []
    return list(provider.image_properties.values)
