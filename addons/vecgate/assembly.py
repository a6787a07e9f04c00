"""Assembly: from a configuration file to a runtime, in the order in which things need each other.

Whatever is wrong is raised before a port opens: ConfigError, PluginError, Unavailable.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from vecgate.approvals.approvals import Approvals
from vecgate.config.addresses import UpstreamAddress
from vecgate.config.document import KeyPath
from vecgate.config.load import Loaded, load
from vecgate.config.models import Config, Connection
from vecgate.config.site import origin, site_of
from vecgate.errors import ConfigError, Finding
from vecgate.evidence.erasure import CHAIN as ASIDE
from vecgate.evidence.recorder import Recorder, RecorderSettings
from vecgate.evidence.signing import beside
from vecgate.hooks import Hooks
from vecgate.identity.open import open_authenticator, open_provisioning, open_revocations
from vecgate.identity.resource import ProtectedResource
from vecgate.identity.revocations import Revocations
from vecgate.issuer.issuer import Issuer
from vecgate.issuer.open import open_issuer
from vecgate.limits.limiter import Limiter
from vecgate.masking.key import load_key
from vecgate.masking.masker import Masker
from vecgate.operations.dialect import Dialect
from vecgate.policy.policy import Policy
from vecgate.runtime import Runtime, Upstream
from vecgate.saml.open import open_logins
from vecgate.secrets.credential import ServiceCredential
from vecgate.state.open import open_store
from vecgate.state.store import StateStore

LOOKUP_SECONDS = 5.0
FIXED = ("state", "evidence", "control", "plugins", "masking")
"""What a reload cannot change."""


async def open_runtime(path: Path, worker: int = 0) -> Runtime:
    """Everything ready to serve. Keys, state and evidence are open; the caller closes the runtime."""
    loaded = await asyncio.to_thread(load, path)
    config = loaded.config
    hooks = Hooks(config.plugins.load, folder=loaded.base)
    key = await asyncio.to_thread(load_key, config.masking.key, config.state.url, loaded.base)
    issuer = await asyncio.to_thread(open_issuer, config, loaded.base, hooks.secret)
    async with AsyncExitStack() as undo:
        store = await asyncio.to_thread(open_store, config.state.url, loaded.base)
        undo.push_async_callback(store.close)
        await store.start()
        recorder = Recorder(recorder_settings(loaded, key, hooks, worker))
        await recorder.start()
        undo.push_async_callback(recorder.stop)
        limiter = Limiter(store)
        approvals = Approvals(
            store, record=recorder.commit, opened=hooks.approval_opened, decided=hooks.approval_decided
        )
        runtime = await _judging(loaded, hooks, store, recorder, limiter, approvals, key, issuer)
        undo.push_async_callback(retire, runtime)
        await approvals.start()
        undo.push_async_callback(approvals.close)
        note(runtime, path)
        undo.pop_all()
    return runtime


async def reload(runtime: Runtime, path: Path) -> Runtime:
    """A new runtime on the old one's state and evidence. Raises ConfigError and changes nothing if it cannot be."""
    loaded = await asyncio.to_thread(load, path)
    old, new = runtime.config, loaded.config
    changed = [key for key in FIXED if getattr(old, key) != getattr(new, key)]
    if listening(old.connections) != listening(new.connections):
        changed.append("connections")
    places: list[KeyPath] = [(key,) for key in changed]
    if old.identity.own != new.identity.own:
        places.append(("identity", "own"))
    if places:
        raise ConfigError(*(loaded.source.finding(at, "needs a restart to change", at="key") for at in places))
    key = await asyncio.to_thread(load_key, new.masking.key, new.state.url, loaded.base)
    made = await _judging(
        loaded,
        runtime.hooks,
        runtime.store,
        runtime.recorder,
        runtime.limiter,
        runtime.approvals,
        key,
        runtime.issuer,
        before=runtime,
    )
    note(made, path)
    return made


async def close(runtime: Runtime) -> None:
    """Let go in reverse order, whatever fails; evidence last but one, so that its final checkpoint covers all."""
    async with AsyncExitStack() as closing:
        closing.push_async_callback(runtime.store.close)
        closing.push_async_callback(runtime.recorder.stop)
        closing.push_async_callback(runtime.limiter.close)
        closing.push_async_callback(runtime.approvals.close)
        closing.push_async_callback(retire, runtime)


async def retire(runtime: Runtime, successor: Runtime | None = None) -> None:
    """Let go of what a reload replaced: all that `successor` has not taken over."""
    await runtime.authenticator.stop()
    kept = {id(each.credential) for each in successor.upstreams.values()} if successor is not None else set()
    for upstream in runtime.upstreams.values():
        if upstream.credential is not None and id(upstream.credential) not in kept:
            await upstream.credential.stop()
        await upstream.client.aclose()


def note(runtime: Runtime, path: Path) -> None:
    """Put on record under which configuration requests are judged from now on."""
    connections = [each.name for each in runtime.config.connections]
    runtime.recorder.event("configuration", {"file": path.name, "connections": connections})


def listening(connections: list[Connection]) -> list[tuple[object, ...]]:
    """What of the connections is bound to a socket or to a dialect's state."""
    return [(each.name, each.dialect, each.listen, each.upstream, each.tls, each.bounds) for each in connections]


async def _judging(
    loaded: Loaded,
    hooks: Hooks,
    store: StateStore,
    recorder: Recorder,
    limiter: Limiter,
    approvals: Approvals,
    key: bytes,
    issuer: Issuer | None,
    *,
    before: Runtime | None = None,
) -> Runtime:
    """The parts that a reload makes anew: identity, policy, upstreams."""
    policy = Policy.compile(loaded, Masker(key, hooks.mask_strategies()))
    dialects = hooks.dialects()
    upstreams: dict[str, Upstream] = {}
    for each in sorted(loaded.config.connections, key=lambda one: one.names is not None):
        namer = upstreams[each.names] if each.names else None
        credential = await credential_of(each, loaded, hooks, before)
        upstreams[each.name] = await asyncio.to_thread(
            upstream_of, each, dialects[each.dialect], loaded, credential, namer
        )
    revocations = open_revocations(loaded, hooks, store, recorder.commit)
    provisioning = await asyncio.to_thread(open_provisioning, loaded, hooks, store, revocations)
    authenticator = await open_authenticator(loaded, hooks, store, issuer)
    logins = await asyncio.to_thread(open_logins, loaded, store, recorder, issuer, authenticator.recheck)
    await authenticator.start()
    for upstream in upstreams.values():
        if upstream.credential is not None:
            upstream.credential.start()
    return Runtime(
        loaded,
        hooks,
        store,
        recorder,
        authenticator,
        policy,
        limiter,
        approvals,
        upstreams,
        revocations,
        provisioning,
        issuer,
        logins,
    )


@asynccontextmanager
async def revoking(path: Path) -> AsyncIterator[Revocations]:
    """Revocations beside a gateway that may be running, on its state, with a chain of their own in its evidence.

    Raises ConfigError, PluginError, Unavailable."""
    loaded = await asyncio.to_thread(load, path)
    url = loaded.config.state.url
    if url == "memory:":
        hint = "memory: is in the running gateway alone: go through its control plane, with --control URL"
        raise ConfigError(loaded.source.finding(("state", "url"), hint))
    if not loaded.resolve(url.removeprefix("sqlite:///")).exists():
        hint = "there is no such file: no gateway has run here with this configuration"
        raise ConfigError(loaded.source.finding(("state", "url"), hint))
    hooks = Hooks(loaded.config.plugins.load, folder=loaded.base)
    key = await asyncio.to_thread(load_key, loaded.config.masking.key, url, loaded.base)
    async with AsyncExitStack() as undo:
        store = await asyncio.to_thread(open_store, url, loaded.base)
        undo.push_async_callback(store.close)
        await store.start()
        recorder = Recorder(replace(recorder_settings(loaded, key, hooks, 0), chain=ASIDE))

        async def record(kind: str, facts: Mapping[str, Any]) -> None:
            if not recorder.healthy:  # a look at what stands leaves nothing
                await recorder.start()
                undo.push_async_callback(recorder.stop)
            await recorder.commit(kind, facts)

        yield open_revocations(loaded, hooks, store, record)


async def credential_of(
    connection: Connection, loaded: Loaded, hooks: Hooks, before: Runtime | None
) -> ServiceCredential | None:
    """The service credential, with its secret. A reload takes over the one that it leaves as it is, and only asks for
    its secret anew: a store that is down keeps no other change from being loaded."""
    if connection.credential is None:
        return None
    old = before.upstreams.get(connection.name) if before is not None else None
    if old is not None and old.credential is not None and old.credential.config == connection.credential:
        await old.credential.refresh()
        return old.credential
    made = ServiceCredential(connection.name, connection.credential, loaded.base, hooks.secret)
    await made.prime()
    return made


def upstream_of(
    connection: Connection,
    dialect: Dialect,
    loaded: Loaded,
    credential: ServiceCredential | None,
    namer: Upstream | None,
) -> Upstream:
    upstream = UpstreamAddress.parse(connection.upstream)
    ca = loaded.resolve(connection.upstream_ca) if connection.upstream_ca else None
    try:
        verify = ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one
        name = f"connections.{connection.name}.upstream_ca"
        raise ConfigError(Finding("configuration", 0, 0, name, f"{ca} cannot be used: {error}")) from error
    return Upstream(
        config=connection,
        dialect=dialect,
        scheme="https" if upstream.scheme == "https" else "http",
        host=upstream.address.host,
        port=upstream.address.port,
        prefix=upstream.prefix.encode("ascii"),
        http2=upstream.scheme != "http",
        site=site_of(connection, loaded.config),
        credential=credential,
        client=httpx.AsyncClient(
            verify=verify,
            timeout=LOOKUP_SECONDS,
            follow_redirects=False,
            trust_env=False,
            http1=upstream.scheme != "h2c",
            http2=upstream.scheme != "http",
        ),
        namer=namer,
        resource=_resource(connection, loaded.config),
    )


def _resource(connection: Connection, config: Config) -> ProtectedResource | None:
    at = origin(connection)
    return ProtectedResource.of(at, connection.name, config.identity.token_sources) if at else None


def recorder_settings(loaded: Loaded, key: bytes, hooks: Hooks, worker: int) -> RecorderSettings:
    evidence = loaded.config.evidence
    directory = loaded.resolve(evidence.directory)
    return RecorderSettings(
        directory=directory,
        signing_key=loaded.resolve(evidence.signing_key) if evidence.signing_key else beside(directory),
        redaction_key=key,
        chain=f"w{worker}",
        checkpoint=evidence.checkpoint.seconds,
        content=evidence.content,
        sink=hooks.evidence if hooks.implements("vecgate_evidence") else None,
    )
