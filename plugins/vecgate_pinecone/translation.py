"""Translation: indexes as API 2026-07 spells them, to and from 2026-04.

The Python client 10 asks for 2026-07 and reads its answers alone. There an index is a schema of typed fields; one whose
only field is `_values` or `_sparse_values` is the same index that 2026-04 describes by dimension, metric and vector
type (read in the client, `legacy_index_translation`), and only those are served. What is sent is 2026-04.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.shapes import POSITIVE, TEXT, MapOf, Shape, enumeration, nullable
from vecgate.reasons import Reason
from vecgate_pinecone.kinds import TAGS
from vecgate_pinecone.names import INDEX
from vecgate_pinecone.settings import METRIC, PROTECTION, READ_CAPACITY

DENSE: Final = "_values"
SPARSE: Final = "_sparse_values"

_FIELD: Final = Shape(
    {"type": enumeration("dense_vector", "sparse_vector"), **nullable(dimension=POSITIVE, metric=METRIC)},
    frozenset({"type"}),
)
_CREATE: Final = Shape(
    {
        "name": INDEX,
        "schema": Shape({"fields": MapOf(_FIELD)}, frozenset({"fields"})),
        "deployment": Shape(
            {
                "deployment_type": enumeration("managed", "pod", "byoc"),
                **nullable(
                    cloud=TEXT, region=TEXT, environment=TEXT, pod_type=TEXT, replicas=POSITIVE, shards=POSITIVE
                ),
            },
            frozenset({"deployment_type"}),
        ),
        **nullable(read_capacity=READ_CAPACITY, deletion_protection=PROTECTION, tags=TAGS),
    },
    frozenset({"name", "schema", "deployment"}),
)
_CONFIGURE: Final = Shape(
    nullable(
        deployment=Shape(nullable(replicas=POSITIVE, pod_type=TEXT)),
        read_capacity=READ_CAPACITY,
        deletion_protection=PROTECTION,
        tags=TAGS,
    )
)
_KEPT: Final = ("deletion_protection", "tags")


def asked(operation: str, document: Any) -> Any:
    """A body of 2026-07 as 2026-04 spells it. Raises Refusal: bad_body, unknown_member, unknown_operation."""
    translate = _ASKED.get(operation)
    return document if translate is None else translate(document)


def described(index: Mapping[str, Any]) -> dict[str, Any]:
    """An index of 2026-04, rebuilt already, as 2026-07 spells it."""
    ((kind, spec),) = index["spec"].items()
    shown = {name: index[name] for name in ("name", "host", "status", "tags") if name in index}
    return {
        **shown,
        "deletion_protection": index.get("deletion_protection") or "disabled",
        "schema": {"fields": {**_fields(index), **((spec.get("schema") or {}).get("fields") or {})}},
        "deployment": _deployment(kind, spec),
        "read_capacity": spec.get("read_capacity"),
        "source_collection": spec.get("source_collection"),
    }


def _created(document: Any) -> dict[str, Any]:
    typed = type(document) is dict and type(document.get("schema")) is dict and document["schema"].get("fields")
    if type(typed) is dict and not ({DENSE, SPARSE} >= typed.keys() and len(typed) == 1):
        raise Refusal(Reason.UNKNOWN_OPERATION, "Indexes with typed schemas are not served.")
    _CREATE.check(document)
    body: dict[str, Any] = {"name": document["name"], **_kept(document)}
    for name, field in document["schema"]["fields"].items():
        if field["type"] != ("dense_vector" if name == DENSE else "sparse_vector"):
            raise Refusal(Reason.BAD_BODY, f"{name} is of another type.")
        body["vector_type"] = "dense" if name == DENSE else "sparse"
        body |= {member: field[member] for member in ("dimension", "metric") if field.get(member) is not None}
    return {**body, "spec": _spec(document["deployment"], document.get("read_capacity"))}


def _configured(document: Any) -> dict[str, Any]:
    _CONFIGURE.check(document)
    spec: dict[str, Any] = {}
    if document.get("deployment"):
        spec["pod"] = document["deployment"]
    if document.get("read_capacity"):
        spec["serverless"] = {"read_capacity": document["read_capacity"]}
    return {**_kept(document), **({"spec": spec} if spec else {})}


def _kept(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in _KEPT if document.get(name) is not None}


def _spec(deployment: Mapping[str, Any], read_capacity: Any) -> dict[str, Any]:
    members = {name: value for name, value in deployment.items() if name != "deployment_type" and value is not None}
    capacity = {} if read_capacity is None else {"read_capacity": read_capacity}
    match deployment["deployment_type"]:
        case "managed":
            return {"serverless": {**members, **capacity}}
        case "byoc":
            return {"byoc": {**members, **capacity}}
        case _:
            pods = members.get("replicas", 1) * members.get("shards", 1)
            return {"pod": {**members, "pods": pods, **capacity}}


def _fields(index: Mapping[str, Any]) -> dict[str, Any]:
    if embed := index.get("embed"):
        name = (embed.get("field_map") or {}).get("text") or "text"
        members = ("model", "metric", "read_parameters", "write_parameters")
        return {name: {"type": "semantic_text", **{member: embed.get(member) for member in members}}}
    if index.get("vector_type") == "sparse":
        return {SPARSE: {"type": "sparse_vector"}}
    return {DENSE: {"type": "dense_vector", "dimension": index.get("dimension"), "metric": index["metric"]}}


def _deployment(kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    match kind:
        case "serverless":
            return {"deployment_type": "managed", "cloud": spec["cloud"], "region": spec["region"]}
        case "byoc":
            return {"deployment_type": "byoc", "environment": spec["environment"]}
        case _:
            return {
                "deployment_type": "pod",
                "environment": spec["environment"],
                "pod_type": spec["pod_type"],
                "replicas": spec.get("replicas") or 1,
                "shards": spec.get("shards") or 1,
            }


_ASKED: Final[Mapping[str, Callable[[Any], Any]]] = {"create_index": _created, "configure_index": _configured}
