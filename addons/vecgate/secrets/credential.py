"""ServiceCredential: what a connection proves itself with to its database, and the one place where it becomes text."""

from __future__ import annotations

from pathlib import Path

from vecgate.config.models import Credential
from vecgate.errors import ConfigError, Finding
from vecgate.secrets.keeper import Keeper
from vecgate.secrets.resolve import Hook, resolve

FILE_PERIOD = 1.0
"""Seconds between two looks at a file."""


class ServiceCredential:
    """The header that carries it, and the secret behind it. Neither a repr nor an exception shows the secret."""

    def __init__(self, connection: str, config: Credential, base: Path, hook: Hook | None = None) -> None:
        key = f"connections.{connection}.credential.value"
        self.config = config
        self.header = config.header.lower().encode("ascii")
        self._first = True

        def read() -> str:
            """Raises ConfigError."""
            value = resolve(config.value, base, hook, key=key, remark=self._first)
            self._first = False
            if not value.isprintable() or not value.isascii():
                raise ConfigError(Finding("configuration", 0, 0, key, "a header value is one line of visible ASCII"))
            return value

        periods = {"env": 0.0, "file": FILE_PERIOD}
        period = periods.get(config.value.partition(":")[0], config.refresh.seconds)
        self._keeper = Keeper(key, read, period=period, grace=config.grace.seconds)

    def reveal(self) -> str:
        """The secret as it is now. Raises Unavailable `credential_unavailable`."""
        return self._keeper.value

    async def prime(self) -> None:
        """Have the secret. Raises ConfigError."""
        await self._keeper.prime()

    async def refresh(self) -> None:
        """Ask whether it has changed. Never raises."""
        await self._keeper.refresh()

    def start(self) -> None:
        self._keeper.start()

    async def stop(self) -> None:
        await self._keeper.stop()

    def suspect(self) -> None:
        """The database did not accept it."""
        self._keeper.suspect()
