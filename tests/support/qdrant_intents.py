"""Requests of one intent in every spelling that Qdrant has for it: REST, its older routes, gRPC, its older calls.

A REST body is the intent; the Python client's own conversions make the message of it, so that neither reading of the
gateway's is what the other is held against.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pydantic import TypeAdapter
from qdrant_client import grpc as wire
from qdrant_client.conversions.conversion import RestToGrpc
from qdrant_client.http import models

from tests.support.qdrant_calls import request as called
from tests.support.qdrant_scene import request as rested
from vecgate.operations.messages import Request

type Spellings = dict[str, Request]

UPDATE: TypeAdapter[Any] = TypeAdapter(models.UpdateOperation)
CLUSTER: TypeAdapter[Any] = TypeAdapter(models.ClusterOperations)
ALIAS: TypeAdapter[Any] = TypeAdapter(models.AliasOperations)
QUERY: TypeAdapter[Any] = TypeAdapter(models.QueryInterface)
VECTOR: TypeAdapter[Any] = TypeAdapter(models.VectorStruct)


def at(collection: str, path: str = "") -> str:
    return f"/collections/{collection}{path}"


def filtered(document: Any) -> Any:
    return None if document is None else RestToGrpc.convert_filter(models.Filter.model_validate(document))


def point_id(value: Any) -> Any:
    return RestToGrpc.convert_extended_point_id(value)


# Reads


def counted(collection: str, document: Any) -> Spellings:
    return {
        "REST": rested("POST", at(collection, "/points/count"), {"filter": document}),
        "gRPC": called("Points/Count", wire.CountPoints(collection_name=collection, filter=filtered(document))),
    }


def scrolled(collection: str, body: Any) -> Spellings:
    asked = models.ScrollRequest.model_validate(body)
    message = wire.ScrollPoints(
        collection_name=collection,
        filter=filtered(body.get("filter")),
        limit=asked.limit,
        order_by=None if asked.order_by is None else RestToGrpc.convert_order_by_interface(asked.order_by),
        offset=None if asked.offset is None else point_id(asked.offset),
        **_shown(body),
    )
    return {
        "REST": rested("POST", at(collection, "/points/scroll"), body),
        "gRPC": called("Points/Scroll", message),
    }


def fetched(collection: str, body: Any) -> Spellings:
    message = wire.GetPoints(collection_name=collection, ids=[point_id(one) for one in body["ids"]], **_shown(body))
    return {"REST": rested("POST", at(collection, "/points"), body), "gRPC": called("Points/Get", message)}


def faceted(collection: str, body: Any) -> Spellings:
    message = wire.FacetCounts(
        collection_name=collection, key=body["key"], filter=filtered(body.get("filter")), limit=body.get("limit")
    )
    return {"REST": rested("POST", at(collection, "/facet"), body), "gRPC": called("Points/Facet", message)}


def matrix(collection: str, body: Any) -> Spellings:
    message = wire.SearchMatrixPoints(
        collection_name=collection,
        filter=filtered(body.get("filter")),
        sample=body.get("sample"),
        limit=body.get("limit"),
    )
    return {
        f"{wire_} {form}": made
        for form in ("Pairs", "Offsets")
        for wire_, made in (
            ("REST", rested("POST", at(collection, f"/points/search/matrix/{form.lower()}"), body)),
            ("gRPC", called(f"Points/SearchMatrix{form}", message)),
        )
    }


def queried(collection: str, body: Any) -> Spellings:
    """Alone, and as the one query of a batch."""
    asked = RestToGrpc.convert_query_request(models.QueryRequest.model_validate(body), collection)
    batch = wire.QueryBatchPoints(collection_name=collection, query_points=[asked])
    return {
        "REST": rested("POST", at(collection, "/points/query"), body),
        "REST batch": rested("POST", at(collection, "/points/query/batch"), {"searches": [body]}),
        "gRPC": called("Points/Query", asked),
        "gRPC batch": called("Points/QueryBatch", batch),
    }


def grouped(collection: str, body: Any) -> Spellings:
    rest = models.QueryGroupsRequest.model_validate(body)
    plain = {name: value for name, value in body.items() if name not in {"group_by", "group_size", "with_lookup"}}
    asked = RestToGrpc.convert_query_request(models.QueryRequest.model_validate(plain), collection)
    shared = {field.name: value for field, value in asked.ListFields()}
    message = wire.QueryPointGroups(
        **shared, group_by=rest.group_by, group_size=rest.group_size, with_lookup=_lookup(rest.with_lookup)
    )
    return {
        "REST": rested("POST", at(collection, "/points/query/groups"), body),
        "gRPC": called("Points/QueryGroups", message),
    }


def searched(collection: str, body: Any) -> Spellings:
    """A search by a vector, which a query is as well."""
    vector = body["vector"]
    named = type(vector) is dict
    inner = vector["vector"] if named else vector
    sparse = type(inner) is dict
    message = wire.SearchPoints(
        collection_name=collection,
        vector=inner["values"] if sparse else inner,
        sparse_indices=wire.SparseIndices(data=inner["indices"]) if sparse else None,
        vector_name=vector["name"] if named else None,
        **_ranked(body),
    )
    query = {name: value for name, value in body.items() if name != "vector"}
    query |= {"query": inner, **({"using": vector["name"]} if named else {})}
    return _older(collection, "Search", "search_points", body, message) | queried(collection, query)


def recommended(collection: str, body: Any) -> Spellings:
    message = wire.RecommendPoints(collection_name=collection, using=body.get("using"), **_ranked(body))
    for side in ("positive", "negative"):
        for one in body.get(side, ()):
            if type(one) is list:
                getattr(message, f"{side}_vectors").append(wire.Vector(data=one))
            else:
                getattr(message, side).append(point_id(one))
    sides = {side: body[side] for side in ("positive", "negative") if side in body}
    query = {name: value for name, value in body.items() if name not in sides} | {"query": {"recommend": sides}}
    return _older(collection, "Recommend", "recommend_points", body, message) | queried(collection, query)


def discovered(collection: str, body: Any) -> Spellings:
    message = wire.DiscoverPoints(
        collection_name=collection,
        target=wire.TargetVector(single=_example(body["target"])),
        context=[
            wire.ContextExamplePair(positive=_example(one["positive"]), negative=_example(one["negative"]))
            for one in body["context"]
        ],
        **_ranked(body),
    )
    inner = {name: body[name] for name in ("target", "context")}
    query = {name: value for name, value in body.items() if name not in inner} | {"query": {"discover": inner}}
    return _older(collection, "Discover", "discover_points", body, message) | queried(collection, query)


def search_groups(collection: str, body: Any) -> Spellings:
    return _older_groups("search", wire.SearchPointGroups, collection, body, vector=body["vector"]) | grouped(
        collection, {name: value for name, value in body.items() if name != "vector"} | {"query": body["vector"]}
    )


def recommend_groups(collection: str, body: Any) -> Spellings:
    ids = [point_id(one) for one in body["positive"]]
    query = {name: value for name, value in body.items() if name != "positive"}
    return _older_groups("recommend", wire.RecommendPointGroups, collection, body, positive=ids) | grouped(
        collection, query | {"query": {"recommend": {"positive": body["positive"]}}}
    )


def _older(collection: str, name: str, member: str, body: Any, message: Any) -> Spellings:
    path = at(collection, f"/points/{name.lower()}")
    batch = getattr(wire, f"{name}BatchPoints")(collection_name=collection, **{member: [message]})
    return {
        "older REST": rested("POST", path, body),
        "older REST batch": rested("POST", f"{path}/batch", {"searches": [body]}),
        "older gRPC": called(f"Points/{name}", message),
        "older gRPC batch": called(f"Points/{name}Batch", batch),
    }


def _older_groups(name: str, kind: Callable[..., Any], collection: str, body: Any, **more: Any) -> dict[str, Request]:
    grouping = {member: body.get(member) for member in ("group_by", "group_size")}
    lookup = _lookup(body.get("with_lookup"))
    message = kind(collection_name=collection, with_lookup=lookup, **grouping, **_ranked(body), **more)
    return {
        "older REST": rested("POST", at(collection, f"/points/{name}/groups"), body),
        "older gRPC": called(f"Points/{name.title()}Groups", message),
    }


def _shown(body: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if (vectors := body.get("with_vector")) is not None:
        shown["with_vectors"] = RestToGrpc.convert_with_vectors(vectors)
    if (payload := body.get("with_payload")) is not None:
        shown["with_payload"] = RestToGrpc.convert_with_payload_interface(payload)
    return shown


def _ranked(body: Any) -> dict[str, Any]:
    """What the older searches have in common."""
    common = {name: body[name] for name in ("limit", "offset", "score_threshold") if name in body}
    if "lookup_from" in body:
        common["lookup_from"] = RestToGrpc.convert_lookup_location(
            models.LookupLocation.model_validate(body["lookup_from"])
        )
    if "params" in body:
        common["params"] = RestToGrpc.convert_search_params(models.SearchParams.model_validate(body["params"]))
    return common | _shown(body) | {"filter": filtered(body.get("filter"))}


def _lookup(value: Any) -> Any:
    if value is None or type(value) is str:
        return None if value is None else wire.WithLookup(collection=value)
    return RestToGrpc.convert_with_lookup(models.WithLookup.model_validate(value))


def _example(value: Any) -> Any:
    if type(value) is list:
        return wire.VectorExample(vector=wire.Vector(data=value))
    return wire.VectorExample(id=point_id(value))


# Changes


CHANGES: Final[dict[str, tuple[str, str, str, str, Callable[..., Any]]]] = {
    "upsert": ("PUT", "/points", "Points/Upsert", "upsert", wire.UpsertPoints),
    "update_vectors": ("PUT", "/points/vectors", "Points/UpdateVectors", "update_vectors", wire.UpdatePointVectors),
    "delete": ("POST", "/points/delete", "Points/Delete", "delete_points", wire.DeletePoints),
    "set_payload": ("POST", "/points/payload", "Points/SetPayload", "set_payload", wire.SetPayloadPoints),
    "overwrite_payload": (
        "PUT",
        "/points/payload",
        "Points/OverwritePayload",
        "overwrite_payload",
        wire.SetPayloadPoints,
    ),
    "delete_payload": (
        "POST",
        "/points/payload/delete",
        "Points/DeletePayload",
        "delete_payload",
        wire.DeletePayloadPoints,
    ),
    "clear_payload": ("POST", "/points/payload/clear", "Points/ClearPayload", "clear_payload", wire.ClearPayloadPoints),
    "delete_vectors": (
        "POST",
        "/points/vectors/delete",
        "Points/DeleteVectors",
        "delete_vectors",
        wire.DeletePointVectors,
    ),
}


def changed(collection: str, name: str, body: Any) -> Spellings:
    """Alone, and as the one change of a batch."""
    method, path, call, member, kind = CHANGES[name]
    operation = RestToGrpc.convert_update_operation(UPDATE.validate_python({name: body}))
    shared = {field.name: value for field, value in getattr(operation, member).ListFields()}
    batch = wire.UpdateBatchPoints(collection_name=collection, operations=[operation])
    return {
        "REST": rested(method, at(collection, path), body),
        "REST batch": rested("POST", at(collection, "/points/batch"), {"operations": [{name: body}]}),
        "gRPC": called(call, kind(collection_name=collection, **shared)),
        "gRPC batch": called("Points/UpdateBatch", batch),
    }


def aliased(*actions: Any) -> Spellings:
    made = [RestToGrpc.convert_alias_operations(ALIAS.validate_python(one)) for one in actions]
    return {
        "REST": rested("POST", "/collections/aliases", {"actions": list(actions)}),
        "gRPC": called("Collections/UpdateAliases", wire.ChangeAliases(actions=made)),
    }


def clustered(collection: str, body: Any) -> Spellings:
    ((name, _),) = body.items()
    inner: Any = RestToGrpc.convert_cluster_operations(CLUSTER.validate_python(body))
    field = {"create_sharding_key": "create_shard_key", "drop_sharding_key": "delete_shard_key"}.get(name, name)
    message = wire.UpdateCollectionClusterSetupRequest(collection_name=collection, **{field: inner})
    return {
        "REST": rested("POST", at(collection, "/cluster"), body),
        "gRPC": called("Collections/UpdateCollectionClusterSetup", message),
    }


def plain(method: str, path: str, call: str, fields: Any, body: Any = None) -> Spellings:
    """Where both are told apart by hand; `fields` are those of the message, as proto3 JSON."""
    return {"REST": rested(method, path, body), "gRPC": called(call, fields)}
