"""What identity costs: a token that was proved before, a fresh one, and one that is refused for its size."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.support.tokens import claims, jwks_file, mint, rsa
from vecgate.config.identity import Identity, Issuer
from vecgate.errors import Refusal
from vecgate.identity.authenticator import Authenticator

FRESH: Final = 400
HUGE: Final = "a" * 70_000


def identity() -> str:
    """Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_measured(Path(folder)))
    lines = ["| identity, in process | µs of CPU |", "|---|---:|"]
    return "\n".join([*lines, *(f"| {name} | {seconds * 1e6:,.1f} |" for name, seconds in found.items())]) + "\n"


async def _measured(folder: Path) -> dict[str, float]:
    key, now = rsa(), time.time()
    issuer = Issuer(issuer=claims(now)["iss"], audience=claims(now)["aud"], jwks=jwks_file(folder / "jwks.json", key))
    tokens = [mint(claims(now, jti=str(number)), key, "RS256") for number in range(FRESH)]
    authenticator = Authenticator(Identity(issuers=[issuer]), folder)
    await authenticator.start()
    try:
        begun = time.process_time()
        for token in tokens:
            await authenticator.authenticate(token)
        fresh = (time.process_time() - begun) / FRESH
        known = tokens[-1]
        assert authenticator.cached(known) is not None
        return {
            "a token that was proved before": _each(lambda: authenticator.cached(known), 50_000),
            "a fresh token, RS256 with 2048 bits": fresh,
            "a token of 70 kB, refused": await _refused(authenticator),
        }
    finally:
        await authenticator.stop()


def _each(function: Callable[[], object], times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        function()
    return (time.process_time() - begun) / times


async def _refused(authenticator: Authenticator, times: int = 50) -> float:
    begun = time.process_time()
    for number in range(times):
        try:
            await authenticator.authenticate(f"{HUGE}{number}")
        except Refusal:
            continue
        raise AssertionError("accepted")
    return (time.process_time() - begun) / times
