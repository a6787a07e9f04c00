"""Bodies: the members of each request structure of the server's REST handlers, spelt exactly.

The server binds member names without regard to case, drops what it does not know, and takes null for "not given"; here
only the one spelling passes, and what is null is not sent on.
"""

from __future__ import annotations

from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.document import Number, Numbers
from vecgate.operations.shapes import (
    ANY,
    BOOLEAN,
    COUNT,
    INTEGER,
    OBJECT,
    TEXT,
    Kind,
    ListOf,
    MapOf,
    OneOf,
    Scalar,
    Shape,
    enumeration,
    nullable,
)
from vecgate_milvus import names


def is_name(value: Any) -> bool:
    """A database, a collection or an alias can have it: never a wildcard or a separator."""
    try:
        return type(value) is str and bool(names.checked(value))
    except Refusal:
        return False


NAME: Final = Scalar("name", frozenset({str}), is_name)
OPTIONAL_NAME: Final = Scalar("name", frozenset({str}), lambda value: not value or is_name(value))
GIVEN: Final = Scalar("text, not blank", frozenset({str}), lambda value: bool(value.strip()))
KEY: Final = Scalar(
    "integer, or text without quotes, backslashes and control characters",
    frozenset({int, str}),
    lambda value: type(value) is int or (value.isprintable() and not {'"', "\\"} & set(value)),
)
"""A primary key in `get`: the server puts it between quotes into a filter expression, as it is."""
SCALAR: Final = Scalar("text, number or boolean", frozenset({str, int, float, bool, Number}))
CONSISTENCY: Final = enumeration("Strong", "Session", "Bounded", "Eventually", "Customized", "")
NUMBERS: Final = Scalar("numbers", frozenset({Numbers}))
"""How a long list of numbers is read."""
TEMPLATES: Final = MapOf(OneOf((SCALAR, ListOf(SCALAR), NUMBERS)))
PROPERTIES: Final = MapOf(SCALAR)


def body(*required: str, **members: Kind) -> Shape:
    """Members of which those that are not required may be null."""
    optional = {name: kind for name, kind in members.items() if name not in required}
    return Shape({**{name: members[name] for name in required}, **nullable(**optional)}, frozenset(required))


EMPTY: Final = Shape({})
IN_DATABASE: Final = body(dbName=OPTIONAL_NAME)
_DATABASE_NAMED = {"dbName": NAME}
DATABASE_NAMED: Final = body("dbName", **_DATABASE_NAMED)
DATABASE_PROPERTIES: Final = body("dbName", **_DATABASE_NAMED, properties=PROPERTIES)
DATABASE_KEYS: Final = body("dbName", **_DATABASE_NAMED, propertyKeys=ListOf(TEXT))

_COLLECTION = {"dbName": OPTIONAL_NAME, "collectionName": NAME}
COLLECTION: Final = body("collectionName", **_COLLECTION, partitionNames=ListOf(TEXT))
IN_COLLECTION: Final = body(**{**_COLLECTION, "collectionName": OPTIONAL_NAME})
PROPERTIES_OF_COLLECTION: Final = body("collectionName", **_COLLECTION, properties=PROPERTIES)
KEYS_OF_COLLECTION: Final = body("collectionName", **_COLLECTION, propertyKeys=ListOf(TEXT))
PARAMS_OF_FIELD: Final = body(
    "collectionName", "fieldName", **_COLLECTION, fieldName=GIVEN, fieldParams=MapOf(OneOf((SCALAR, OBJECT)))
)
RENAME: Final = body(
    "collectionName", "newCollectionName", **_COLLECTION, newCollectionName=NAME, newDbName=OPTIONAL_NAME
)
COMPACT: Final = body("collectionName", **_COLLECTION, isClustering=BOOLEAN)
COMPACTION_STATE: Final = body("jobID", jobID=INTEGER)
FLUSH: Final = body("collectionName", **_COLLECTION)

FUNCTION: Final = body(
    "name",
    "type",
    name=GIVEN,
    description=TEXT,
    type=GIVEN,
    inputFieldNames=ListOf(TEXT),
    outputFieldNames=ListOf(TEXT),
    params=MapOf(ANY),
)
_FIELD = body(
    "fieldName",
    "dataType",
    fieldName=GIVEN,
    dataType=GIVEN,
    elementDataType=TEXT,
    isPrimary=BOOLEAN,
    isPartitionKey=BOOLEAN,
    isClusteringKey=BOOLEAN,
    elementTypeParams=MapOf(ANY),
    nullable=BOOLEAN,
    defaultValue=SCALAR,
    multiAnalyzerParam=ANY,
)
INDEX: Final = body("fieldName", fieldName=GIVEN, indexName=TEXT, metricType=TEXT, indexType=TEXT, params=MapOf(SCALAR))
CREATE: Final = body(
    "collectionName",
    **_COLLECTION,
    dimension=COUNT,
    idType=TEXT,
    autoID=BOOLEAN,
    metricType=TEXT,
    primaryFieldName=TEXT,
    vectorFieldName=TEXT,
    schema=body(fields=ListOf(_FIELD), functions=ListOf(FUNCTION), autoID=BOOLEAN, enableDynamicField=BOOLEAN),
    indexParams=ListOf(INDEX),
    params=PROPERTIES,
    description=TEXT,
)

QUERY: Final = body(
    "collectionName",
    **_COLLECTION,
    partitionNames=ListOf(TEXT),
    outputFields=ListOf(TEXT),
    filter=TEXT,
    limit=COUNT,
    offset=COUNT,
    exprParams=TEMPLATES,
    consistencyLevel=CONSISTENCY,
)
GET: Final = body(
    "collectionName",
    "id",
    **_COLLECTION,
    partitionName=TEXT,
    partitionNames=ListOf(TEXT),
    outputFields=ListOf(TEXT),
    id=OneOf((KEY, ListOf(KEY), NUMBERS)),
    consistencyLevel=CONSISTENCY,
)
DELETE: Final = body("collectionName", "filter", **_COLLECTION, partitionName=TEXT, filter=GIVEN, exprParams=TEMPLATES)
WRITE: Final = body("collectionName", "data", **_COLLECTION, partitionName=TEXT, data=ListOf(OBJECT))
FUNCTION_SCORE: Final = body(functions=ListOf(FUNCTION), params=PROPERTIES)
_GROUPS = {"groupingField": TEXT, "groupSize": COUNT, "strictGroupSize": BOOLEAN}
SEARCH: Final = body(
    "collectionName",
    "data",
    **_COLLECTION,
    **_GROUPS,
    data=ListOf(ANY),
    annsField=TEXT,
    partitionNames=ListOf(TEXT),
    filter=TEXT,
    limit=COUNT,
    offset=COUNT,
    outputFields=ListOf(TEXT),
    searchParams=OBJECT,
    consistencyLevel=CONSISTENCY,
    exprParams=TEMPLATES,
    functionScore=FUNCTION_SCORE,
    params=OBJECT,
)
_SUB_SEARCH = body(
    "data",
    data=ListOf(ANY),
    annsField=TEXT,
    filter=TEXT,
    groupingField=TEXT,
    metricType=TEXT,
    limit=COUNT,
    offset=COUNT,
    params=OBJECT,
    exprParams=TEMPLATES,
)
HYBRID: Final = body(
    "collectionName",
    **_COLLECTION,
    **_GROUPS,
    partitionNames=ListOf(TEXT),
    search=ListOf(_SUB_SEARCH),
    rerank=body(strategy=TEXT, params=OBJECT),
    limit=COUNT,
    outputFields=ListOf(TEXT),
    consistencyLevel=CONSISTENCY,
    functionScore=FUNCTION_SCORE,
)

PARTITION: Final = body("collectionName", "partitionName", **_COLLECTION, partitionName=GIVEN)
PARTITIONS: Final = body("collectionName", "partitionNames", **_COLLECTION, partitionNames=ListOf(GIVEN))
USER: Final = body("userName", userName=GIVEN)
NEW_USER: Final = body("userName", "password", userName=GIVEN, password=GIVEN)
PASSWORD: Final = body("userName", "password", "newPassword", userName=GIVEN, password=GIVEN, newPassword=GIVEN)
USER_ROLE: Final = body("userName", "roleName", userName=GIVEN, roleName=GIVEN)
ROLE: Final = body("roleName", dbName=OPTIONAL_NAME, roleName=GIVEN)
GRANT: Final = body(
    "roleName",
    "objectType",
    "objectName",
    "privilege",
    dbName=OPTIONAL_NAME,
    roleName=GIVEN,
    objectType=GIVEN,
    objectName=GIVEN,
    privilege=GIVEN,
)
GRANT_V2: Final = body("roleName", "privilege", dbName=TEXT, roleName=GIVEN, collectionName=TEXT, privilege=GIVEN)
PRIVILEGE_GROUP: Final = body("privilegeGroupName", privilegeGroupName=GIVEN, privileges=ListOf(GIVEN))
ONE_INDEX: Final = body("collectionName", "indexName", **_COLLECTION, indexName=GIVEN)
INDEXES: Final = body("collectionName", "indexParams", **_COLLECTION, indexParams=ListOf(INDEX))
PROPERTIES_OF_INDEX: Final = body("collectionName", "indexName", **_COLLECTION, indexName=GIVEN, properties=PROPERTIES)
KEYS_OF_INDEX: Final = body("collectionName", "indexName", **_COLLECTION, indexName=GIVEN, propertyKeys=ListOf(TEXT))
ALIAS: Final = body("aliasName", dbName=OPTIONAL_NAME, aliasName=NAME)
ALIAS_OF: Final = body("collectionName", "aliasName", **_COLLECTION, aliasName=NAME)
IMPORT: Final = body(
    "collectionName",
    "files",
    **_COLLECTION,
    partitionName=TEXT,
    files=ListOf(ListOf(GIVEN)),
    options=MapOf(TEXT),
)
JOB: Final = body("jobId", jobId=Scalar("digits", frozenset({str}), lambda value: value.isascii() and value.isdigit()))
_NODES = body("node_num", node_num=COUNT)
_GROUP = body(
    requests=_NODES,
    limits=_NODES,
    transfer_from=ListOf(body("resource_group", resource_group=GIVEN)),
    transfer_to=ListOf(body("resource_group", resource_group=GIVEN)),
    node_filter=body("node_labels", node_labels=MapOf(TEXT)),
)
RESOURCE_GROUP: Final = body("name", name=GIVEN, config=_GROUP)
RESOURCE_GROUPS: Final = body("resource_groups", resource_groups=MapOf(_GROUP))
TRANSFER: Final = body(
    "sourceRgName",
    "targetRgName",
    "collectionName",
    "replicaNum",
    sourceRgName=GIVEN,
    targetRgName=GIVEN,
    collectionName=NAME,
    replicaNum=COUNT,
)
