"""Effects: what a row cannot say because it hangs on the message."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from vecgate.errors import Refusal
from vecgate.operations.model import Operation, Resource, Risk, Scope
from vecgate.operations.table import Call
from vecgate_milvus import names
from vecgate_milvus.calls.call import GrpcCall
from vecgate_milvus.expressions import fields_of

MANY: Final = 1000
"""Records from which reading is an export and changing is a bulk update."""
EVERYTHING: Final = "**"
BACKUPS: Final = frozenset({"backup", "l0_import", "storage_version", "import_binlog"})
"""Options of an import by which it reads the files of another collection."""


def several(call: Call) -> tuple[Operation, ...]:
    """One operation on every collection that is named. Raises Refusal: bad_body where none is."""
    grpc = _grpc(call)
    resources = tuple(dict.fromkeys(grpc.collection(name).resource for name in grpc.written))
    return (call.row.base(call, resources=resources or (names.resource(grpc.database, ""),)),)


def one_or_all(call: Call) -> tuple[Operation, ...]:
    """What belongs to a collection, or to all of a database."""
    return _one_or(call, f"{call.params['database']}/*")


def one_or_everything(call: Call) -> tuple[Operation, ...]:
    return _one_or(call, EVERYTHING)


def show_collections(call: Call) -> tuple[Operation, ...]:
    if not call.document.collection_names:
        return (call.row.base(call),)
    return (replace(several(call)[0], scope=Scope.NAMED),)


def analyzed(call: Call) -> tuple[Operation, ...]:
    """With a collection's analyzer, or with one that the request describes."""
    if call.params.get("collection"):
        return (call.row.base(call),)
    return (replace(call.row.base(call, resources=()), scope=Scope.SERVICE),)


flush_state = analyzed


def by_own_name(call: Call) -> tuple[Operation, ...]:
    """The name is sent as it was written. Should it be an alias, what stands behind it is judged, too."""
    return (call.row.base(call, resources=_own(call)),)


def rename(call: Call) -> tuple[Operation, ...]:
    document = call.document
    database = names.database(document.newDBName or call.params["database"])
    return (call.row.base(call, resources=(*reversed(_own(call)), names.resource(database, document.newName))),)


def set_alias(call: Call) -> tuple[Operation, ...]:
    """The collection that it will stand for, the alias, and the collection that it stands for now."""
    return (call.row.base(call, resources=tuple(dict.fromkeys((_grpc(call).target.resource, *_alias(call))))),)


def of_alias(call: Call) -> tuple[Operation, ...]:
    return (call.row.base(call, resources=_alias(call)),)


def list_aliases(call: Call) -> tuple[Operation, ...]:
    if not call.params.get("collection"):
        return (call.row.base(call),)
    return (replace(call.row.base(call, resources=(_grpc(call).target.resource,)), scope=Scope.NAMED),)


def insert(call: Call) -> tuple[Operation, ...]:
    records = records_of(call.document)
    return (call.row.base(call, count=max(1, records), query={"records": records}),)


def upsert(call: Call) -> tuple[Operation, ...]:
    (operation,) = insert(call)
    return (replace(operation, risks=(Risk.BULK_UPDATE,)) if operation.count > MANY else operation,)


def imported(call: Call) -> tuple[Operation, ...]:
    """A backup's files are another collection's: a grant must cover all. Other files are of no collection."""
    document = call.document
    resources: tuple[Resource, ...] = (_grpc(call).target.resource,)
    options = {option.key.strip().lower() for option in document.options}
    if options & BACKUPS or any("insert_log" in file or "delta_log" in file for file in document.files):
        resources += (EVERYTHING,)
    return (call.row.base(call, resources=resources, query={"files": list(document.files)[:MANY]}),)


def refresh(call: Call) -> tuple[Operation, ...]:
    """From another source than before: whose it is, its address does not say."""
    resources: tuple[Resource, ...] = (_grpc(call).target.resource,)
    if call.document.external_source or call.document.external_spec:
        resources += (EVERYTHING,)
    return (call.row.base(call, resources=resources),)


def restore(call: Call) -> tuple[Operation, ...]:
    """From the collection that the snapshot was made of into another, of another database perhaps."""
    document = call.document
    database = names.database(document.target_db_name or call.params["database"])
    target = names.resource(database, document.target_collection_name)
    return (call.row.base(call, resources=(_grpc(call).target.resource, target)),)


def restore_external(call: Call) -> tuple[Operation, ...]:
    target = names.resource(call.params["database"], call.document.target_collection_name)
    return (call.row.base(call, resources=(target, EVERYTHING)),)


def rows(call: Call) -> tuple[Operation, ...]:
    """Expressions of row policies know names for whoever asks, which no other expression does."""
    fields: list[str] = []
    for text in (call.document.using_expr, call.document.check_expr):
        try:
            fields += fields_of(text)
        except Refusal:
            fields.append("*")
    return (call.row.base(call, fields_used=tuple(dict.fromkeys(fields))),)


def records_of(message: Any) -> int:
    """Records that are written: as many as the message says, or as its longest column has."""
    return max([message.num_rows, *(_length(column) for column in message.fields_data)], default=0)


def _length(column: Any) -> int:
    """Rows of a column of scalars; vectors have as many."""
    if column.WhichOneof("field") != "scalars" or (kind := column.scalars.WhichOneof("data")) is None:
        return 0
    return len(getattr(column.scalars, kind).data)


def _one_or(call: Call, all_of_them: Resource) -> tuple[Operation, ...]:
    if call.params.get("collection"):
        return (call.row.base(call),)
    return (call.row.base(call, resources=(all_of_them,)),)


def _own(call: Call) -> tuple[Resource, ...]:
    """A name as it was written, and the collection that it stands for."""
    (written,) = _grpc(call).written or ("",)
    return tuple(dict.fromkeys((names.resource(call.params["database"], written), _grpc(call).target.resource)))


def _alias(call: Call) -> tuple[Resource, ...]:
    """The alias, and what stands behind it where the database has said so."""
    written = names.resource(call.params["database"], call.document.alias)
    return tuple(dict.fromkeys((written, _grpc(call).collection(call.document.alias).resource)))


def _grpc(call: Call) -> GrpcCall:
    assert isinstance(call, GrpcCall)
    return call
