"""Control: the 18 operations of the control plane and the four of inference, on api.pinecone.io."""

from __future__ import annotations

from typing import Final

from vecgate.operations.model import Action, Risk, Scope
from vecgate.operations.shapes import enumeration
from vecgate.operations.table import Row
from vecgate_pinecone import administration, settings
from vecgate_pinecone.administration import EVERYTHING
from vecgate_pinecone.bodies import PAGE

_ONE: Final = "/indexes/{index_name}"
_BACKUP: Final = "/backups/{backup_id}"
_COLLECTION: Final = "/collections/{collection_name}"
_INDEX: Final = ("{index_name}",)
_WHOLE: Final = ("{index_name}", "{index_name}/*")
_HOSTS: Final = "`host` is the gateway's address for the index, `private_host` is left out."
_LOOKED_UP: Final = "The backup's index is looked up."
_SNAPSHOT_OF: Final = "A collection does not say of which index it is a snapshot, so a grant must cover everything."

INDEXES: Final = (
    Row(
        "list_indexes",
        "GET",
        "/indexes",
        Action.META,
        ("*",),
        Scope.LIST,
        note=f"Filtered to what the caller may see. {_HOSTS}",
    ),
    Row(
        "create_index",
        "POST",
        "/indexes",
        Action.ADMIN,
        body=settings.CREATE_INDEX,
        note=f"The resource is the body's `name`; `source_collection` makes it `restore`, of everything. {_HOSTS}",
        effect=administration.create_index,
    ),
    Row(
        "create_index_for_model",
        "POST",
        "/indexes/create-for-model",
        Action.ADMIN,
        body=settings.CREATE_FOR_MODEL,
        risks=(Risk.EGRESS,),
        note=f"The resource is the body's `name`; what is written to the index goes to a model. {_HOSTS}",
        effect=administration.create_for_model,
    ),
    Row("describe_index", "GET", _ONE, Action.META, _INDEX, note=_HOSTS),
    Row(
        "configure_index",
        "PATCH",
        _ONE,
        Action.ADMIN,
        _INDEX,
        body=settings.CONFIGURE_INDEX,
        note=(
            "`drop_collection` where it takes the protection against deletion away, `cluster_change` with `spec`, "
            f"`schema_change` and `egress` with `embed`. {_HOSTS}"
        ),
        effect=administration.configure_index,
    ),
    Row("delete_index", "DELETE", _ONE, Action.ADMIN, _WHOLE, risks=(Risk.DROP_COLLECTION,)),
)
BACKUPS: Final = (
    Row("list_index_backups", "GET", f"{_ONE}/backups", Action.META, _INDEX, query=PAGE),
    Row(
        "create_backup",
        "POST",
        f"{_ONE}/backups",
        Action.ADMIN,
        _WHOLE,
        body=settings.CREATE_BACKUP,
        risks=(Risk.SNAPSHOT,),
    ),
    Row(
        "list_project_backups",
        "GET",
        "/backups",
        Action.META,
        ("*",),
        Scope.LIST,
        query=PAGE,
        note="Filtered by the indexes that the caller may see.",
    ),
    Row("describe_backup", "GET", _BACKUP, Action.META, ("{backup_id}",), note=_LOOKED_UP),
    Row(
        "delete_backup",
        "DELETE",
        _BACKUP,
        Action.ADMIN,
        ("{backup_id}", "{backup_id}/*"),
        risks=(Risk.SNAPSHOT, Risk.BULK_DELETE),
        note=_LOOKED_UP,
    ),
    Row(
        "create_index_from_backup",
        "POST",
        f"{_BACKUP}/create-index",
        Action.ADMIN,
        ("{backup_id}", "{backup_id}/*"),
        body=settings.RESTORE,
        risks=(Risk.RESTORE,),
        copies=True,
        note=f"{_LOOKED_UP} The body's `name` is a resource too.",
        effect=administration.restore,
    ),
    Row(
        "list_restore_jobs",
        "GET",
        "/restore-jobs",
        Action.META,
        ("*",),
        Scope.LIST,
        query=PAGE,
        note="Filtered by the indexes that the caller may see.",
    ),
    Row(
        "describe_restore_job",
        "GET",
        "/restore-jobs/{job_id}",
        Action.META,
        ("{job_id}",),
        note="The job's target is looked up.",
    ),
)
COLLECTIONS: Final = (
    Row("list_collections", "GET", "/collections", Action.META, (EVERYTHING,), note=_SNAPSHOT_OF),
    Row(
        "create_collection",
        "POST",
        "/collections",
        Action.ADMIN,
        body=settings.CREATE_COLLECTION,
        risks=(Risk.SNAPSHOT,),
        note="The resource is the body's `source` with all its namespaces.",
        effect=administration.create_collection,
    ),
    Row("describe_collection", "GET", _COLLECTION, Action.META, (EVERYTHING,), note=_SNAPSHOT_OF),
    Row(
        "delete_collection",
        "DELETE",
        _COLLECTION,
        Action.ADMIN,
        (EVERYTHING,),
        risks=(Risk.SNAPSHOT, Risk.BULK_DELETE),
        note=_SNAPSHOT_OF,
    ),
)
INFERENCE: Final = (
    Row(
        "embed",
        "POST",
        "/embed",
        Action.SEARCH,
        (EVERYTHING,),
        body=settings.EMBED,
        risks=(Risk.EGRESS,),
        note="The caller's text goes to a hosted model. It comes back as a vector that nobody has stored: not masked.",
        effect=administration.embed,
    ),
    Row(
        "rerank",
        "POST",
        "/rerank",
        Action.SEARCH,
        (EVERYTHING,),
        body=settings.RERANK,
        risks=(Risk.EGRESS,),
        note="The caller's documents go to a hosted model, and come back from the request, not from the answer.",
        effect=administration.rerank,
    ),
    Row(
        "list_models",
        "GET",
        "/models",
        Action.META,
        scope=Scope.SERVICE,
        query={"type": enumeration("embed", "rerank"), "vector_type": enumeration("dense", "sparse")},
    ),
    Row("get_model", "GET", "/models/{model_name}", Action.META, scope=Scope.SERVICE),
)
ROWS: Final = (*INDEXES, *BACKUPS, *COLLECTIONS, *INFERENCE)
