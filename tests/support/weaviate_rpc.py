"""A Weaviate's gRPC server over a store: replies of the published shapes, properties of every kind that it has."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import grpc
import numpy as np
from google.protobuf import json_format

from tests.support.grpc_server import Answering, Failed
from tests.support.weaviate_store import Clause, Refused, Store, Stored, distance, words
from vecgate_weaviate.descriptors import DESCRIPTORS

SERVICE: Final = "/weaviate.v1.Weaviate/"
BEACON: Final = "weaviate://localhost/"
_OPERATORS: Final = (
    *("", "Equal", "NotEqual", "GreaterThan", "GreaterThanEqual", "LessThan", "LessThanEqual", "And", "Or"),
    *("WithinGeoRange", "Like", "IsNull", "ContainsAny", "ContainsAll", "ContainsNone", "Not"),
)
"""By number."""
_ARRAYS: Final = ("number_array_properties", "int_array_properties", "text_array_properties")


def made(name: str, **fields: Any) -> Any:
    return DESCRIPTORS.type(name if "." in name else f"weaviate.v1.{name}")(**fields)


class Calls:
    def __init__(self, store: Store) -> None:
        self.store = store

    def answers(self) -> dict[str, Answering]:
        functions: dict[str, Callable[[Any], Any]] = {
            "Search": self.search,
            "Aggregate": self.aggregate,
            "BatchObjects": self.objects,
            "BatchReferences": self.references,
            "BatchDelete": self.delete,
            "TenantsGet": self.tenants,
        }
        health = made("grpc.health.v1.HealthCheckResponse", status=1)
        answers: dict[str, Answering] = {SERVICE + name: _failing(one) for name, one in functions.items()}
        return answers | {"/grpc.health.v1.Health/Check": lambda request: health}

    def search(self, request: Any) -> Any:
        collection = self.store.own(request.collection)
        ranked = self._ranked(request, collection)
        reply = made("SearchReply", took=0.001)
        if request.HasField("group_by"):
            self._grouped(reply, request, ranked)
            return reply
        for one, scores in ranked[request.offset :][: request.limit or 10]:
            self._result(reply.results.add(), request, one, scores)
        return reply

    def _ranked(self, request: Any, collection: str) -> list[tuple[Stored, dict[str, float]]]:
        found = self.store.within(collection, request.tenant)
        if request.HasField("filters"):
            clause = self.clause(request.filters, collection)
            found = [one for one in found if self.store.matches(one, clause)]
        if request.after:
            found = [one for one in found if one.id > request.after]
        scored = [(one, self._scores(request, one, collection)) for one in found]
        if request.HasField("bm25_search"):
            scored = [(one, scores) for one, scores in scored if scores["score"]]
        scored.sort(key=lambda pair: pair[1].get("distance", -pair[1].get("score", 0.0)))
        for order in reversed(request.sort_by):
            scored.sort(key=lambda pair: pair[0].properties[order.path[0]], reverse=not order.ascending)
        return scored

    def _scores(self, request: Any, one: Stored, collection: str) -> dict[str, float]:
        if request.HasField("near_vector"):
            return {"distance": distance(_floats(request.near_vector), one.vector)}
        if request.HasField("near_object"):
            other = self.store.one(collection, request.near_object.id, request.tenant)
            return {"distance": distance(other.vector, one.vector)}
        for name in ("bm25_search", "hybrid_search"):
            if request.HasField(name):
                search = getattr(request, name)
                names = [name.split("^")[0] for name in search.properties] or list(one.properties)
                text = " ".join(str(one.properties.get(name, "")) for name in names)
                return {"score": float(len(set(words(search.query)) & set(words(text))))}
        return {}

    def _grouped(self, reply: Any, request: Any, ranked: Iterable[tuple[Stored, dict[str, float]]]) -> None:
        by = request.group_by
        groups: dict[str, list[tuple[Stored, dict[str, float]]]] = {}
        for one, scores in ranked:
            groups.setdefault(str(one.properties.get(by.path[0])), []).append((one, scores))
        for name, members in list(groups.items())[: by.number_of_groups]:
            distances = [scores.get("distance", 0.0) for _, scores in members]
            group = reply.group_by_results.add(name=name, number_of_objects=len(members))
            group.min_distance, group.max_distance = min(distances), max(distances)
            for one, scores in members[: by.objects_per_group]:
                self._result(group.objects.add(), request, one, scores)

    def _result(self, result: Any, request: Any, one: Stored, scores: Mapping[str, float]) -> None:
        self._object(result.properties, request, one)
        self._metadata(result.metadata, request.metadata, one, scores)
        if request.HasField("generative") and request.generative.single.prompt:
            text = request.generative.single.prompt.format(**one.properties)
            result.generative.values.add(result=text)

    def _object(self, stored: Any, asked: Any, one: Stored) -> None:
        stored.target_collection = one.collection
        kinds = {each["name"]: each["dataType"][0] for each in self.store.schema[one.collection]["properties"]}
        plain = [name for name, kind in kinds.items() if not kind[:1].isupper()]
        if asked.HasField("properties") and not asked.properties.return_all_nonref_properties:
            nested = [each.prop_name for each in asked.properties.object_properties]
            plain = [*asked.properties.non_ref_properties, *nested]
        for name in plain:
            value(stored.non_ref_props.fields[name], one.properties.get(name), kinds.get(name, "text"))
        for reference in asked.properties.ref_properties:
            stored.ref_props_requested = True
            led = stored.ref_props.add(prop_name=reference.reference_property)
            for other in self.store.led(one, reference.reference_property):
                answer = led.properties.add()
                self._object(answer, reference, other)
                self._metadata(answer.metadata, reference.metadata, other, {})

    @staticmethod
    def _metadata(stored: Any, asked: Any, one: Stored, scores: Mapping[str, float]) -> None:
        if asked.uuid:
            stored.id, stored.id_as_bytes = one.id, uuid.UUID(one.id).bytes
        if asked.vector:
            stored.vector.extend(one.vector)
            stored.vector_bytes = np.array(one.vector, "<f4").tobytes()
        for name in [*asked.vectors, *(one.vectors if asked.vector else ())]:
            stored.vectors.add(name=name, vector_bytes=np.array(one.vectors[name], "<f4").tobytes(), type=1)
        for name, score in scores.items():
            if getattr(asked, name):
                setattr(stored, name, score)
                setattr(stored, f"{name}_present", True)
        for name in ("creation_time_unix", "last_update_time_unix"):
            if getattr(asked, name):
                setattr(stored, name, 1_700_000_000_000)
                setattr(stored, f"{name}_present", True)
        if asked.explain_score:
            stored.explain_score, stored.explain_score_present = f"found in {one.properties}", True

    def aggregate(self, request: Any) -> Any:
        collection = self.store.own(request.collection)
        found = self.store.within(collection, request.tenant)
        if request.HasField("filters"):
            clause = self.clause(request.filters, collection)
            found = [one for one in found if self.store.matches(one, clause)]
        reply = made("AggregateReply", took=0.001)
        if not request.HasField("group_by"):
            self._figures(reply.single_result, request, found)
            return reply
        groups: dict[Any, list[Stored]] = {}
        for one in found:
            groups.setdefault(one.properties.get(request.group_by.property), []).append(one)
        for value_, members in groups.items():
            group = reply.grouped_results.groups.add()
            group.grouped_by.path.append(request.group_by.property)
            group.grouped_by.text = str(value_)
            self._figures(group, request, members)
        return reply

    @staticmethod
    def _figures(stored: Any, request: Any, found: list[Stored]) -> None:
        stored.objects_count = len(found)
        for asked in request.aggregations:
            values = [one.properties[asked.property] for one in found if asked.property in one.properties]
            figure = stored.aggregations.aggregations.add(property=asked.property)
            if asked.WhichOneof("aggregation") == "text":
                figure.text.count = len(values)
                for text in dict.fromkeys(values):
                    figure.text.top_occurences.items.add(value=text, occurs=values.count(text))
            else:
                numbers = getattr(figure, asked.WhichOneof("aggregation"))
                numbers.count, numbers.sum = len(values), sum(values)

    def objects(self, request: Any) -> Any:
        reply = made("BatchObjectsReply", took=0.001)
        for index, one in enumerate(request.objects):
            try:
                self.store.put(self._stored(one))
            except Refused as refused:
                reply.errors.add(index=index, error=str(refused))
        return reply

    def _stored(self, one: Any) -> Stored:
        collection = self.store.own(one.collection)
        properties = json_format.MessageToDict(one.properties.non_ref_properties)
        for name in _ARRAYS:
            for array in getattr(one.properties, name):
                properties[array.prop_name] = list(array.values)
        for inner in one.properties.object_properties:
            properties[inner.prop_name] = json_format.MessageToDict(inner.value.non_ref_properties)
        for single in one.properties.single_target_ref_props:
            (target,) = self.store.targets(collection, single.prop_name)
            properties[single.prop_name] = [{"beacon": f"{BEACON}{target}/{key}"} for key in single.uuids]
        for multi in one.properties.multi_target_ref_props:
            beacons = [{"beacon": f"{BEACON}{multi.target_collection}/{key}"} for key in multi.uuids]
            properties.setdefault(multi.prop_name, []).extend(beacons)
        vectors = {each.name: np.frombuffer(each.vector_bytes, "<f4").tolist() for each in one.vectors}
        vector = np.frombuffer(one.vector_bytes, "<f4").tolist() or vectors.pop("", [])
        return Stored(collection, one.uuid, properties, vector, vectors, one.tenant)

    def references(self, request: Any) -> Any:
        for one in request.references:
            collection = self.store.own(one.from_collection)
            target = one.to_collection or self.store.targets(collection, one.name)[0]
            held = self.store.one(collection, one.from_uuid, one.tenant)
            held.properties.setdefault(one.name, []).append({"beacon": f"{BEACON}{target}/{one.to_uuid}"})
        return made("BatchReferencesReply", took=0.001)

    def delete(self, request: Any) -> Any:
        collection = self.store.own(request.collection)
        clause = self.clause(request.filters, collection)
        found = [one for one in self.store.within(collection, request.tenant) if self.store.matches(one, clause)]
        reply = made("BatchDeleteReply", matches=len(found), successful=len(found))
        for one in found:
            if request.verbose:
                reply.objects.add(uuid=uuid.UUID(one.id).bytes, successful=True, error="")
            if not request.dry_run:
                del self.store.objects[collection][one.id]
        return reply

    def tenants(self, request: Any) -> Any:
        reply = made("TenantsGetReply")
        wanted = set(request.names.values)
        for name in self.store.tenants.get(self.store.own(request.collection), {}):
            if not wanted or name in wanted:
                reply.tenants.add(name=name, activity_status=1)
        return reply

    def clause(self, filters: Any, collection: str) -> Clause:
        operands = tuple(self.clause(one, collection) for one in filters.filters)
        kind = filters.WhichOneof("test_value")
        value_: Any = None if kind is None else getattr(filters, kind)
        path = self._path(filters.target, collection) if filters.HasField("target") else tuple(filters.on)
        wanted = list(value_.values) if kind is not None and kind.endswith("_array") else value_
        return Clause(_OPERATORS[filters.operator], path, wanted, operands)

    def _path(self, target: Any, collection: str) -> tuple[str, ...]:
        match target.WhichOneof("target"):
            case "property":
                return (target.property,)
            case "count":
                return (target.count.on,)
            case "single_target":
                (led,) = self.store.targets(collection, target.single_target.on)
                return (target.single_target.on, led, *self._path(target.single_target.target, led))
        many = target.multi_target
        return (many.on, many.target_collection, *self._path(many.target, many.target_collection))


def value(stored: Any, plain: Any, kind: str) -> None:
    """A property as the server writes it, by its type in the schema."""
    if plain is None:
        stored.null_value = 0
    elif kind == "int":
        stored.int_value = int(plain)
    elif kind in {"text", "boolean", "number", "date", "uuid", "blob"}:
        setattr(stored, f"{'bool' if kind == 'boolean' else kind}_value", plain)
    elif kind == "object":
        for name, one in plain.items():
            value(stored.object_value.fields[name], one, _guessed(one))
    elif kind == "object[]":
        for one in plain:
            inner = stored.list_value.object_values.values.add()
            for name, each in one.items():
                value(inner.fields[name], each, _guessed(each))
    elif kind in {"number[]", "int[]"}:
        code = "d" if kind == "number[]" else "q"
        packed = struct.pack(f"<{len(plain)}{code}", *(plain if code == "d" else map(int, plain)))
        getattr(stored.list_value, f"{kind[:-2]}_values").values = packed
    elif kind == "geoCoordinates":
        stored.geo_value.latitude, stored.geo_value.longitude = plain["latitude"], plain["longitude"]
    else:
        getattr(stored.list_value, f"{kind[:-2]}_values").values.extend(plain)


def _guessed(plain: Any) -> str:
    return {bool: "boolean", int: "int", float: "number", dict: "object", list: "text[]"}.get(type(plain), "text")


def _floats(near: Any) -> list[float]:
    stored = near.vectors[0].vector_bytes if near.vectors else near.vector_bytes
    found: list[float] = np.frombuffer(stored, "<f4").tolist() or list(near.vector)
    return found


def _failing(answering: Callable[[Any], Any]) -> Answering:
    """A refusal as the server's gRPC side gives it: UNKNOWN, with a text that may quote anything."""

    def answer(request: Any) -> Any:
        try:
            return answering(request)
        except Refused as refused:
            raise Failed(grpc.StatusCode.UNKNOWN, str(refused)) from None

    return answer
