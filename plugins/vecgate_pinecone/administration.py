"""Administration: what a request to the control plane does, beyond what its row says.

A backup and a restore job do not name their index: until it is looked up, their id stands in its place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from vecgate.operations.model import Operation, Risk
from vecgate.operations.table import Call
from vecgate_pinecone.names import DEFAULT

EVERYTHING: Final = "**"


def create_index(call: Call) -> tuple[Operation, ...]:
    """From a collection, data of an index that nobody can name any more comes back under a new name."""
    name = call.document["name"]
    operation = call.row.base(call, resources=(name,))
    if not any(spec.get("source_collection") for spec in call.document["spec"].values()):
        return (operation,)
    return (replace(operation, resources=(EVERYTHING, name), risks=(Risk.RESTORE,)),)


def create_for_model(call: Call) -> tuple[Operation, ...]:
    return (call.row.base(call, resources=(call.document["name"],)),)


def configure_index(call: Call) -> tuple[Operation, ...]:
    """Without its protection, an index can be dropped; another model changes what its records are made of."""
    document = call.document
    risks: list[Risk] = []
    if document.get("deletion_protection") == "disabled":
        risks.append(Risk.DROP_COLLECTION)
    if document.get("spec"):
        risks.append(Risk.CLUSTER_CHANGE)
    if document.get("embed"):
        risks += (Risk.SCHEMA_CHANGE, Risk.EGRESS)
    return (call.row.base(call, risks=tuple(risks)),)


def create_collection(call: Call) -> tuple[Operation, ...]:
    source = call.document["source"]
    return (call.row.base(call, resources=(source, f"{source}/*")),)


def restore(call: Call) -> tuple[Operation, ...]:
    """The source index with all in it, and copies: of the whole, and of the namespace that both surely have."""
    source, name = call.params["backup_id"], call.document["name"]
    whole = call.row.base(call, resources=(source, name))
    return (
        replace(whole, resources=(source, f"{source}/*"), copies=False),
        whole,
        replace(whole, resources=(f"{source}/{DEFAULT}", f"{name}/{DEFAULT}")),
    )


def embed(call: Call) -> tuple[Operation, ...]:
    inputs = len(call.document["inputs"])
    return (call.row.base(call, count=max(1, inputs), query={"model": call.document["model"], "inputs": inputs}),)


def rerank(call: Call) -> tuple[Operation, ...]:
    document = call.document
    count = len(document["documents"])
    return (
        call.row.base(
            call,
            count=max(1, count),
            query={"model": document["model"], "query": document["query"], "documents": count},
        ),
    )
