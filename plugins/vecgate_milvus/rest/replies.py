"""Replies: the form of `data` in what each route answers. From the handlers of the 3.x servers."""

from __future__ import annotations

from typing import Final

from vecgate.operations.shapes import (
    ANY,
    BOOLEAN,
    INTEGER,
    OBJECT,
    TEXT,
    Kind,
    ListOf,
    MapOf,
    Nullable,
    OneOf,
    Scalar,
    Shape,
)
from vecgate_milvus.rest.bodies import NUMBERS

_NUMBER_OR_TEXT = Scalar("integer or text", frozenset({int, str}))
_PAIRS = ListOf(Shape({"key": TEXT, "value": TEXT}))
_NAMES = ListOf(TEXT)
NOTHING: Final = Nullable(Shape({}))
_RECORDS: Final = ListOf(OBJECT)
_JOBS: Final = Shape(
    {
        "records": ListOf(
            Shape(
                {
                    "jobId": _NUMBER_OR_TEXT,
                    "collectionName": TEXT,
                    "dbName": TEXT,
                    "snapshotName": TEXT,
                    "state": TEXT,
                    "progress": INTEGER,
                    "reason": TEXT,
                    "startTime": _NUMBER_OR_TEXT,
                    "endTime": _NUMBER_OR_TEXT,
                    "timeCost": _NUMBER_OR_TEXT,
                    "externalSource": TEXT,
                    "externalSpec": TEXT,
                },
                frozenset({"collectionName"}),
            )
        )
    },
    frozenset({"records"}),
)
_JOB: Final = MapOf(OneOf((_NUMBER_OR_TEXT, ListOf(MapOf(_NUMBER_OR_TEXT)))))
_COLLECTION: Final = Shape(
    {
        "collectionName": TEXT,
        "collectionID": _NUMBER_OR_TEXT,
        "description": TEXT,
        "autoId": BOOLEAN,
        "fields": ListOf(OBJECT),
        "structFields": ListOf(
            Shape(
                {
                    "fields": ListOf(OBJECT),
                    **dict.fromkeys(("name", "id", "description", "nullable", "type", "params"), ANY),
                },
                frozenset({"fields"}),
            )
        ),
        "functions": Nullable(ListOf(OBJECT)),
        "aliases": Nullable(_NAMES),
        "indexes": Nullable(ListOf(MapOf(TEXT))),
        "load": TEXT,
        "shardsNum": INTEGER,
        "partitionsNum": INTEGER,
        "consistencyLevel": TEXT,
        "enableDynamicField": BOOLEAN,
        "externalSource": TEXT,
        "externalSpec": TEXT,
        "properties": Nullable(_PAIRS),
    },
    frozenset({"collectionName", "fields"}),
)
_ROW_COUNT: Final = Shape({"rowCount": _NUMBER_OR_TEXT})
_HAS: Final = Shape({"has": BOOLEAN}, frozenset({"has"}))
_IDS: Final = OneOf((ListOf(_NUMBER_OR_TEXT), NUMBERS))
SHAPES: Final[dict[str, Kind]] = {
    "collections/list": _NAMES,
    "collections/has": _HAS,
    "collections/describe": _COLLECTION,
    "collections/get_stats": _ROW_COUNT,
    "collections/get_load_state": Shape({"loadState": TEXT, "loadProgress": INTEGER}),
    "collections/compact": Shape({"compactionID": _NUMBER_OR_TEXT}),
    "collections/get_compaction_state": MapOf(_NUMBER_OR_TEXT),
    "databases/list": _NAMES,
    "databases/describe": Shape(
        {"dbName": TEXT, "dbID": _NUMBER_OR_TEXT, "properties": Nullable(_PAIRS)}, frozenset({"dbName"})
    ),
    "entities/query": _RECORDS,
    "entities/get": _RECORDS,
    "entities/search": _RECORDS,
    "entities/hybrid_search": _RECORDS,
    "entities/advanced_search": _RECORDS,
    "entities/insert": Shape({"insertCount": INTEGER, "insertIds": _IDS}),
    "entities/upsert": Shape({"upsertCount": INTEGER, "upsertIds": _IDS}),
    "entities/delete": Shape({"deleteCount": INTEGER}),
    "partitions/list": _NAMES,
    "partitions/has": _HAS,
    "partitions/get_stats": _ROW_COUNT,
    "users/list": _NAMES,
    "users/describe": _NAMES,
    "roles/list": _NAMES,
    "roles/describe": ListOf(MapOf(TEXT)),
    "privilege_groups/list": Shape({"privilegeGroups": ListOf(MapOf(TEXT))}),
    "indexes/list": _NAMES,
    "indexes/describe": ListOf(MapOf(OneOf((_NUMBER_OR_TEXT, _PAIRS)))),
    "aliases/list": _NAMES,
    "aliases/describe": Shape(
        {"dbName": TEXT, "collectionName": TEXT, "aliasName": TEXT}, frozenset({"collectionName"})
    ),
    "jobs/import/list": _JOBS,
    "jobs/import/create": Shape({"jobId": _NUMBER_OR_TEXT}),
    "jobs/import/get_progress": _JOB,
    "jobs/import/describe": _JOB,
    "jobs/snapshot/describe": _JOB,
    "jobs/snapshot/list": _JOBS,
    "jobs/external_collection/list": _JOBS,
    "resource_groups/describe": OBJECT,
    "resource_groups/list": _NAMES,
    "file_resources/list": ListOf(Shape({"id": _NUMBER_OR_TEXT, "name": TEXT, "path": TEXT})),
    "snapshots/list": _NAMES,
}
"""Routes that are not here answer with nothing."""
