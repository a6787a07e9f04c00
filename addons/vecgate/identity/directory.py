"""Directory: who knows the groups of people whose tokens do not say them. Plugins contribute it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection

from vecgate.identity.principal import Principal


class DirectoryError(Exception):
    """The directory cannot say. The message is logged, and must hold no credential."""


class Directory(ABC):
    """Asked beside the requests, in threads of their own, possibly several at once."""

    @abstractmethod
    def groups(self, principal: Principal) -> Collection[str] | None:
        """The person's groups, by the names that policy has; None if the person is not known here.

        `principal` is proved, has no groups, and all claims of its token. May block for as long as configuration says.
        Raises DirectoryError, or whatever it likes: the request is refused with 503. Of other exceptions only the type
        is logged.
        """

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of connections. Called once, when configuration or the gateway ends."""
