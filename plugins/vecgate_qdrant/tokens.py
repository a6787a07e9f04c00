"""Tokens: a JWT for one request, signed with Qdrant's API key, so that its own audit log names the caller.

Facts: Qdrant's `src/common/auth/claims.rs`. `subject` is what the audit log shows (since 1.17); `sub` goes to inference
services and is left out. `access` is `r` or `m` for the whole server, or a list of collections; without it, a token may
do everything. The server needs `service.jwt_rbac: true`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import OctKey

from vecgate.identity.principal import Principal
from vecgate.operations.model import Action, Operation

LIFETIME: Final = 60
"""Seconds; Qdrant adds 30 of leeway. It is looked at when a request begins."""
GATEWAY: Final = "vecgate"
"""The subject of the gateway's own look-ups, and of routes that answer without identity."""
_WRITES: Final = frozenset({Action.WRITE, Action.DELETE})
_EVERYTHING: Final = frozenset({"*", "**"})


def minted(
    secret: str,
    principal: Principal | None,
    operations: Sequence[Operation],
    clock: Callable[[], float] = time.time,
) -> str:
    claims = {
        "subject": principal.key if principal is not None else GATEWAY,
        "access": access(operations),
        "exp": int(clock()) + LIFETIME,
    }
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(secret))


def access(operations: Sequence[Operation]) -> str | list[dict[str, Any]]:
    """The least that these operations need: nothing beside what policy granted for this very request."""
    if any(one.action is Action.ADMIN for one in operations):
        return "m"
    writes = any(one.action in _WRITES for one in operations)
    rights: dict[str, str] = {}
    for one in operations:
        for name in one.resources:
            rights[name] = "rw" if one.action in _WRITES or rights.get(name) == "rw" else "r"
    if not all(one.resources for one in operations) or not rights or _EVERYTHING & rights.keys():
        return "m" if writes else "r"
    return [{"collection": name, "access": right} for name, right in rights.items()]
