"""GrpcCall: a call's message with what the database has said of the names in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple

from google.protobuf.descriptor import Descriptor

from vecgate.errors import Refusal
from vecgate.operations.model import Resource
from vecgate.operations.table import Call
from vecgate.reasons import Reason
from vecgate_milvus import names
from vecgate_milvus.collection import Collection, learnt

_COLLECTION: Final = ("collection_name", "collectionName", "oldName", "collection_names")
_DATABASE: Final = ("db_name", "dbName")
_NEW: Final = frozenset({"CreateCollectionRequest"})
"""Requests whose name is no collection's or alias' yet."""
_OF_RIGHTS: Final = frozenset({"OperatePrivilegeV2Request"})
"""Requests whose names are of a right, and may be `*`."""


class Places(NamedTuple):
    """The fields of a request in which names stand; empty where it has none."""

    database: str
    collection: str
    several: bool


@cache
def places(kind: Descriptor) -> Places:
    """The request's own field for its database, and the one for a collection that the server resolves."""
    fields = {} if kind.name in _OF_RIGHTS else kind.fields_by_name
    database = next((name for name in _DATABASE if name in fields), "")
    collection = next((name for name in _COLLECTION if name in fields and kind.name not in _NEW), "")
    several = bool(collection) and fields[collection].is_repeated
    return Places(database, collection, several)


class Names(dict[str, str]):
    """What templates of resources are filled with. Raises Refusal: bad_body for a name that the request lacks."""

    def __missing__(self, key: str) -> str:
        raise Refusal(Reason.BAD_BODY, f"The {key} is not named.")


@dataclass(frozen=True, slots=True)
class GrpcCall(Call):
    """`params` are `database`, and `collection` where the message names one; `known` is as `Reading.names`."""

    known: Mapping[str, Any] = field(default_factory=dict)

    @property
    def database(self) -> str:
        return self.params["database"]

    @property
    def place(self) -> Places:
        return places(self.document.DESCRIPTOR)

    @property
    def written(self) -> tuple[str, ...]:
        """The collections' names as the message has them."""
        place = self.place
        if not place.collection:
            return ()
        found = getattr(self.document, place.collection)
        return tuple(found) if place.several else (found,) if found else ()

    def references(self) -> Iterator[Resource]:
        """Everything that may be an alias, and is to be asked for."""
        for name in self.written:
            yield names.resource(self.database, name)
        if "alias" in self.document.DESCRIPTOR.fields_by_name:
            yield names.resource(self.database, self.document.alias)

    def collection(self, name: str) -> Collection:
        """What is known of a name of this call's database. Raises Refusal: bad_body for what cannot be one."""
        return learnt(self.known, names.resource(self.database, name))

    @property
    def target(self) -> Collection:
        """The only collection of the call."""
        return self.collection(getattr(self.document, self.place.collection))
