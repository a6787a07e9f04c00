"""Chroma's own client, for someone with full rights: the same calls give the same results through the gateway."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from chromadb.api.client import AdminClient, Client
from chromadb.api.models.Collection import Collection
from tests.support.chroma_clients import closing
from tests.support.gateway import gateway
from tests.support.parity import catalogue, filters, records
from tests.support.parity.world import Case, World, played

from vecgate.demo.processes import chroma_command, free_port, running

__all__ = ["closing"]

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("closing")]

POLICY = """
policy:
  grants: [{name: everything, to: {groups: [owners]}, allow: [meta, search, read, write, delete, admin]}]
  masks: [{name: vectors, vectors: drop, clearance: {groups: [owners]}}]
"""
TABLE = (*catalogue.CASES, *records.CASES, *filters.CASES)
ELSEWHERE = {"close", "from_system", "clear_system_cache", "get_chroma_cloud_api_key_from_clients", "get_model"}
"""Methods that ask no server."""
DIFFERENT = {"reset", "get_user_identity"}
"""`reset` is refused by name; an identity is the caller's, of whom the server knows nothing."""


@dataclass(frozen=True)
class Servers:
    """Two fresh servers: one that is asked itself, one behind a gateway."""

    direct: str
    gateway: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        folder = tmp_path_factory.mktemp("parity")
        direct, upstream = pool.map(stack.enter_context, [_chroma(folder / "direct"), _chroma(folder / "behind")])
        behind = stack.enter_context(gateway(folder / "gateway", upstream, POLICY))
        yield Servers(direct, behind.url, behind.headers("olga", "owners"))


@contextmanager
def _chroma(folder: Path) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    folder.mkdir()
    with running("Chroma", chroma_command(port, folder), f"{address}/api/v2/heartbeat", folder / "log"):
        yield address


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.__name__)
def test_the_same_calls_give_the_same_results(servers: Servers, case: Case) -> None:
    shown = []
    for address, headers in ((servers.direct, {}), (servers.gateway, servers.headers)):
        world = World(address, f"db_{case.__name__}", headers)
        shown.append(played(case, world))
        world.close()
    direct, through = shown
    assert through == direct


def test_the_table_calls_every_public_method() -> None:
    """Of the client, the admin client and collections."""
    source = "".join(inspect.getsource(module) for module in (catalogue, records, filters))
    public = {name for kind in (Client, AdminClient, Collection) for name in _methods(kind)} - ELSEWHERE - DIFFERENT
    assert not {name for name in public if f".{name}" not in source}


def _methods(kind: type) -> set[str]:
    return {name for name, member in inspect.getmembers(kind, inspect.isroutine) if not name.startswith("_")}
