"""RestCall: a request as the rows understood it, and what the database has said of its names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from vecgate.operations.messages import Request
from vecgate.operations.table import Call, Row
from vecgate_milvus import names
from vecgate_milvus.rest.schema import Schema

HEADER: Final = "db-name"
COLLECTION: Final = "collectionName"
ALIAS: Final = "aliasName"

_OF_RIGHTS: Final = frozenset({"rest roles/grant_privilege_v2", "rest roles/revoke_privilege_v2"})
"""Their `dbName` is of a right, and may be `*`."""


@dataclass(frozen=True, slots=True)
class RestCall(Call):
    """`params` are `database`, and `collection` and `alias` where the body names them."""

    written: str = ""
    """The collection as the client named it: what look-ups ask for, before and after they are answered."""
    schema: Schema | None = None

    @property
    def database(self) -> str:
        return self.params["database"]

    @property
    def collection(self) -> str:
        return self.params.get("collection", "")

    def resource(self, name: str) -> str:
        return f"{self.database}/{name}"

    def resolved(self, collection: str, *, sent: bool, schema: Schema | None) -> RestCall:
        """The same with the collection that a name stands for; `sent` is whether that is what the database is told."""
        document = {**self.document, COLLECTION: collection if sent else self.written}
        return replace(self, params={**self.params, "collection": collection}, document=document, schema=schema)


def called(row: Row, request: Request, body: Any) -> RestCall:
    """The call of a body that has the row's shape: without nulls, in the one database that it means.

    The server goes by the body, then by the header, then by its default; its own access checks once did not. Raises
    Refusal: bad_body where body and header name two.
    """
    document = _without_nulls(body)
    of_right = row.operation in _OF_RIGHTS
    database = names.database("" if of_right else document.get("dbName", ""), request.headers.get(HEADER, ""))
    if row.body is not None and "dbName" in row.body.members and not of_right:
        document["dbName"] = database
    params = {"database": database}
    if document.get(COLLECTION):
        params["collection"] = document[COLLECTION]
    if ALIAS in document:
        params["alias"] = document[ALIAS]
    return RestCall(row, params, (), document, document.get(COLLECTION, ""))


def _without_nulls(document: dict[str, Any]) -> dict[str, Any]:
    """Null is "not given", but in what is written: there it is a value."""
    return {name: _inner(name, member) for name, member in document.items() if member is not None}


def _inner(name: str, member: Any) -> Any:
    if name not in _STRUCTURES:
        return member
    if type(member) is list:
        return [_without_nulls(one) if type(one) is dict else one for one in member]
    return _without_nulls(member) if type(member) is dict else member


_STRUCTURES: Final = frozenset({"schema", "fields", "functions", "functionScore", "indexParams", "rerank", "search"})
