"""Effects: what a row cannot say because it hangs on the body."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from vecgate.operations.document import Numbers, dump, plain
from vecgate.operations.model import Operation, Risk, Scope
from vecgate.operations.table import Call
from vecgate.operations.vectors import is_vector, summary
from vecgate_milvus.expressions import key_count
from vecgate_milvus.rest import steering
from vecgate_milvus.rest.call import RestCall
from vecgate_milvus.rest.steering import Steered

FEW: Final = 10
"""Keys up to which a delete is not a bulk one."""
MANY: Final = 1000
"""Records from which reading is an export and changing is a bulk update."""
BACKUPS: Final = frozenset({"backup", "l0_import", "storage_version", "import_binlog"})
"""Options of an import by which it reads the files of another collection."""
SHOWN: Final = 100
"""Keys that evidence keeps of one request."""
DEFAULT_LIMIT: Final = 100
DEFAULT_OUTPUT: Final = ("*",)
VECTOR_NAMES: Final = ("vec", "embed", "dense", "sparse")
"""What names of vector fields contain, where the collection is not described."""


def query(call: Call) -> tuple[Operation, ...]:
    document = call.document
    names = tuple(steering.output(document.get("outputFields", DEFAULT_OUTPUT)))
    counted = len(names) == 1 and steering.COUNTED.fullmatch(names[0]) is not None
    limit = document.get("limit", DEFAULT_LIMIT) or None
    keys = _keys(call)
    points = 0 if counted else limit if keys is None else keys if limit is None else min(limit, keys)
    return (_read(call, names, steering.filtered(document), points),)


def get(call: Call) -> tuple[Operation, ...]:
    document = call.document
    names = tuple(steering.output(document.get("outputFields", DEFAULT_OUTPUT)))
    keys = document["id"] if isinstance(document["id"], list | Numbers) else [document["id"]]
    operation = _read(call, names, Steered(), len(keys))
    return (replace(operation, count=max(1, len(keys)), query={**operation.query, "ids": list(keys[:SHOWN])}),)


def search(call: Call) -> tuple[Operation, ...]:
    document = call.document
    names = tuple(steering.output(document.get("outputFields", ())))
    steered = steering.filtered(document) | steering.grouped(document) | steering.reranked(document)
    steered |= steering.tuned(document.get("searchParams")) | steering.tuned(document.get("params"))
    steered |= _searched(call, document.get("annsField", ""))
    queries = max(1, len(document["data"]))
    points = _results(document) * queries
    operation = _read(call, names, steered, points, [document.get("annsField", "")])
    return (replace(operation, count=queries, query={**operation.query, **_queries(document["data"])}),)


def hybrid(call: Call) -> tuple[Operation, ...]:
    """One operation: the sub-searches' results are merged. A filter stands in each of them."""
    document = call.document
    names = tuple(steering.output(document.get("outputFields", ())))
    steered = steering.grouped(document) | steering.reranked(document)
    parts = document.get("search", ())
    for part in parts:
        steered |= steering.filtered(part) | steering.grouped(part) | steering.tuned(part.get("params"))
        steered |= _searched(call, part.get("annsField", ""))
    fields = [part.get("annsField", "") for part in parts]
    operation = _read(call, names, steered, _results(document), fields)
    asked = {
        **operation.query,
        "searches": [{**_asked(part), **_queries(part["data"])} for part in parts[:FEW]],
    }
    queries = sum(len(part["data"]) for part in parts)
    return (replace(operation, count=max(1, queries), query=asked),)


def delete(call: Call) -> tuple[Operation, ...]:
    keys = _keys(call)
    few = keys is not None and keys <= FEW
    operation = call.row.base(
        call,
        fields_used=steering.filtered(call.document).fields,
        risks=() if few else (Risk.BULK_DELETE,),
        count=max(1, keys or 0),
        query=_asked(call.document),
    )
    return (operation,)


def insert(call: Call) -> tuple[Operation, ...]:
    records = len(call.document["data"])
    return (call.row.base(call, count=max(1, records), query={"records": records}),)


def upsert(call: Call) -> tuple[Operation, ...]:
    (operation,) = insert(call)
    return (replace(operation, risks=(Risk.BULK_UPDATE,)) if operation.count > MANY else operation,)


def rename(call: Call) -> tuple[Operation, ...]:
    document = call.document
    database = document.get("newDbName") or call.params["database"]
    (operation,) = by_own_name(call)
    return (replace(operation, resources=(*operation.resources, f"{database}/{document['newCollectionName']}")),)


def by_own_name(call: Call) -> tuple[Operation, ...]:
    """The name is sent as it was written. Should it be an alias, what stands behind it is judged, too."""
    operation = call.row.base(call)
    written = f"{call.params['database']}/{call.document['collectionName']}"
    return (replace(operation, resources=tuple(dict.fromkeys((*operation.resources, written)))),)


def alter(call: Call) -> tuple[Operation, ...]:
    """A time to live deletes what is older."""
    operation = call.row.base(call)
    if any("ttl" in name.lower() for name in call.document.get("properties", ())):
        return (replace(operation, risks=(*operation.risks, Risk.BULK_DELETE)),)
    return (operation,)


def imported(call: Call) -> tuple[Operation, ...]:
    """A backup's files are another collection's: a grant must cover all. Other files are of no collection."""
    operation = call.row.base(call)
    files = [name for group in call.document["files"] for name in group]
    options = {name.strip().lower() for name in call.document.get("options", ())}
    if options & BACKUPS or any("insert_log" in name or "delta_log" in name for name in files):
        operation = replace(operation, resources=(*operation.resources, "**"))
    return (replace(operation, query={"files": files[:SHOWN]}),)


def create(call: Call) -> tuple[Operation, ...]:
    """A function in the schema has texts embedded outside, with credentials that the server keeps."""
    functions = (call.document.get("schema") or {}).get("functions") or ()
    outside = any(str(function["type"]).lower() not in {"bm25", "minhash"} for function in functions)
    return (call.row.base(call, risks=(Risk.EGRESS,) if outside else ()),)


def alias(call: Call) -> tuple[Operation, ...]:
    """An alias with what it is to stand for, and what it stands for now, where the database has said so."""
    operation = call.row.base(call)
    return (replace(operation, resources=tuple(dict.fromkeys((*operation.resources, *_targets(call))))),)


def in_collection(call: Call) -> tuple[Operation, ...]:
    """A list of what belongs to a collection, or to all of a database."""
    operation = call.row.base(call, resources=(f"{call.params['database']}/{call.params.get('collection', '*')}",))
    return (operation if "collection" not in call.params else replace(operation, scope=Scope.NAMED),)


def _targets(call: Call) -> tuple[str, ...]:
    target = call.params.get("target")
    return () if target is None else (f"{call.params['database']}/{target}",)


def _read(
    call: Call, names: tuple[str, ...], steered: Steered, points: int | None, searched: Iterable[str] = ()
) -> Operation:
    export = points is None or points > MANY
    risks = ((Risk.BULK_EXPORT,) if export else ()) + ((Risk.EGRESS,) if steered.egress else ())
    return call.row.base(
        call,
        fields_used=steered.fields,
        vectors=_brings_vectors(call, names, frozenset(searched)),
        scores_steer=steered.scores,
        risks=risks,
        points=points,
        query={**_asked(call.document), "select": list(names)},
    )


def _brings_vectors(call: Call, names: tuple[str, ...], searched: frozenset[str]) -> bool:
    schema = call.schema if isinstance(call, RestCall) else None
    for name in names:
        if name in steering.EVERYTHING or name in searched:
            return True
        if schema is not None:
            if schema.is_vector(name) or any(kind for kind in _vector_parts(schema.structs.get(name))):
                return True
        elif any(part in name.lower() for part in VECTOR_NAMES):
            return True
    return False


def _vector_parts(struct: Any) -> list[str]:
    return [kind for kind in (struct or {}).values() if kind.endswith("Vector")]


def _searched(call: Call, field: str) -> Steered:
    schema = call.schema if isinstance(call, RestCall) else None
    return Steered(schema.searched(field)) if schema is not None else Steered()


def _keys(call: Call) -> int | None:
    """How many keys a filter lists, if that is all it does; None where nobody has said which field is the key."""
    schema = call.schema if isinstance(call, RestCall) else None
    if schema is None:
        return None
    return key_count(call.document.get("filter", ""), schema.key, call.document.get("exprParams", {}))


def _results(document: dict[str, Any]) -> int:
    limit: int = document.get("limit", DEFAULT_LIMIT) or DEFAULT_LIMIT
    groups: int = document.get("groupSize", 1) if document.get("groupingField") else 1
    return limit * max(1, groups)


def _queries(data: list[Any]) -> dict[str, Any]:
    """What is searched for: texts as they are, vectors never."""
    texts = [query for query in data[:FEW] if type(query) is str]
    vectors = [summary(query) if is_vector(query) else summary(dump(query).decode()) for query in data[:FEW]]
    return {"texts": texts} if texts and len(texts) == len(vectors) else {"vectors": vectors}


def _asked(document: dict[str, Any]) -> dict[str, Any]:
    names = ("filter", "exprParams", "limit", "offset", "groupingField", "partitionNames", "annsField")
    return {name: plain(document[name]) for name in names if document.get(name)}
