"""Rows about the service: health, the cluster, quotas."""

from __future__ import annotations

from typing import Final

from vecgate.operations.model import Action, Risk, Scope
from vecgate.operations.table import Row
from vecgate_qdrant.rest import administration
from vecgate_qdrant.rest.rows.common import FLAG, TIMEOUT, WAIT, refused

_WHOLE: Final = ("**",)
_OPERATORS: Final = "It tells of every collection and of what was asked of them: operators ask the database itself."

ROWS: Final = (
    Row("root", "GET", "/", Action.META, scope=Scope.SERVICE),
    Row("healthz", "GET", "/healthz", Action.META, scope=Scope.SERVICE),
    Row("livez", "GET", "/livez", Action.META, scope=Scope.SERVICE),
    Row("readyz", "GET", "/readyz", Action.META, scope=Scope.SERVICE),
    Row("cluster_status", "GET", "/cluster", Action.ADMIN, _WHOLE, risks=(Risk.DISCLOSURE,)),
    Row("recover_current_peer", "POST", "/cluster/recover", Action.ADMIN, _WHOLE, risks=(Risk.CLUSTER_CHANGE,)),
    Row(
        "remove_peer",
        "DELETE",
        "/cluster/peer/{peer_id}",
        Action.ADMIN,
        _WHOLE,
        query={**TIMEOUT, "force": FLAG},
        risks=(Risk.CLUSTER_CHANGE,),
    ),
    Row("get_quotas", "GET", "/quotas", Action.ADMIN, _WHOLE, risks=(Risk.DISCLOSURE,)),
    Row(
        "update_quotas",
        "PUT",
        "/quotas",
        Action.ADMIN,
        _WHOLE,
        query=WAIT,
        body=administration.QUOTAS,
        risks=(Risk.CLUSTER_CHANGE,),
    ),
    Row("clear_issues", "DELETE", "/issues", Action.ADMIN, _WHOLE, risks=(Risk.CLUSTER_CHANGE,)),
    refused("get_issues", "GET", "/issues", _OPERATORS),
    refused("telemetry", "GET", "/telemetry", _OPERATORS),
    refused("cluster_telemetry", "GET", "/cluster/telemetry", _OPERATORS),
    refused("metrics", "GET", "/metrics", _OPERATORS),
)
