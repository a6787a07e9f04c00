"""A Qdrant of the gRPC calls that its own clients make, over the Python client's local mode. The client's own
conversions part messages from what local mode takes; the server itself is made from the dialect's descriptors."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Final, Self

import grpc
from google.protobuf.message import Message
from qdrant_client import QdrantClient
from qdrant_client import grpc as wire
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc
from qdrant_client.http import models

from tests.support.grpc_server import Asked, Failed, GrpcServer
from vecgate_qdrant.descriptors import DESCRIPTORS

type Answering = Callable[[Any], Message]
TITLE: Final = "qdrant - vector search engine"
DONE: Final = wire.PointsOperationResponse(result=wire.UpdateResult(operation_id=0, status=wire.UpdateStatus.Completed))


class QdrantGrpcDouble:
    """`with QdrantGrpcDouble(client) as database: …  # database.port, database.asked`"""

    def __init__(self, client: QdrantClient) -> None:
        self.client = client
        answers = {f"/qdrant.{name}": self._answering(name, answer) for name, answer in self._answers().items()}
        self._server = GrpcServer(DESCRIPTORS, answers)
        self.port = self._server.port

    @property
    def asked(self) -> list[Asked]:
        return self._server.calls

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def _answering(self, name: str, answer: Answering) -> Answering:
        """With the client's own class of the same message."""
        kind = getattr(wire, DESCRIPTORS.method(f"/qdrant.{name}").input_type.name)

        def answering(message: Any) -> Message:
            try:
                with warnings.catch_warnings(action="ignore"):  # local mode says what it does not do
                    return answer(kind.FromString(message.SerializeToString()))
            except ValueError as error:
                raise Failed(grpc.StatusCode.NOT_FOUND, f"Not found: {error}") from error

        return answering

    def _answers(self) -> dict[str, Answering]:
        return {
            "Qdrant/HealthCheck": lambda asked: wire.HealthCheckReply(title=TITLE, version="1.19.0"),
            "Collections/List": self._list,
            "Collections/Get": self._get_collection,
            "Collections/CollectionExists": self._exists,
            "Collections/Create": self._create,
            "Collections/Update": lambda asked: wire.CollectionOperationResponse(result=True),
            "Collections/Delete": self._drop,
            "Collections/ListAliases": lambda asked: _aliases(self.client.get_aliases()),
            "Collections/ListCollectionAliases": lambda asked: _aliases(
                self.client.get_collection_aliases(asked.collection_name)
            ),
            "Collections/UpdateAliases": self._change_aliases,
            "Snapshots/List": lambda asked: wire.ListSnapshotsResponse(),
            "Snapshots/ListFull": lambda asked: wire.ListSnapshotsResponse(),
            **{f"Points/{name}": answer for name, answer in self._reads().items()},
            **{f"Points/{name}": answer for name, answer in self._writes().items()},
        }

    def _reads(self) -> dict[str, Answering]:
        return {
            "Get": self._retrieve,
            "Scroll": self._scroll,
            "Count": self._count,
            "Facet": self._facet,
            "Query": lambda asked: wire.QueryResponse(result=self._queried(asked)),
            "QueryBatch": lambda asked: wire.QueryBatchResponse(
                result=[
                    wire.BatchResult(result=self._queried(one, asked.collection_name)) for one in asked.query_points
                ]
            ),
            "QueryGroups": lambda asked: wire.QueryGroupsResponse(result=self._grouped(asked)),
            "Search": lambda asked: wire.SearchResponse(result=self._queried(_search(asked))),
            "SearchBatch": lambda asked: wire.SearchBatchResponse(
                result=[
                    wire.BatchResult(result=self._queried(_search(one), asked.collection_name))
                    for one in asked.search_points
                ]
            ),
            "Recommend": lambda asked: wire.RecommendResponse(result=self._queried(_recommend(asked))),
            "SearchMatrixPairs": lambda asked: wire.SearchMatrixPairsResponse(
                result=RestToGrpc.convert_search_matrix_pairs(self.client.search_matrix_pairs(asked.collection_name))
            ),
            "SearchMatrixOffsets": lambda asked: wire.SearchMatrixOffsetsResponse(
                result=RestToGrpc.convert_search_matrix_offsets(
                    self.client.search_matrix_offsets(asked.collection_name)
                )
            ),
        }

    def _writes(self) -> dict[str, Answering]:
        local = self.client
        plain = GrpcToRest
        writes: dict[str, Callable[[Any], Any]] = {
            "Upsert": lambda asked: local.upsert(
                asked.collection_name, [plain.convert_point_struct(one) for one in asked.points]
            ),
            "Delete": lambda asked: local.delete(asked.collection_name, plain.convert_points_selector(asked.points)),
            "UpdateVectors": lambda asked: local.update_vectors(
                asked.collection_name, [plain.convert_point_vectors(one) for one in asked.points]
            ),
            "DeleteVectors": lambda asked: local.delete_vectors(
                asked.collection_name, list(asked.vectors.names), _chosen(asked)
            ),
            "SetPayload": lambda asked: local.set_payload(
                asked.collection_name, plain.convert_payload(asked.payload), _chosen(asked)
            ),
            "OverwritePayload": lambda asked: local.overwrite_payload(
                asked.collection_name, plain.convert_payload(asked.payload), _chosen(asked)
            ),
            "DeletePayload": lambda asked: local.delete_payload(
                asked.collection_name, list(asked.keys), _chosen(asked)
            ),
            "ClearPayload": lambda asked: local.clear_payload(
                asked.collection_name, plain.convert_points_selector(asked.points)
            ),
            "CreateFieldIndex": lambda asked: local.get_collection(asked.collection_name),
            "DeleteFieldIndex": lambda asked: local.get_collection(asked.collection_name),
        }

        def done(write: Callable[[Any], Any]) -> Answering:
            def answer(asked: Any) -> Message:
                write(asked)
                return DONE

            return answer

        return {name: done(write) for name, write in writes.items()} | {"UpdateBatch": self._update_batch}

    def _update_batch(self, asked: Any) -> Message:
        operations = [GrpcToRest.convert_points_update_operation(one) for one in asked.operations]
        results = self.client.batch_update_points(asked.collection_name, operations)
        return wire.UpdateBatchResponse(result=[RestToGrpc.convert_update_result(one) for one in results])

    def _list(self, asked: Any) -> Message:
        found = self.client.get_collections().collections
        return wire.ListCollectionsResponse(collections=[{"name": one.name} for one in found])

    def _get_collection(self, asked: Any) -> Message:
        info = self.client.get_collection(asked.collection_name)
        return wire.GetCollectionInfoResponse(result=RestToGrpc.convert_collection_info(info))

    def _exists(self, asked: Any) -> Message:
        exists = self.client.collection_exists(asked.collection_name)
        return wire.CollectionExistsResponse(result=wire.CollectionExists(exists=exists))

    def _create(self, asked: Any) -> Message:
        vectors = GrpcToRest.convert_vectors_config(asked.vectors_config)
        return wire.CollectionOperationResponse(result=self.client.create_collection(asked.collection_name, vectors))

    def _drop(self, asked: Any) -> Message:
        return wire.CollectionOperationResponse(result=self.client.delete_collection(asked.collection_name))

    def _change_aliases(self, asked: Any) -> Message:
        actions = [GrpcToRest.convert_alias_operations(one) for one in asked.actions]
        return wire.CollectionOperationResponse(result=self.client.update_collection_aliases(actions))

    def _retrieve(self, asked: Any) -> Message:
        ids = [GrpcToRest.convert_point_id(one) for one in asked.ids]
        found = self.client.retrieve(asked.collection_name, ids, **_shown(asked))
        return wire.GetResponse(result=[RestToGrpc.convert_retrieved_point(one) for one in found])

    def _scroll(self, asked: Any) -> Message:
        following: Any
        found, following = self.client.scroll(
            asked.collection_name,
            _filter(asked),
            limit=asked.limit or 10,
            offset=GrpcToRest.convert_point_id(asked.offset) if asked.HasField("offset") else None,
            order_by=GrpcToRest.convert_order_by(asked.order_by) if asked.HasField("order_by") else None,
            **_shown(asked),
        )
        return wire.ScrollResponse(
            result=[RestToGrpc.convert_retrieved_point(one) for one in found],
            next_page_offset=None if following is None else RestToGrpc.convert_extended_point_id(following),
        )

    def _count(self, asked: Any) -> Message:
        counted = self.client.count(asked.collection_name, count_filter=_filter(asked))
        return wire.CountResponse(result=RestToGrpc.convert_count_result(counted))

    def _facet(self, asked: Any) -> Message:
        found = self.client.facet(asked.collection_name, asked.key, facet_filter=_filter(asked))
        return wire.FacetResponse(hits=[RestToGrpc.convert_facet_value_hit(one) for one in found.hits])

    def _queried(self, asked: Any, collection: str = "") -> list[Any]:
        prefetches = [GrpcToRest.convert_prefetch_query(one) for one in asked.prefetch]
        found = self.client.query_points(
            collection or asked.collection_name,
            GrpcToRest.convert_query(asked.query) if asked.HasField("query") else None,
            prefetch=prefetches or None,
            query_filter=_filter(asked),
            limit=asked.limit or 10,
            **_shown(asked, payload=False),
        )
        return [RestToGrpc.convert_scored_point(one) for one in found.points]

    def _grouped(self, asked: Any) -> wire.GroupsResult:
        found = self.client.query_points_groups(
            asked.collection_name,
            asked.group_by,
            GrpcToRest.convert_query(asked.query) if asked.HasField("query") else None,
            query_filter=_filter(asked),
            limit=asked.limit or 3,
            group_size=asked.group_size or 3,
            with_lookup=GrpcToRest.convert_with_lookup(asked.with_lookup) if asked.HasField("with_lookup") else None,
            **_shown(asked, payload=False),
        )
        return RestToGrpc.convert_groups_result(found)


def _filter(asked: Any) -> models.Filter | None:
    return GrpcToRest.convert_filter(asked.filter) if asked.HasField("filter") else None


def _shown(asked: Any, payload: bool = True) -> dict[str, Any]:
    """What of a record is wanted; `payload` is what the server takes where a call does not say."""
    named = asked.HasField("with_payload")
    vectors = asked.HasField("with_vectors")
    return {
        "with_payload": GrpcToRest.convert_with_payload_selector(asked.with_payload) if named else payload,
        "with_vectors": GrpcToRest.convert_with_vectors_selector(asked.with_vectors) if vectors else False,
    }


def _chosen(asked: Any) -> Any:
    return GrpcToRest.convert_points_selector(asked.points_selector)


def _aliases(found: models.CollectionsAliasesResponse) -> Message:
    return wire.ListAliasesResponse(aliases=[RestToGrpc.convert_alias_description(one) for one in found.aliases])


def _search(asked: Any) -> Any:
    query = RestToGrpc.convert_query(models.NearestQuery(nearest=list(asked.vector)))
    return _query(asked, query)


def _recommend(asked: Any) -> Any:
    positive: list[Any] = [GrpcToRest.convert_point_id(one) for one in asked.positive]
    wanted = models.RecommendQuery(recommend=models.RecommendInput(positive=positive))
    return _query(asked, RestToGrpc.convert_query(wanted))


def _query(asked: Any, query: Any) -> Any:
    """A query of what an older search has in common with it."""
    shared = {name: getattr(asked, name) for name in ("filter", "with_payload", "with_vectors") if asked.HasField(name)}
    return wire.QueryPoints(collection_name=asked.collection_name, query=query, limit=asked.limit, **shared)
