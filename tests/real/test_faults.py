"""The bar: a flow that reaches the upstream without a verdict is impossible.

Every way of failing, in every hook of every stage, in both front ends, for a request that is allowed. The hooks are
found, not listed, so that a new one is held to the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import product
from types import MethodType
from typing import Any

import pytest
import pytest_asyncio
from tests.support.chroma_double import CANARIES, DATABASE, KB, SILENT, asked, chroma
from tests.support.meddler import FAULTS
from tests.support.pipeline import MASTERS, POLICY, Front, front, verdicts
from tests.support.raw_client import Reply, exchange, get
from tests.support.raw_upstream import RawUpstream

from vecgate.pipeline import ORDER
from vecgate.stages.stage import answering, judged

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

BEFORE_SENDING = ("requestheaders", "request")
HOOKS = [
    (stage.name, hook)
    for stage in ORDER
    for hook in (*BEFORE_SENDING, "responseheaders", "response", "error")
    if hook in vars(stage)
]
HELD = """
  approvals:
    - {name: destructive, on: {actions: [delete]}, reviewers: {groups: [owners]}, hold: 1s}
"""
ASKED = {"approve": ("delete", {"ids": ["a"]})}
"""Requests that need the stage; any other needs all but this one."""
HARMLESS = {("mask", "responseheaders")}
"""Hooks that may be missing, because another holds alone."""


@dataclass
class Bench:
    served: Front
    upstream: RawUpstream


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=MASTERS)
async def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    folder = tmp_path_factory.mktemp(request.param)
    async with RawUpstream(chroma) as upstream, front(request.param, folder, upstream.port, POLICY + HELD) as served:
        yield Bench(served, upstream)


def raising(fault: str) -> Callable[..., None]:
    def function(*_: object) -> None:
        raise FAULTS[fault]()

    return function


def raising_later(fault: str) -> Callable[..., Awaitable[None]]:
    async def function(*_: object) -> None:
        await asyncio.sleep(0)
        raise FAULTS[fault]()

    return function


def nothing(*_: object) -> None:
    pass


async def nothing_later(*_: object) -> None:
    await asyncio.sleep(0)


type Fault = tuple[str, Callable[..., Any] | None, bool]
"""What it is called, what stands in for the hook, and whether it takes the place of the hook's work alone."""


def faults() -> list[Fault]:
    found: list[Fault] = [
        ("removed", None, False),
        ("nothing", nothing, False),
        ("nothing later", nothing_later, False),
    ]
    found += [("hollow", nothing, True), ("hollow later", nothing_later, True)]
    for fault in FAULTS:
        for within in (False, True):
            found.append((f"{fault} within" if within else fault, raising(fault), within))
            found.append((f"{fault} later" + " within" * within, raising_later(fault), within))
    return found


def place(served: Front, stage: str, hook: str, function: Callable[..., Any] | None, within: bool) -> tuple[str, Any]:
    """The attribute to replace and what to put there."""
    if not within or function is None:
        return hook, function
    owner = type(served.stages[stage])
    attribute = "_sanitize" if stage == "sanitize" else hook  # its hook makes the exchange, then does the work
    if not hasattr(vars(owner)[attribute], "__wrapped__"):
        return hook, function  # undecorated: the hook is the work
    decorate = judged if hook in BEFORE_SENDING else answering
    return attribute, MethodType(decorate(function), served.stages[stage])


@pytest.mark.parametrize(("stage", "hook"), HOOKS)
async def test_whatever_fails_in_a_hook_nothing_unjudged_goes_either_way(bench: Bench, stage: str, hook: str) -> None:
    served, upstream = bench.served, bench.upstream
    guards = (True, False) if served.kind == "stock" else (True,)
    wrong = []
    for (name, function, within), guarded in product(faults(), guards):
        attribute, replacement = place(served, stage, hook, function, within)
        with served.replaced(stage, attribute, replacement, guarded=guarded):
            reply = await served.ask(*ASKED.get(stage, ("get", {})), collection=SILENT if hook == "error" else KB)
        outcomes = verdicts(await served.settled())
        sent = len(asked(upstream))
        if problem := judge(stage, hook, name, reply, sent, outcomes):
            wrong.append(f"{name}, {guarded=}: {problem}: {reply.ended} {reply.statuses}, {sent} sent, {outcomes}")
    assert not wrong, "\n".join(wrong)


def judge(stage: str, hook: str, name: str, reply: Reply, sent: int, outcomes: list[tuple[str, str]]) -> str:
    """What is wrong with what happened; empty if nothing is."""
    if len(outcomes) != 1:
        return "not one outcome"
    if any(canary in reply.raw for canary in CANARIES):
        return "something came back unmasked"
    if hook in BEFORE_SENDING and sent:
        return "something went to the database"
    if (stage, hook) in HARMLESS and reply.status == 200:
        return "" if outcomes[0][0] == "allow" else "the outcome does not say what the client got"
    if reply.ended != "answered" or reply.status < 400:
        return "the client got no error"
    return "" if outcomes[0][0] != "allow" else "the outcome says that it was allowed"


async def test_without_a_fault_the_request_runs_masked_and_is_recorded_once(bench: Bench) -> None:
    reply = await bench.served.ask()
    assert reply.status == 200
    assert not any(canary in reply.raw for canary in CANARIES)
    assert len(asked(bench.upstream)) == 1
    assert verdicts(await bench.served.settled()) == [("allow", "granted")]


# Plugins that fail

PLUGIN = """
from pathlib import Path

from vecgate.hookspecs import hookimpl
from vecgate.masking.strategies import FieldStrategy


class Failing(FieldStrategy):
    strictness = 50
    spec = "failing"

    def __call__(self, value, where):
        raise ValueError("a canary that a client must not see")


@hookimpl
def vecgate_mask_strategies():
    return {"failing": Failing()}


@hookimpl
def vecgate_veto(principal, operations, connection):
    if principal.subject == "veto raises":
        raise ValueError("a canary that a client must not see")
    return 0 if principal.subject == "veto says nonsense" else None


@hookimpl
def vecgate_authenticate(token, connection):
    if token == "raises":
        raise ValueError("a canary that a client must not see")
    return "anna" if token == "nonsense" else None


@hookimpl
def vecgate_evidence(line):
    here = Path(__file__).parent
    if (here / "down").exists():
        raise OSError("the sink is down")
    with (here / "seen").open("ab") as file:
        file.write(line)
"""
PLUGGED = """
policy:
  grants:
    - {name: all, to: {groups: [staff, masked]}, on: {resources: ["**"]}, allow: [meta, search, read, write, delete]}
  masks:
    - {name: personal, on: {resources: ["**"]}, fields: {ssn: failing}, clearance: {groups: [staff]}}
plugins: {load: ["file:plugin.py"]}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=MASTERS)
async def plugged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    folder = tmp_path_factory.mktemp(f"plugged-{request.param}")
    (folder / "plugin.py").write_text(PLUGIN)
    async with RawUpstream(chroma) as upstream, front(request.param, folder, upstream.port, PLUGGED) as served:
        yield Bench(served, upstream)


@pytest.mark.parametrize(
    ("subject", "group", "sent", "reason"),
    [
        ("veto raises", "staff", 0, "gateway_failure"),
        ("veto says nonsense", "staff", 0, "vetoed"),
        ("anna", "masked", 1, "unmaskable_response"),
    ],
)
async def test_a_plugin_that_fails_refuses(plugged: Bench, subject: str, group: str, sent: int, reason: str) -> None:
    reply = await plugged.served.ask(subject=subject, groups=(group,))
    assert reply.status >= 400
    assert not any(canary in reply.raw for canary in (*CANARIES, b"canary"))
    assert len(asked(plugged.upstream)) == sent
    assert [found for _, found in verdicts(await plugged.served.settled())] == [reason]


@pytest.mark.parametrize("token", ["raises", "nonsense"])
async def test_a_plugin_that_fails_to_authenticate_refuses(plugged: Bench, token: str) -> None:
    target = f"{DATABASE}/collections/{KB}/count".encode()
    reply = await exchange(plugged.served.port, get(target, b"Authorization: Bearer " + token.encode()))
    assert reply.status == 503
    assert b"canary" not in reply.raw
    assert asked(plugged.upstream) == []
    assert [found for _, found in verdicts(await plugged.served.settled())] == ["gateway_failure"]


async def test_a_sink_that_fails_stops_new_work_until_it_is_back(plugged: Bench) -> None:
    """Records are durable here before the sink is asked: what was under way ends, nothing begins."""
    served, runtime = plugged.served, plugged.served.context.runtime
    assert runtime is not None
    down, seen = runtime.loaded.base / "down", runtime.loaded.base / "seen"
    await runtime.recorder.commit("note", {"of": "all that went before"})
    async with asyncio.timeout(5):
        while not seen.exists() or b"all that went before" not in seen.read_bytes():
            await asyncio.sleep(0.01)
    down.touch()
    try:
        assert (await served.ask()).status == 200
        async with asyncio.timeout(5):
            while runtime.recorder.healthy:
                await asyncio.sleep(0.01)
        asked(plugged.upstream)
        change, read = await served.ask("delete", {"ids": ["a"]}), await served.ask()
        assert [change.status, read.status] == [503, 503]
        assert b"evidence_unavailable" in change.body
        assert asked(plugged.upstream) == []
    finally:
        down.unlink()
    async with asyncio.timeout(5):
        while (await served.ask()).status != 200:
            await asyncio.sleep(0.1)
    await served.settled()
