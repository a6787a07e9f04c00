"""Objects: records as they come back, each by the masks of its collection and tenant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from vecgate.errors import Refusal, Unmaskable
from vecgate.masking import payloads
from vecgate.masking.maskset import MaskSet
from vecgate.operations.dialect import Record
from vecgate.operations.document import Numbers
from vecgate.operations.model import Resource
from vecgate.operations.shapes import Nullable
from vecgate.operations.vectors import is_vector
from vecgate.policy.decision import Decision
from vecgate_weaviate import beacons
from vecgate_weaviate.reach import place
from vecgate_weaviate.rest.kinds import CLASS, TENANT
from vecgate_weaviate.rest.outgoing import masks_of

_KNOWN: Final = frozenset(
    {
        *("class", "id", "properties", "vector", "vectors", "creationTimeUnix", "lastUpdateTimeUnix", "tenant"),
        *("vectorWeights", "additional"),
    }
)
_STATUS: Final = frozenset({"SUCCESS", "FAILED", "PENDING", "DRYRUN"})
FAILED: Final = {"error": [{"message": "The database refused this one."}]}
"""In place of what the database says, which may quote what is stored."""


@dataclass(slots=True)
class Objects:
    """The masks of a decision at work on one answer; collects what evidence wants to know."""

    decision: Decision
    records: list[Record] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)

    def shown(self, value: Any, collection: str, tenant: str) -> dict[str, Any]:
        """An object of this collection, or of whichever it says, if none was asked for. Raises Unmaskable."""
        one = members(value, _KNOWN)
        named = one.get("class")
        if type(named) is not str or type(one.get("id")) is not str or (collection and named != collection):
            raise Unmaskable("an object is of another collection than was asked for")
        if tenant and one.get("tenant") not in (None, "", tenant):
            raise Unmaskable("an object is of another tenant than was asked for")
        at = _placed(named, tenant or one.get("tenant") or "")
        masks = masks_of(self.decision, at)
        shown: dict[str, Any] = {}
        kept: Mapping[str, Any] = {}
        for name, part in one.items():
            match name:
                case "properties" if part is not None:
                    shown[name], kept = payloads.masked(self._led(part), masks, self.masked)
                case "vector" if part is not None:
                    if (vector := self._vector(part, masks)) is not None:
                        shown[name] = vector
                case "vectors" if part is not None:
                    vectors = {key: self._vector(each, masks) for key, each in members(part).items()}
                    if seen := {key: each for key, each in vectors.items() if each is not None}:
                        shown[name] = seen
                case "vectorWeights" | "additional":
                    pass  # made of what is stored, by whichever module
                case _:
                    shown[name] = scalar(part)
        self.records.append(Record(at, one["id"], kept))
        return shown

    def _led(self, properties: Any) -> Any:
        """Properties without references to objects of collections that the caller may not know."""
        if type(properties) is not dict or not any(map(refers, properties.values())):
            return properties
        shown = dict(properties)
        for name, value in properties.items():
            if refers(value):
                shown[name] = [self._reference(one) for one in value if self._told(one)]
                if len(shown[name]) != len(value):
                    self.masked.add(name)
        return shown

    def _told(self, one: Any) -> bool:
        return not (_is_reference(one) and beacons.hidden(one["beacon"], self.decision.visible))

    @staticmethod
    def _reference(one: Any) -> Any:
        """Where it leads, and nothing that was computed of it; a value among references stays what it is."""
        if not _is_reference(one):
            return one
        href = f"/v1/objects/{one['beacon'].removeprefix('weaviate://localhost/')}"
        return {"beacon": one["beacon"]} | ({"href": href} if one.get("href") == href else {})

    def stored(self, value: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One of a batch, with how it went."""
        one = dict(members(value, _KNOWN | {"result", "deprecations"}))
        result = self.result(one.pop("result", None))
        one.pop("deprecations", None)
        return {**self.shown(one, asked["class"], asked.get("tenant") or ""), "deprecations": [], "result": result}

    def result(self, value: Any) -> dict[str, Any]:
        """How one of a batch went. Raises Unmaskable."""
        given = members({} if value is None else value, {"status", "errors"})
        status = given.get("status", "SUCCESS")
        if type(status) is not str or status not in _STATUS:
            raise Unmaskable("a result is of an unknown kind")
        if given.get("errors") is not None or status == "FAILED":
            return {"status": "FAILED", "errors": FAILED}
        return {"status": status}

    def deleted(self, value: Any, at: Resource) -> dict[str, Any]:
        """An object that a filter found. Its id tells that it matches."""
        one = members(value, {"id", "status", "errors"})
        if type(one.get("id")) is not str:
            raise Unmaskable("an object has no id")
        self.records.append(Record(at, one["id"]))
        shown = self.result({name: part for name, part in one.items() if name != "id"})
        return {"id": one["id"], **shown}

    def _vector(self, value: Any, masks: MaskSet) -> Any:
        """One vector, or several of one object; None for what is left out."""
        dense = is_vector(value)
        if not dense and not (type(value) is list and all(map(is_vector, value))):
            raise Unmaskable("a vector is not one")
        if not masks.hides_vectors:
            return value
        self.masked.add("vectors")
        if not masks.fetches_vectors:
            return None
        if dense:
            return masks.vector(value)
        rows = [masks.vector(row) for row in value]
        return None if None in rows else rows


def refers(value: Any) -> bool:
    return type(value) is list and any(map(_is_reference, value))


def _is_reference(one: Any) -> bool:
    return type(one) is dict and beacons.is_beacon(one.get("beacon"))


def members(value: Any, known: frozenset[str] | set[str] | None = None) -> dict[str, Any]:
    """An object with none but these members. Raises Unmaskable."""
    if type(value) is not dict or (known is not None and not value.keys() <= known):
        raise Unmaskable("an answer has other members than expected")
    return value


def listed(value: Any) -> list[Any]:
    """Raises Unmaskable."""
    if value is None:
        return []
    if type(value) is not list:
        raise Unmaskable("a member is not an array")
    return value


def _placed(collection: str, tenant: Any) -> Resource:
    """Raises Unmaskable."""
    try:
        CLASS.check(collection, "class")
        Nullable(TENANT).check(tenant or None, "tenant")
    except Refusal as misfit:
        raise Unmaskable("an object is of a collection or a tenant that cannot be one") from misfit
    return place(collection, tenant)


def scalar(value: Any) -> Any:
    """A value that nothing can hide in but a text. Raises Unmaskable."""
    if type(value) in {dict, list, Numbers}:
        raise Unmaskable("a member of an object is not of the expected kind")
    return value
