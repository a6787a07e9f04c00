"""Catalogue: the JSON answers that name indexes, namespaces and backups, filtered to what the caller may know of.

`host` and `private_host` would lead clients round the gateway. An index that has a connection is where that connection
is; any other is at a name that cannot be resolved (RFC 6761 §6.4).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from vecgate.errors import Unmaskable
from vecgate.operations.model import Resource
from vecgate.operations.site import Site
from vecgate.operations.taking import take
from vecgate.policy.decision import Decision
from vecgate_pinecone import cursors, shapes, translation
from vecgate_pinecone.names import canonical

NOWHERE: Final = "not-served.invalid"
_FULLNESS: Final = ("memory_fullness", "storage_fullness")


def index(document: Any, site: Site, newer: bool) -> dict[str, Any]:
    return _index(take(shapes.INDEX_MODEL, document), site, newer)


def indexes(document: Any, decision: Decision, site: Site, newer: bool) -> dict[str, Any]:
    found = take(shapes.INDEXES, document).get("indexes") or []
    return {"indexes": [_index(one, site, newer) for one in found if decision.visible(one["name"])]}


def stats(document: Any, index: Resource, decision: Decision) -> dict[str, Any]:
    """The counts of what the caller may see. How full the index is tells of the rest."""
    answer: dict[str, Any] = take(shapes.STATS, document)
    found = answer.get("namespaces") or {}
    shown = {name: one for name, one in found.items() if decision.visible(f"{index}/{canonical(name)}")}
    answer |= {"namespaces": shown, "totalVectorCount": sum(int(one.get("vectorCount") or 0) for one in shown.values())}
    if len(shown) < len(found):
        answer = {name: value for name, value in answer.items() if name not in _FULLNESS} | {"indexFullness": 0.0}
    return answer


def namespaces(document: Any, index: Resource, decision: Decision) -> dict[str, Any]:
    answer: dict[str, Any] = take(shapes.NAMESPACES, document)
    found = answer.get("namespaces") or []
    shown = [one for one in found if decision.visible(f"{index}/{canonical(one.get('name'))}")]
    hidden = [one.get("name") or "" for one in found if one not in shown]
    if "total_count" in answer and not decision.visible(f"{index}/*"):
        answer["total_count"] = len(shown)  # the service's would count the hidden ones of other pages
    names = [one.get("name") or "" for one in found]
    if (page := answer.get("pagination")) and not passes(page.get("next") or "", names, hidden):
        del answer["pagination"]
    return {**answer, "namespaces": shown}


def passes(token: str, names: list[str], hidden: list[str]) -> bool:
    """May the service's token go to the client? It holds the place where the page ended: not if that is hidden."""
    return not hidden or (names[-1] not in hidden and not cursors.tells(token, hidden))


def namespace(document: Any, resources: Iterable[Resource], index: Resource) -> dict[str, Any]:
    answer: dict[str, Any] = take(shapes.NAMESPACE, document)
    if f"{index}/{canonical(answer.get('name'))}" not in resources:
        raise Unmaskable("The database answered with another namespace.")
    return answer


def backup(document: Any) -> dict[str, Any]:
    taken: dict[str, Any] = take(shapes.BACKUP, document)
    return taken


def backups(document: Any, decision: Decision) -> dict[str, Any]:
    return _seen(take(shapes.BACKUPS, document), "source_index_name", decision)


def jobs(document: Any, decision: Decision) -> dict[str, Any]:
    return _seen(take(shapes.JOBS, document), "target_index_name", decision)


def imports(document: Any) -> dict[str, Any]:
    answer: dict[str, Any] = take(shapes.IMPORTS, document)
    return {**answer, "data": [_import(one) for one in answer.get("data") or ()]}


def one_import(document: Any) -> dict[str, Any]:
    return _import(take(shapes.IMPORT, document))


def _index(taken: dict[str, Any], site: Site, newer: bool) -> dict[str, Any]:
    if len([kind for kind, spec in taken["spec"].items() if spec is not None]) != 1:
        raise Unmaskable("An index of the database's answer has no deployment, or several.")
    taken["spec"] = {kind: spec for kind, spec in taken["spec"].items() if spec is not None}
    taken["host"] = site.others.get(taken["name"]) or f"{taken['name']}.{NOWHERE}"
    return translation.described(taken) if newer else taken


def _seen(answer: dict[str, Any], member: str, decision: Decision) -> dict[str, Any]:
    return {**answer, "data": [one for one in answer.get("data") or () if decision.visible(one[member])]}


def _import(taken: dict[str, Any]) -> dict[str, Any]:
    """What failed could quote a record."""
    return {**taken, "error": "The import failed."} if taken.get("error") else taken
