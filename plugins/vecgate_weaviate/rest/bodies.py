"""Bodies: what the operations on collections, tenants, backups and users take. From the API description of 1.40."""

from __future__ import annotations

from typing import Final

from vecgate.operations.shapes import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    OBJECT,
    TEXT,
    Kind,
    ListOf,
    MapOf,
    Nullable,
    Shape,
    enumeration,
    nullable,
)
from vecgate_weaviate.rest.kinds import BEACON, CLASS, PROPERTY, SOURCE, STORED, TENANT, WHERE


def closed(members: dict[str, Kind], *required: str) -> Shape:
    return Shape(members, frozenset(required))


_TOKENIZATION: Final = enumeration(
    "word", "lowercase", "whitespace", "field", "trigram", "gse", "kagome_kr", "kagome_ja", "gse_ch"
)
_ANALYZER: Final = Shape(nullable(asciiFold=BOOLEAN, asciiFoldIgnore=ListOf(TEXT), stopwordPreset=TEXT))
_STOPWORDS: Final = Shape(nullable(preset=TEXT, additions=ListOf(TEXT), removals=ListOf(TEXT)))


class _Nested(Kind):
    """A property inside an object: like any, to any depth."""

    def describe(self) -> str:
        return "property"

    def check(self, value: object, path: str) -> None:
        _NESTED.check(value, path)


_MEMBERS: Final[dict[str, Kind]] = {
    "name": PROPERTY,
    "dataType": ListOf(TEXT),
    **nullable(
        description=TEXT,
        indexFilterable=BOOLEAN,
        indexSearchable=BOOLEAN,
        indexRangeFilters=BOOLEAN,
        tokenization=_TOKENIZATION,
        nestedProperties=ListOf(_Nested()),
        textAnalyzer=_ANALYZER,
        skip_vectorization=BOOLEAN,  # these two the Python client sends; the server reads neither
        vectorize_property_name=BOOLEAN,
    ),
}
_NESTED: Final = closed(_MEMBERS, "name", "dataType")
PROPERTY_BODY: Final = closed(
    {
        **_MEMBERS,
        **nullable(
            moduleConfig=OBJECT,
            indexInverted=BOOLEAN,
            bucketGeneration=INTEGER,
            searchableBlockmax=BOOLEAN,
            disableDuplicatedReferences=BOOLEAN,
        ),
    },
    "name",
    "dataType",
)
_INVERTED: Final = Shape(
    nullable(
        cleanupIntervalSeconds=NUMBER,
        bm25=Shape(nullable(k1=NUMBER, b=NUMBER)),
        stopwords=_STOPWORDS,
        indexTimestamps=BOOLEAN,
        indexNullState=BOOLEAN,
        indexPropertyLength=BOOLEAN,
        usingBlockMaxWAND=BOOLEAN,
        tokenizerUserDict=ListOf(
            Shape(nullable(tokenizer=TEXT, replacements=ListOf(Shape({"source": TEXT, "target": TEXT}))))
        ),
        stopwordPresets=MapOf(ListOf(TEXT)),
    )
)
CLASS_MEMBERS: Final[dict[str, Kind]] = nullable(
    vectorConfig=MapOf(Shape(nullable(vectorizer=OBJECT, vectorIndexType=TEXT, vectorIndexConfig=OBJECT))),
    vectorIndexType=TEXT,
    vectorIndexConfig=OBJECT,
    shardingConfig=OBJECT,
    replicationConfig=Shape(
        nullable(factor=INTEGER, asyncEnabled=BOOLEAN, asyncConfig=MapOf(INTEGER), deletionStrategy=TEXT)
    ),
    invertedIndexConfig=_INVERTED,
    multiTenancyConfig=Shape(nullable(enabled=BOOLEAN, autoTenantCreation=BOOLEAN, autoTenantActivation=BOOLEAN)),
    objectTtlConfig=Shape(nullable(enabled=BOOLEAN, defaultTtl=INTEGER, deleteOn=TEXT, filterExpiredObjects=BOOLEAN)),
    vectorizer=TEXT,
    moduleConfig=OBJECT,
    description=TEXT,
    properties=ListOf(PROPERTY_BODY),
)
CLASS_BODY: Final = closed({"class": CLASS, **CLASS_MEMBERS}, "class")

OBJECTS: Final = closed({"objects": ListOf(STORED), **nullable(fields=ListOf(TEXT))}, "objects")
REFERENCES: Final = ListOf(closed({"from": SOURCE, "to": BEACON, "tenant": Nullable(TEXT)}, "from", "to"))
DELETE: Final = closed(
    {
        "match": closed({"class": CLASS, "where": WHERE}, "class", "where"),
        **nullable(output=enumeration("minimal", "verbose"), dryRun=BOOLEAN, deletionTimeUnixMilli=INTEGER),
    },
    "match",
)
_STATUS: Final = enumeration("ACTIVE", "INACTIVE", "OFFLOADED", "HOT", "COLD", "FROZEN")
TENANTS: Final = ListOf(closed({"name": TENANT, "activityStatus": Nullable(_STATUS)}, "name"))
TENANT_NAMES: Final = ListOf(TENANT)
SHARD: Final = closed({"status": TEXT}, "status")
INDEX: Final = Shape(nullable(tokenization=TEXT, algorithm=TEXT))
ALIAS: Final = closed({"alias": CLASS, "class": CLASS}, "alias", "class")
ALIAS_TARGET: Final = closed({"class": CLASS}, "class")

_STORE: Final = nullable(Endpoint=TEXT, Bucket=TEXT, Path=TEXT, CPUPercentage=INTEGER)
BACKUP: Final = closed(
    {
        "id": TEXT,
        **nullable(
            config=Shape({**_STORE, **nullable(ChunkSize=INTEGER, CompressionLevel=TEXT)}),
            include=ListOf(CLASS),
            exclude=ListOf(CLASS),
            includeUsers=ListOf(TEXT),
            includeRoles=ListOf(TEXT),
            incremental_base_backup_id=TEXT,
        ),
    },
    "id",
)
_ALL: Final = enumeration("noRestore", "all")
RESTORE: Final = Shape(
    nullable(
        config=Shape({**_STORE, **nullable(rolesOptions=_ALL, usersOptions=_ALL)}),
        include=ListOf(CLASS),
        exclude=ListOf(CLASS),
        node_mapping=MapOf(TEXT),
        overwriteAlias=BOOLEAN,
    )
)
