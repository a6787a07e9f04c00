"""Examination: everything in turn, each thing by itself: what fails says so and does not hide the rest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from vecgate.config.load import Loaded
from vecgate.doctor import issuers, upstreams
from vecgate.doctor.diagnosis import Diagnosis, failure, good
from vecgate.errors import ConfigError
from vecgate.hooks import Hooks
from vecgate.state.open import open_store

OPENING = 5.0
"""Seconds that a state store may take."""


async def examine(
    loaded: Loaded, hooks: Hooks, *, token: str | None = None, enclosed: Collection[str] = ()
) -> AsyncIterator[Diagnosis]:
    """Ask everything that a configuration names.

    Args:
        token: a user's real one, which no database may take; by default one that nobody signed.
        enclosed: connections whose database only the gateway can reach: that it answers strangers is no failure there.
    """
    async for each in issuers.examine(loaded):
        yield each
    yield await _state(loaded)
    yield await asyncio.to_thread(_evidence, loaded)
    async for each in upstreams.examine(loaded, hooks, token or upstreams.UNSIGNED, enclosed):
        yield each


async def _state(loaded: Loaded) -> Diagnosis:
    url = loaded.config.state.url
    try:
        async with asyncio.timeout(OPENING):
            store = await asyncio.to_thread(open_store, url, loaded.base)
            try:
                await store.start()
                await store.overdue_tickets()
            finally:
                await store.close()
    except ConfigError as error:
        return failure("state.url", error.findings[0].message)
    except Exception as error:
        return failure("state.url", f"{url} cannot be used: {type(error).__name__}")
    return good("state.url", f"{url} can be read and written")


def _evidence(loaded: Loaded) -> Diagnosis:
    """Whether records could be written, found out without writing one."""
    directory = loaded.resolve(loaded.config.evidence.directory)
    place = _nearest(directory)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return failure("evidence.directory", f"{directory} cannot be written", "requests are refused without evidence")
    return good("evidence.directory", f"{directory} can be written")


def _nearest(path: Path) -> Path:
    """The path, or the first folder above it that exists."""
    return next(each for each in (path, *path.parents) if each.exists())
