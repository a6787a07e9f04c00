"""Calls of qdrant-client by what should come of them. Each takes a client of either wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from qdrant_client import QdrantClient, models
from qdrant_client import grpc as wire

from tests.support.qdrant import POINTS

type Calling = Callable[[QdrantClient], Any]

KB: Final = "kb_docs"
QUERY: Final = [0.1, 0.5, 0.25]
SSN: Final = models.Filter(must=[models.FieldCondition(key="ssn", match=models.MatchValue(value="900-1"))])
NESTED: Final = models.Filter(must_not=[models.Filter(should=SSN.must)])
TITLE: Final = models.Filter(must=[models.FieldCondition(key="title", match=models.MatchAny(any=["t1", "t2"]))])
SHOWN: Final[dict[str, Any]] = {"with_payload": True, "with_vectors": True, "limit": 3}
RECOMMEND: Final = models.RecommendQuery(recommend=models.RecommendInput(positive=[1], negative=[QUERY]))
DISCOVER: Final = models.DiscoverQuery(
    discover=models.DiscoverInput(target=1, context=[models.ContextPair(positive=2, negative=3)])
)
CONTEXT: Final = models.ContextQuery(context=[models.ContextPair(positive=2, negative=3)])
PREFETCH: Final = [models.Prefetch(query=QUERY, limit=4), models.Prefetch(query=2, limit=4, filter=TITLE)]
RAW: Final[dict[str, Any]] = {
    "collection_name": KB,
    "limit": 3,
    "with_payload": wire.WithPayloadSelector(enable=True),
    "with_vectors": wire.WithVectorsSelector(enable=True),
}


def alias(collection: str, name: str) -> models.CreateAliasOperation:
    return models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=collection, alias_name=name))


# Records with vectors and payloads, by every call of the client that can show any.
RECORDS: Final[dict[str, Calling]] = {
    "retrieve": lambda client: client.retrieve(KB, [1, 2], with_vectors=True),
    "scroll": lambda client: client.scroll(KB, limit=3, with_vectors=True),
    "scroll on": lambda client: client.scroll(KB, offset=3, with_vectors=True),
    "scroll filtered": lambda client: client.scroll(KB, TITLE, with_vectors=["", "other"]),
    "query": lambda client: client.query_points(KB, QUERY, **SHOWN),
    "query by id": lambda client: client.query_points(KB, 1, **SHOWN),
    "query filtered": lambda client: client.query_points(KB, QUERY, query_filter=TITLE, **SHOWN),
    "query nothing": lambda client: client.query_points(KB, **SHOWN),
    "recommend": lambda client: client.query_points(KB, RECOMMEND, **SHOWN),
    "discover": lambda client: client.query_points(KB, DISCOVER, **SHOWN),
    "context": lambda client: client.query_points(KB, CONTEXT, **SHOWN),
    "fusion": lambda client: client.query_points(
        KB, models.FusionQuery(fusion=models.Fusion.RRF), prefetch=PREFETCH, **SHOWN
    ),
    "batch": lambda client: client.query_batch_points(
        KB,
        [
            models.QueryRequest(query=QUERY, with_vector=True, with_payload=True, limit=2),
            models.QueryRequest(query=2, with_vector=True, with_payload=["title", "ssn"], limit=2),
        ],
    ),
    "groups": lambda client: client.query_points_groups(KB, "title", QUERY, group_size=1, **SHOWN),
    "groups with lookup": lambda client: client.query_points_groups(
        KB, "title", QUERY, with_lookup=models.WithLookup(collection=KB, with_vectors=True, with_payload=True), **SHOWN
    ),
    "search": lambda client: client.grpc_points.Search(wire.SearchPoints(vector=QUERY, **RAW)).result,
    "search batch": lambda client: (
        client.grpc_points.SearchBatch(
            wire.SearchBatchPoints(collection_name=KB, search_points=[wire.SearchPoints(vector=QUERY, **RAW)])
        ).result
    ),
    "old recommend": lambda client: (
        client.grpc_points.Recommend(wire.RecommendPoints(positive=[wire.PointId(num=1)], **RAW)).result
    ),
}
# What shows no record.
OTHERS: Final[dict[str, Calling]] = {
    "collections": lambda client: sorted(one.name for one in client.get_collections().collections),
    "exists": lambda client: client.collection_exists(KB),
    "exists not": lambda client: client.collection_exists("absent"),
    "collection": lambda client: client.get_collection(KB),
    "count": lambda client: client.count(KB, count_filter=TITLE),
    "facet": lambda client: client.facet(KB, "title"),
    "aliases": lambda client: client.get_aliases(),
    "aliases of one": lambda client: client.get_collection_aliases(KB),
    "info": lambda client: client.info(),
}
SCORED: Final[dict[str, Calling]] = {
    "pairs": lambda client: client.search_matrix_pairs(KB).pairs,
    "offsets": lambda client: client.search_matrix_offsets(KB).ids,
}
OF_MASKED: Final[dict[str, Calling]] = {
    "filter": lambda client: client.scroll(KB, SSN),
    "filter, nested": lambda client: client.count(KB, count_filter=NESTED),
    "order": lambda client: client.scroll(KB, order_by="ssn"),
    "query": lambda client: client.query_points(KB, QUERY, query_filter=SSN),
    "prefetch": lambda client: client.query_points(
        KB, models.FusionQuery(fusion=models.Fusion.DBSF), prefetch=models.Prefetch(query=QUERY, filter=NESTED)
    ),
    "one of a batch": lambda client: client.query_batch_points(
        KB, [models.QueryRequest(query=QUERY), models.QueryRequest(query=QUERY, filter=SSN)]
    ),
    "groups": lambda client: client.query_points_groups(KB, "ssn", QUERY),
    "facet": lambda client: client.facet(KB, "ssn"),
    "facet filter": lambda client: client.facet(KB, "title", facet_filter=SSN),
    "matrix": lambda client: client.search_matrix_pairs(KB, query_filter=SSN),
    "threshold": lambda client: client.query_points(KB, QUERY, score_threshold=0.5),
    "old search": lambda client: client.grpc_points.Search(wire.SearchPoints(vector=QUERY, score_threshold=0.5, **RAW)),
}
ALL: Final = models.Filter()
NOT_GRANTED: Final[dict[str, Calling]] = {
    "another collection": lambda client: client.scroll("secret"),
    "another, looked up": lambda client: client.query_points_groups(KB, "title", QUERY, with_lookup="secret"),
    "another's vector": lambda client: client.query_points(
        KB, 1, lookup_from=models.LookupLocation(collection="secret")
    ),
    "another's aliases": lambda client: client.get_collection_aliases("secret"),
    "upsert": lambda client: client.upsert(KB, POINTS[:1]),
    "vectors": lambda client: client.update_vectors(KB, [models.PointVectors(id=1, vector=QUERY)]),
    "payload": lambda client: client.set_payload(KB, {"title": "x"}, [1]),
    "all payload": lambda client: client.overwrite_payload(KB, {"title": "x"}, ALL),
    "clear": lambda client: client.clear_payload(KB, [1]),
    "delete payload": lambda client: client.delete_payload(KB, ["title"], [1]),
    "delete vectors": lambda client: client.delete_vectors(KB, ["x"], [1]),
    "delete": lambda client: client.delete(KB, [1]),
    "delete all": lambda client: client.delete(KB, models.FilterSelector(filter=ALL)),
    "batch": lambda client: client.batch_update_points(
        KB, [models.DeleteOperation(delete=models.PointIdsList(points=[1]))]
    ),
    "create": lambda client: client.create_collection(
        "kb_new", models.VectorParams(size=3, distance=models.Distance.DOT)
    ),
    "update": lambda client: client.update_collection(KB, strict_mode_config=models.StrictModeConfig(enabled=False)),
    "drop": lambda client: client.delete_collection(KB),
    "alias": lambda client: client.update_collection_aliases([alias(KB, "kb_alias")]),
    "index": lambda client: client.create_payload_index(KB, "title", models.PayloadSchemaType.KEYWORD),
    "drop index": lambda client: client.delete_payload_index(KB, "title"),
    "drop vectors": lambda client: client.delete_vector_name(KB, "x"),
    "new vectors": lambda client: client.create_vector_name(
        KB, "x", models.DenseVectorNameConfig(dense=models.DenseVectorConfig(size=3, distance=models.Distance.DOT))
    ),
    "shard keys": lambda client: client.list_shard_keys("secret"),
    "new shard key": lambda client: client.create_shard_key(KB, "a"),
    "drop shard key": lambda client: client.delete_shard_key(KB, "a"),
    "cluster": lambda client: client.collection_cluster_info(KB),
    "move": lambda client: client.cluster_collection_update(
        KB, models.DropReplicaOperation(drop_replica=models.Replica(shard_id=0, peer_id=1))
    ),
    "snapshots": lambda client: client.list_snapshots(KB),
    "snapshot": lambda client: client.create_snapshot(KB),
    "drop snapshot": lambda client: client.delete_snapshot(KB, "x"),
    "full snapshots": lambda client: client.list_full_snapshots(),
    "full snapshot": lambda client: client.create_full_snapshot(),
    "drop full snapshot": lambda client: client.delete_full_snapshot("x"),
}
OWN: Final = "kb_own"
LIFE: Final[dict[str, Calling]] = {
    "create": lambda client: client.create_collection(OWN, models.VectorParams(size=3, distance=models.Distance.DOT)),
    "upsert": lambda client: client.upsert(OWN, POINTS),
    "upsert a batch": lambda client: client.upsert(
        OWN, models.Batch(ids=[7], vectors=[[1.0, 1.0, 1.0]], payloads=[{"title": "βήτα 🐕", "n": [1, {"x": None}]}])
    ),
    "set": lambda client: client.set_payload(OWN, {"tag": "a"}, TITLE),
    "overwrite": lambda client: client.overwrite_payload(OWN, {"tag": 1.5}, [3]),
    "delete payload": lambda client: client.delete_payload(OWN, ["ssn"], [1]),
    "clear": lambda client: client.clear_payload(OWN, [4]),
    "vectors": lambda client: client.update_vectors(OWN, [models.PointVectors(id=0, vector=[9.0, 9.0, 9.0])]),
    "batch": lambda client: client.batch_update_points(
        OWN,
        [
            models.UpsertOperation(upsert=models.PointsList(points=[models.PointStruct(id=8, vector=[2.0, 2.0, 2.0])])),
            models.SetPayloadOperation(set_payload=models.SetPayload(payload={"late": True}, points=[8])),
            models.DeleteOperation(delete=models.PointIdsList(points=[2])),
        ],
    ),
    "index": lambda client: client.create_payload_index(OWN, "title", models.PayloadSchemaType.KEYWORD),
    "drop index": lambda client: client.delete_payload_index(OWN, "title"),
    "update": lambda client: client.update_collection(
        OWN, optimizers_config=models.OptimizersConfigDiff(indexing_threshold=10_000)
    ),
    "alias": lambda client: client.update_collection_aliases([alias(OWN, "kb_other")]),
    "by the alias": lambda client: client.count("kb_other"),
    "all of it": lambda client: client.scroll(OWN, with_vectors=True),
    "delete": lambda client: client.delete(OWN, TITLE),
    "left": lambda client: client.scroll(OWN),
    "drop": lambda client: client.delete_collection(OWN),
}
