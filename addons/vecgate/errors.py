"""Errors.

VecgateError
├── ConfigError        the operator's files: file, line, column, key, and what to write instead
├── Refusal            the client's request: one reason code, becomes the answer
│   └── Unmaskable     the database's answer cannot be rebuilt safely
├── Unavailable        something the gateway depends on is down: becomes a 503 refusal
├── LoginError         a person cannot sign in from here: wrong use, a broken file, an issuer that does not answer
│   └── LoginRefused   the issuer says no, or the sign-in has ended
└── PluginError        a plugin is missing, fails to import or breaks its contract
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vecgate.reasons import Reason


class VecgateError(Exception):
    """Root of everything vecgate raises on purpose."""


@dataclass(frozen=True)
class Finding:
    """One thing wrong with an operator's file. Lines and columns count from 1; 0 is unknown."""

    file: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class ConfigError(VecgateError):
    """The configuration cannot be used. `findings` has every problem, in file order."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


class LoginError(VecgateError):
    """Signing in, or using a sign-in, cannot be done. Its text holds no token."""


class LoginRefused(LoginError):
    """The issuer refuses. `code` is OAuth's error code (RFC 6749 §5.2, RFC 8628 §3.5), empty where there is none."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class PluginError(VecgateError):
    """A plugin cannot be used; `plugin` is its name."""

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__(f"plugin {plugin}: {message}")
        self.plugin = plugin


@dataclass(eq=False)
class Refusal(VecgateError):
    """The request is not forwarded, or its answer is withheld.

    `detail` is shown to the client: it must not name what exists, hold a token or a masked value.
    `headers` go onto the answer (`Retry-After`, `WWW-Authenticate`, `RateLimit`); `extra` into its error body.
    Raises ValueError for a reason that allows: its status would tell the client that all went well.
    """

    reason: Reason
    detail: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.reason.status < 400:
            raise ValueError(f"{self.reason} is no refusal")

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail or self.reason.summary}"

    @property
    def status(self) -> int:
        return self.reason.status


class Unmaskable(Refusal):
    """The upstream's answer is not what the dialect expects, so it cannot be masked."""

    def __init__(self, detail: str) -> None:
        super().__init__(Reason.UNMASKABLE_RESPONSE, detail)


class Unavailable(Refusal):
    """A dependency is down: state, evidence, identity, credential. Always a 503 with `Retry-After`."""

    def __init__(self, reason: Reason, detail: str = "", retry_after: int = 5) -> None:
        super().__init__(reason, detail, {"retry-after": str(retry_after)})
