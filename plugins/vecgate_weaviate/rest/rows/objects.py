"""Rows about objects, their references, and batches of both."""

from __future__ import annotations

from typing import Any, Final

from vecgate.operations.model import Action
from vecgate.operations.shapes import COUNT, TEXT, ListOf
from vecgate.operations.table import Row
from vecgate_weaviate.rest import bodies, effects
from vecgate_weaviate.rest.kinds import CHANGED, CLASS, REFERENCE, STORED, TENANT
from vecgate_weaviate.rest.rows.common import INCLUDE, PLACED, READING, WRITING, Effect, refused, row

_ONE: Final = "/objects/{className}/{id}"
_LINKS: Final = f"{_ONE}/references/{{propertyName}}"
_ECHO: Final = "The server echoes what it stored: masked like what is read."
_MAKES: Final = (
    "`admin`, `schema_change` for a collection that does not exist, or does not have a property: the server makes it. "
    f"`schema_change`, too, for a tenant of a collection that makes tenants. {_ECHO}"
)
_LINKED: Final = "The collections that beacons name are read."
_NO_CLASS: Final = "An object without its collection: nobody can say what is asked for. Name the collection."
_SHOWN: Final = {"vectors": ("vector", "vectors"), "payload": ("properties",)}


def _link(name: str, method: str, action: Action, body: Any) -> Row:
    return row(
        f"objects.class.references.{name}",
        method,
        _LINKS,
        action,
        query=PLACED,
        body=body,
        note=_LINKED,
        effect=effects.links,
    )


def _by_id(name: str, method: str, action: Action, effect: Effect, **more: Any) -> Row:
    return row(f"objects.class.{name}", method, _ONE, action, effect=effect, **more)


ROWS: Final = (
    row(
        "objects.list",
        "GET",
        "/objects",
        Action.READ,
        ("{class}",),
        query={
            "after": TEXT,
            "offset": COUNT,
            "limit": COUNT,
            "include": INCLUDE,
            "sort": TEXT,
            "order": TEXT,
            "class": CLASS,
            "tenant": TENANT,
        },
        fields=("sort",),
        note="`**` where no `class` is named; then, with `after`, or above 1000 objects it is `bulk_export`.",
        effect=effects.listed,
        vectors=("objects[].vector", "objects[].vectors"),
        payload=("objects[].properties",),
    ),
    row(
        "objects.create",
        "POST",
        "/objects",
        Action.WRITE,
        ("{class}",),
        query=WRITING,
        body=STORED,
        note=_MAKES,
        effect=effects.stored,
        **_SHOWN,
    ),
    row(
        "objects.validate",
        "POST",
        "/objects/validate",
        Action.READ,
        ("{class}",),
        body=STORED,
        note="Says whether references lead to something.",
        effect=effects.validated,
    ),
    _by_id("get", "GET", Action.READ, effects.one, query=READING, **_SHOWN),
    _by_id("head", "HEAD", Action.READ, effects.one, query=PLACED),
    _by_id("delete", "DELETE", Action.DELETE, effects.one, query=PLACED),
    _by_id("put", "PUT", Action.WRITE, effects.stored, query=WRITING, body=CHANGED, note=_ECHO, **_SHOWN),
    _by_id("patch", "PATCH", Action.WRITE, effects.stored, query=WRITING, body=CHANGED),
    _link("create", "POST", Action.WRITE, REFERENCE),
    _link("put", "PUT", Action.WRITE, ListOf(REFERENCE)),
    _link("delete", "DELETE", Action.WRITE, REFERENCE),
    row(
        "batch.objects.create",
        "POST",
        "/batch/objects",
        Action.WRITE,
        ("{class}",),
        query=WRITING,
        body=bodies.OBJECTS,
        note=f"An operation for each collection and tenant; `bulk_update` above 1000 objects of one. {_MAKES}",
        effect=effects.stored,
        **_SHOWN,
    ),
    row(
        "batch.objects.delete",
        "DELETE",
        "/batch/objects",
        Action.DELETE,
        ("{class}",),
        query=PLACED,
        body=bodies.DELETE,
        fields=("match.where",),
        note="`bulk_delete` unless the filter names at most 10 ids. Collections that the filter walks into are read.",
        effect=effects.deleted,
    ),
    row(
        "batch.references.create",
        "POST",
        "/batch/references",
        Action.WRITE,
        ("{class}",),
        query=WRITING,
        body=bodies.REFERENCES,
        note=f"An operation for each collection and tenant. {_LINKED}",
        effect=effects.references,
    ),
    *(
        refused(f"objects.{name}", method, "/objects/{id}", _NO_CLASS)
        for name, method in (
            ("get", "GET"),
            ("head", "HEAD"),
            ("update", "PUT"),
            ("patch", "PATCH"),
            ("delete", "DELETE"),
        )
    ),
    *(
        refused(f"objects.references.{name}", method, "/objects/{id}/references/{propertyName}", _NO_CLASS)
        for name, method in (("create", "POST"), ("update", "PUT"), ("delete", "DELETE"))
    ),
)
