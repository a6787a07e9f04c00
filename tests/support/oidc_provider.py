"""A real OpenID provider, panva's oidc-provider, with tokens shaped like Keycloak's or Entra's. Needs node and npm."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.support.javascript import install
from vecgate.demo.processes import free_port, stop

SOURCES: Final = Path(__file__).with_name("oidc-provider")
CLIENT: Final = "vecgate-cli"
CONFIDENTIAL: Final = "vecgate-secret"
SECRET: Final = "canary-client-secret-of-the-terminal"


def installed(folder: Path) -> Path:
    return install(SOURCES, folder)


@contextlib.contextmanager
def oidc_provider(folder: Path, shape: str, lifetime: int = 300) -> Iterator[str]:
    """The issuer of a running provider; `folder` is an installed one, `shape` is keycloak or entra."""
    command = ["node", "provider.mjs", str(free_port()), shape, str(lifetime)]
    with (folder / f"{shape}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
    assert process.stdout is not None
    try:
        issuer = process.stdout.readline().decode().strip()
        if not issuer:
            raise RuntimeError((folder / f"{shape}.log").read_text())
        yield issuer
    finally:
        stop(process)
        process.stdout.close()
