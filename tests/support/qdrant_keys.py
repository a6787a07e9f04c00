"""Access control as Qdrant has it: API keys, and tokens signed with one. Rules: its `src/common/auth/` and `rbac/`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

WRITES = ("delete", "payload", "clear", "vectors", "batch")
LEEWAY = 30


@dataclass
class Keys:
    """Keys that are accepted, and the audit log: who, what, under which right. `refused` counts other credentials."""

    good: set[str]
    audit: list[tuple[str, str, Any]] = field(default_factory=list)
    refused: int = 0
    seen: set[str] = field(default_factory=set)
    """Every credential that came."""

    def guard(self, app: ASGIApp) -> ASGIApp:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            status = self.judge(scope["method"], scope["path"], Headers(scope=scope)) if scope["type"] == "http" else 0
            answer = (
                JSONResponse({"status": {"error": "Invalid API key or JWT"}, "time": 0.0}, status) if status else app
            )
            await answer(scope, receive, send)

        return guarded

    def judge(self, method: str, path: str, headers: Mapping[str, str]) -> int:
        """0, or the status of a refusal."""
        credential = headers.get("api-key", "")
        self.seen.add(credential)
        if credential in self.good:
            self.audit.append(("the key", path, "m"))
            return 0
        claims = self._claims(credential)
        if claims is None or claims["exp"] + LEEWAY < time.time():
            self.refused += bool(credential)
            return 401
        access = claims.get("access", "m")
        self.audit.append((claims.get("subject", ""), path, access))
        return 0 if _allowed(access, method, path) else 403

    def _claims(self, token: str) -> Any:
        for key in self.good:
            try:
                return jwt.decode(token, OctKey.import_key(key), algorithms=["HS256"]).claims
            except (JoseError, ValueError):
                pass
        return None


def _allowed(access: Any, method: str, path: str) -> bool:
    parts = path.strip("/").split("/")
    point = len(parts) > 2 and parts[2] == "points"
    write = method in ("PUT", "PATCH", "DELETE") or (point and parts[-1] in WRITES and "query" not in parts)
    if isinstance(access, str):
        return access == "m" or not write
    rights = {one["collection"]: one["access"] for one in access}
    right = rights.get(parts[1]) if parts[0] == "collections" and len(parts) > 1 else None
    return right == "rw" and point if write else right is not None
