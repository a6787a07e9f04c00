"""The gateway in mitmproxy's own front ends: what it does there, and what an operator cannot make it do."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from mitmproxy import exceptions, http
from mitmproxy.io import FlowReader
from tests.support.chroma_double import CANARIES, asked, chroma
from tests.support.front_ends import PASSWORD, POLICY, SCRIPT, Process, command, configure, running, spawn
from tests.support.gateway import SERVICE_KEY
from tests.support.meddler import FAULTS
from tests.support.pipeline import front, verdicts
from tests.support.raw_client import Reply, exchange, get
from tests.support.raw_upstream import RawUpstream

from vecgate.evidence.verify import verify

pytestmark = pytest.mark.real

HELD = """
  approvals:
    - {name: destructive, on: {actions: [delete]}, reviewers: {groups: [owners]}, hold: 30s}
"""
DELETE: tuple[str, Any] = ("delete", {"ids": ["a"]})


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[RawUpstream]:
    async with RawUpstream(chroma) as double:
        yield double


# As processes


@pytest.mark.parametrize("name", ["mitmdump", "mitmweb", "mitmproxy"])
async def test_a_stock_front_end_serves_what_is_granted_and_nothing_else(
    name: str, tmp_path: Path, upstream: RawUpstream
) -> None:
    flows = tmp_path / "flows"
    more = ["--set", f"save_stream_file={flows}"]
    async with running(name, tmp_path, upstream.port, more=more) as process:
        reply = await process.ask()
        assert reply.status == 200
        assert b"[redacted]" in reply.body
        assert not any(canary in reply.raw for canary in CANARIES)
        sent = asked(upstream)
        assert [record.header("x-chroma-token") for record in sent] == [SERVICE_KEY]
        for request in (
            process.request("get", subject="eve", group="guests"),
            get(b"/api/v2/tenants"),
            get(b"/", b"Host: mitm.it").replace(b"Host: x\r\n", b""),
        ):
            refused = await exchange(process.port, request)
            assert 400 <= refused.status < 500
            assert b"mitmproxy" not in refused.raw.lower()
        assert asked(upstream) == []
        began = time.monotonic()
        assert await process.terminate() == 0
        assert time.monotonic() - began < 5
    assert verify(tmp_path / "evidence").valid
    saved = flows.read_bytes()
    assert b"/collections/" in saved
    assert SERVICE_KEY.encode() not in saved
    assert b"eyJ" not in saved
    with flows.open("rb") as file:
        kept = [flow for flow in FlowReader(file).stream() if isinstance(flow, http.HTTPFlow)]
    assert len(kept) == 4
    assert not [flow for flow in kept if "authorization" in flow.request.headers]


async def test_a_script_that_breaks_closes_the_gateway_and_one_that_loads_again_opens_it(
    tmp_path: Path, upstream: RawUpstream
) -> None:
    async with running("mitmdump", tmp_path, upstream.port) as process:
        reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
        process.script.write_text("this is no Python")
        await process.until("the gateway is closed")
        writer.write(process.request("get"))
        assert b" 503 " in (await reader.readline()), "a connection that is open already is refused by the seal"
        writer.close()
        await refuses(process)

        process.script.write_text(SCRIPT.read_text() + "# edited\n")
        await process.until("is open", times=2)
        assert (await process.ask()).status == 200
        assert len(asked(upstream)) == 1

        process.script.write_text(SCRIPT.read_text() + "# edited again\n")
        await process.until("is open", times=3)
        assert (await process.ask()).status == 200
        assert len(asked(upstream)) == 1

        config = tmp_path / "vecgate.yaml"
        text = config.read_text()
        config.write_text(text.replace("version: 1", "version: one"))
        process.script.write_text(SCRIPT.read_text() + "# with a broken configuration\n")
        await process.until("the gateway stays closed")
        await refuses(process)
        config.write_text(text)
        process.script.write_text(SCRIPT.read_text() + "# with a good one\n")
        await process.until("is open", times=4)
        assert (await process.ask()).status == 200
        assert len(asked(upstream)) == 1

        process.script.unlink()
        await process.until("the gateway is closed", times=5)
        await refuses(process)
        assert asked(upstream) == []
        assert await process.terminate() == 0
    assert verify(tmp_path / "evidence").valid


async def refuses(process: Process) -> None:
    """Nobody is served: the port is closed, or the answer is a refusal."""
    with contextlib.suppress(OSError):
        assert (await process.ask()).status >= 400


def _broken(config: Path, arguments: list[str]) -> list[str]:
    config.write_text("version: 7")
    return arguments


FAILING: dict[str, Callable[[Path, list[str]], list[str]]] = {
    "an unknown option": lambda config, arguments: [*arguments, "--set", "nosuchoption=1"],
    "no configuration": lambda config, arguments: [one.replace(str(config), "") for one in arguments],
    "two configurations": lambda config, arguments: [*arguments, "--set", "vecgate_config=other.yaml"],
    "a broken configuration": _broken,
    "a port that is taken": lambda config, arguments: arguments,
}


@pytest.mark.parametrize("why", FAILING)
async def test_a_start_that_fails_ends_mitmproxy(why: str, tmp_path: Path) -> None:
    config, _, port, _ = configure(tmp_path, 1)
    taken = socket.create_server(("127.0.0.1", port if why == "a port that is taken" else 0))
    process, output, draining = await spawn(FAILING[why](config, command("mitmdump", config, 0)), tmp_path)
    with taken:
        async with asyncio.timeout(30):
            assert await process.wait() == 1
    await draining
    process._transport.close()
    assert b"Error logged during startup" in output or b"Errors logged during startup" in output


# What an operator sets

OPTIONS: dict[str, Any] = {
    "stream_large_bodies": "1",
    "body_size_limit": "1k",
    "ssl_insecure": True,
    "keep_host_header": True,
    "connection_strategy": "eager",
    "mode": ["regular"],
    "validate_inbound_headers": False,
    "rawtcp": True,
    "proxy_debug": True,
    "onboarding": True,
    "ignore_hosts": [".*"],
    "tcp_hosts": [".*"],
    "block_list": [":~all:200"],
    "map_remote": ["|.*|http://127.0.0.1:1/evil"],
    "map_local": [f"|.*|{SCRIPT}"],
    "modify_headers": ["|~q|x-evil|1", "|~s|x-evil|1"],
    "modify_body": ["|~s|redacted|unmasked", "|~q|.|x"],
    "upstream_auth": "user:password",
    "proxyauth": "any",
    "stickycookie": ".*",
    "stickyauth": ".*",
    "anticache": True,
    "anticomp": True,
    "showhost": True,
    "store_streamed_bodies": True,
    "connect_addr": "127.0.0.1",
}


@pytest.mark.parametrize("option", OPTIONS)
async def test_a_dangerous_option_changes_nothing_that_is_sent_or_shown(
    option: str, tmp_path: Path, upstream: RawUpstream
) -> None:
    async with front("stock", tmp_path, upstream.port, options={option: OPTIONS[option]}) as served:
        reply = await served.ask()
        sent = asked(upstream)
        assert len(sent) == (reply.status == 200)
        assert not any(canary in reply.raw for canary in (*CANARIES, b"unmasked", b"x-evil", b"def build"))
        for record in sent:
            assert b"evil" not in record.head
            assert b"user-agent: vecgate" in record.head
            assert record.header("x-chroma-token") == SERVICE_KEY
        refused = await served.ask(subject="eve", groups=("guests",))
        assert refused.status >= 400
        assert not any(canary in refused.raw for canary in CANARIES)
        assert asked(upstream) == []
        outcomes = verdicts(await served.settled())
        assert len(outcomes) == 2
        assert outcomes[1][0] != "allow"


@pytest.mark.parametrize("option", ["stream_large_bodies", "connection_strategy", "ssl_insecure", "mode", "rawtcp"])
async def test_a_dangerous_option_cannot_be_set_while_the_gateway_runs(
    option: str, tmp_path: Path, upstream: RawUpstream
) -> None:
    async with front("stock", tmp_path, upstream.port) as served:
        with pytest.raises(exceptions.OptionsError, match=option):
            served.master.options.update(**{option: OPTIONS[option]})

        async def again() -> Reply | None:
            with contextlib.suppress(ConnectionError):  # taking a mode back takes a moment
                return await served.ask()
            return None

        assert (await anything(again)).status == 200


class Foreign:
    """An addon of somebody else: it sees every flow, and does to it what the test says."""

    name = "foreign"

    def __init__(self, hook: str = "", does: Callable[[http.HTTPFlow], None] | None = None) -> None:
        self.flows: list[http.HTTPFlow] = []
        if does is not None:
            setattr(self, hook, does)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        self.flows.append(flow)


def raising(fault: str) -> Callable[[http.HTTPFlow], None]:
    def hook(flow: http.HTTPFlow) -> None:
        raise FAULTS[fault]()

    return hook


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("hook", ["requestheaders", "request", "responseheaders", "response", "error"])
async def test_a_foreign_addon_that_fails_opens_nothing(
    hook: str, place: str, tmp_path: Path, upstream: RawUpstream
) -> None:
    """AddonHalt skips whatever stands behind; the others are logged by mitmproxy, which goes on."""
    foreign = Foreign(hook, raising("ValueError"))
    around: dict[str, Any] = {place: [foreign]}
    async with front("stock", tmp_path, upstream.port, **around) as served:
        for fault in FAULTS:
            setattr(foreign, hook, raising(fault))
            reply = await served.ask()
            assert not any(canary in reply.raw for canary in CANARIES)
            sent, outcomes = asked(upstream), await served.settled()
            assert len(outcomes) == 1, fault
            assert len(sent) == outcomes[0].forwarded, fault
            assert (reply.status == 200) == (verdicts(outcomes)[0][0] == "allow"), fault
            refused = await served.ask(subject="eve", groups=("guests",))
            assert refused.status >= 400, fault
            assert asked(upstream) == [], fault
            assert [verdict for verdict, _ in verdicts(await served.settled())] in (["deny"], ["error"]), fault


async def test_a_replay_is_a_request_without_a_credential(tmp_path: Path, upstream: RawUpstream) -> None:
    foreign = Foreign()
    async with front("stock", tmp_path, upstream.port, after=[foreign]) as served:
        assert (await served.ask()).status == 200
        await served.settled()
        asked(upstream)
        (flow,) = foreign.flows
        served.master.commands.call("replay.client", [flow])
        outcomes = await anything(served.settled)
        assert verdicts(outcomes) == [("deny", "token_missing")]
        assert asked(upstream) == []


async def anything(look: Callable[[], Any]) -> Any:
    async with asyncio.timeout(5):
        while not (found := await look()):
            await asyncio.sleep(0.02)
    return found


# Held requests in mitmweb


class Web:
    """mitmweb's API, as its own page uses it."""

    def __init__(self, process: Process) -> None:
        headers = {"authorization": f"Bearer {PASSWORD}", "x-xsrftoken": "x", "cookie": "_mitmproxy_xsrf=x"}
        url = f"http://127.0.0.1:{process.web}"
        self.client = httpx.AsyncClient(base_url=url, headers=headers, trust_env=False)

    async def held(self) -> dict[str, Any]:
        """The flow that waits now."""

        async def look() -> list[dict[str, Any]]:
            return [flow for flow in (await self.client.get("/flows")).json() if flow["intercepted"]]

        found = await anything(look)
        assert len(found) == 1
        flow: dict[str, Any] = found[0]
        return flow

    async def post(self, path: str) -> None:
        (await self.client.post(path)).raise_for_status()

    async def edit(self, flow: str, **request: Any) -> None:
        (await self.client.put(f"/flows/{flow}", json={"request": request})).raise_for_status()


async def test_in_mitmweb_a_resume_decides_nothing_unless_configuration_names_who_it_stands_for(
    tmp_path: Path, upstream: RawUpstream
) -> None:
    async with running("mitmweb", tmp_path, upstream.port, POLICY + HELD) as process:
        web = Web(process)
        pending = asyncio.create_task(process.ask(*DELETE))
        flow = await web.held()
        assert "authorization" not in dict(flow["request"]["headers"])
        await web.post(f"/flows/{flow['id']}/resume")
        await process.until("a resume decides nothing")
        assert (await web.held())["id"] == flow["id"]
        assert not pending.done()
        assert asked(upstream) == []
        await web.client.aclose()
        assert await process.terminate() == 0
        reply = await pending
        assert reply.ended == "closed" or reply.status == 403
    assert asked(upstream) == []
    assert [record["facts"]["step"] for record in process.records("approval")] == ["opened"]
    assert verify(tmp_path / "evidence").valid


async def test_in_mitmweb_a_named_operators_resume_is_an_approval_for_the_request_as_it_was(
    tmp_path: Path, upstream: RawUpstream
) -> None:
    async with running("mitmweb", tmp_path, upstream.port, POLICY + HELD, operator="olga") as process:
        web = Web(process)
        pending = asyncio.create_task(process.ask(*DELETE))
        flow = await web.held()
        await web.edit(flow["id"], content='{"ids":["everything"]}')
        await web.post(f"/flows/{flow['id']}/resume")
        assert (await pending).status == 503
        assert asked(upstream) == []

        pending = asyncio.create_task(process.ask(*DELETE))
        flow = await web.held()
        await web.post(f"/flows/{flow['id']}/kill")
        assert (await pending).status != 200
        assert [record["facts"]["step"] for record in process.records("approval")] == ["opened"]
        assert asked(upstream) == []

        pending = asyncio.create_task(process.ask(*DELETE))
        flow = await web.held()
        await web.post(f"/flows/{flow['id']}/resume")
        assert (await pending).status == 200
        (sent,) = asked(upstream)
        assert b'"a"' in sent.body
        await web.client.aclose()
        assert await process.terminate() == 0
    steps = {record["facts"]["step"]: record["facts"] for record in process.records("approval")}
    assert list(steps) == ["opened", "approved", "released", "executed"]
    assert steps["approved"]["reviewer"] == "local:operator olga"
    outcomes = [record["facts"]["reason"] for record in process.records("outcome")]
    assert outcomes == ["unsealed", "interrupted", "approved"]
    assert verify(tmp_path / "evidence").valid
