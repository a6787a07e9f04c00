"""The whole pipeline in the caller's event loop, with real configuration, identity, state and evidence.

`own` is the launcher's master, `stock` mitmproxy's DumpMaster with the addons that `-s addons/gateway.py` gives it,
where its script loader has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from mitmproxy.master import Master
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from tests.support.chroma_double import DATABASE, KB
from tests.support.gateway import ISSUER, SERVICE_KEY, Issuer
from tests.support.raw_client import Reply, exchange, post
from tests.support.serving import _hang_up, _listening
from vecgate import assembly
from vecgate.demo.processes import free_port
from vecgate.evidence.facts import ending
from vecgate.exchange import Exchange
from vecgate.pipeline import stages
from vecgate.serve import stock
from vecgate.serve.dispatch import Dispatch, Refuse, _dispatches
from vecgate.serve.guard import guard
from vecgate.serve.listeners import Listeners
from vecgate.serve.master import minimal_master
from vecgate.serve.ports import body_size_limit, listeners_of, patience
from vecgate.serve.substrate import refuse_hook, wire
from vecgate.stages.context import Context
from vecgate.stages.stage import Stage

MASTERS = ("own", "stock")
CONFIG = """
version: 1
connections:
  - name: docs
    dialect: chroma
    listen: 127.0.0.1:{port}
    upstream: http://127.0.0.1:{upstream}
    credential: {{header: x-chroma-token, value: "file:service.key"}}
identity:
  issuers: [{{issuer: "{issuer}", audience: vecgate, algorithms: [ES256], jwks: "file:jwks.json"}}]
state: {{url: "memory:"}}
evidence: {{directory: evidence}}
"""
POLICY = """
policy:
  grants:
    - {name: all, to: {groups: [staff]}, on: {resources: ["**"]}, allow: [meta, search, read, write, delete, admin]}
  masks:
    - {name: personal, on: {resources: ["**"]}, fields: {ssn: redact}}
  limits:
    - {name: everyone, to: {groups: ["*"]}, requests: 100000/minute, points: 100000000/day}
"""


@dataclass
class Front:
    """A gateway that serves. `outcomes` is every exchange whose outcome was recorded, in that order."""

    kind: str
    port: int
    issuer: Issuer
    context: Context
    master: Master
    stages: dict[str, Stage]
    refuse: Refuse
    outcomes: list[Exchange] = field(default_factory=list)

    @property
    def dispatch(self) -> Dispatch | None:
        return _dispatches.get(self.master)

    def request(
        self,
        verb: str,
        document: Any = None,
        *,
        subject: str = "anna",
        groups: Sequence[str] = ("staff",),
        collection: str = KB,
    ) -> bytes:
        """The bytes of a POST to a collection."""
        body = msgspec.json.encode({} if document is None else document)
        return post(
            f"{DATABASE}/collections/{collection}/{verb}".encode(),
            b"Authorization: Bearer " + self.issuer.token(subject, *groups).encode(),
            b"Content-Type: application/json",
            b"Content-Length: %d" % len(body),
            body=body,
        )

    async def ask(self, verb: str = "get", document: Any = None, **more: Any) -> Reply:
        return await exchange(self.port, self.request(verb, document, **more))

    @contextlib.contextmanager
    def replaced(self, stage: str, name: str, function: Callable[..., Any] | None, *, guarded: bool) -> Iterator[None]:
        """The stage's attribute replaced on the addon that is loaded."""
        addon = self.stages[stage]
        before = vars(addon).get(name)
        setattr(addon, name, function)
        if guarded and self.kind == "stock":
            guard(addon, self.refuse)
        self._refresh()
        try:
            yield
        finally:
            if before is None:
                delattr(addon, name)
            else:
                setattr(addon, name, before)
            self._refresh()

    async def settled(self) -> list[Exchange]:
        """Wait until nothing is in flight any more; hand out the outcomes so far and forget them."""
        async with asyncio.timeout(3):
            for _ in range(5):
                await asyncio.sleep(0.001)
            while self.context._open:
                gc.collect()
                await asyncio.sleep(0.005)
        taken, self.outcomes = self.outcomes, []
        return taken

    def _refresh(self) -> None:
        if self.dispatch is not None:
            self.dispatch.refresh()


def verdicts(outcomes: Sequence[Exchange]) -> list[tuple[str, str]]:
    return [(str(verdict), str(reason)) for verdict, reason in map(ending, outcomes)]


def write_config(
    folder: Path, upstream: int, policy: str = POLICY, issuer: Issuer | None = None, *, operator: str = ""
) -> tuple[Path, int]:
    """A configuration of one connection on a free port: its path, and the port. `operator` may resume held flows."""
    folder.mkdir(parents=True, exist_ok=True)
    (issuer or Issuer()).write(folder / "jwks.json")
    (folder / "service.key").write_text(SERVICE_KEY)
    path, port = folder / "vecgate.yaml", free_port()
    text = CONFIG.format(port=port, upstream=upstream, issuer=ISSUER) + policy
    if operator:
        text += f"control: {{listen: 127.0.0.1:{free_port()}, local_operator: {operator}}}\n"
    path.write_text(text)
    return path, port


@contextlib.asynccontextmanager
async def front(
    kind: str,
    folder: Path,
    upstream: int,
    policy: str = POLICY,
    *,
    before: Sequence[object] = (),
    after: Sequence[object] = (),
    options: Mapping[str, Any] | None = None,
    operator: str = "",
) -> AsyncIterator[Front]:
    """Serve. `before` and `after` are foreign addons around the gateway's, `options` mitmproxy's: in stock alone."""
    issuer = Issuer()
    path, port = write_config(folder, upstream, policy, issuer, operator=operator)
    making = _own(path) if kind == "own" else _stock(path, before, after, options or {})
    async with making as (context, master, chain):
        task = asyncio.create_task(master.run())
        await _listening(port, task)
        while context.runtime is None:
            await asyncio.sleep(0.005)
        by_name = {stage.name: stage for stage in chain if isinstance(stage, Stage)}
        served = Front(kind, port, issuer, context, master, by_name, refuse_hook(context))
        _spy(served)
        try:
            yield served
        finally:
            await _hang_up(master)
            await context.drain(1)
            master.shutdown()
            await task


def _spy(served: Front) -> None:
    assert served.context.runtime is not None
    recorder: Any = served.context.runtime.recorder
    record = recorder.outcome

    def outcome(recorded: Exchange) -> None:
        served.outcomes.append(recorded)
        record(recorded)

    recorder.outcome = outcome


type Made = tuple[Context, Master, Sequence[object]]


@contextlib.asynccontextmanager
async def _own(path: Path) -> AsyncIterator[Made]:
    runtime = await assembly.open_runtime(path)
    context = Context(Listeners(listeners_of(runtime.loaded)), runtime)
    wire(context)
    chain = stages(context)
    master = minimal_master(
        Options(mode=context.listeners.modes),
        context.listeners,
        refuse_hook(context),
        chain,
        tcp_timeout=patience(runtime.config),
        body_size_limit=body_size_limit(runtime.config),
    )
    try:
        yield context, master, chain
    finally:
        await assembly.close(runtime)


class Script:
    """What mitmproxy's script loader makes of a file: an addon that is nothing but a list of addons."""

    name = "script"

    def __init__(self, addons: Sequence[object]) -> None:
        self.addons = addons


@contextlib.asynccontextmanager
async def _stock(
    path: Path, before: Sequence[object], after: Sequence[object], options: Mapping[str, Any]
) -> AsyncIterator[Made]:
    master = DumpMaster(Options(), with_termlog=False, with_dumper=False)
    chain = stock.build()
    script = Script([*before, *chain, *after])
    master.addons.register(script)
    master.addons.get("scriptloader").addons.append(script)
    master.options.update(server=False, **options)
    master.options.update(vecgate_config=str(path))
    gateway = next(addon for addon in chain if isinstance(addon, stock.Gateway))
    yield gateway.context, master, chain
