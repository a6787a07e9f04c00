"""Assembly: from a configuration file to a runtime, in the order in which things need each other.

Whatever is wrong is raised before a port opens: ConfigError, PluginError, Unavailable.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from vecgate.approvals.approvals import Approvals
from vecgate.config.addresses import UpstreamAddress
from vecgate.config.document import KeyPath
from vecgate.config.load import Loaded, load
from vecgate.config.models import Connection
from vecgate.config.site import site_of
from vecgate.errors import ConfigError, Finding
from vecgate.evidence.recorder import Recorder, RecorderSettings
from vecgate.evidence.signing import beside
from vecgate.hooks import Hooks
from vecgate.identity.authenticator import Authenticator
from vecgate.issuer.issuer import Issuer
from vecgate.issuer.open import open_issuer
from vecgate.issuer.ownkeys import OwnKeys
from vecgate.limits.limiter import Limiter
from vecgate.masking.key import load_key
from vecgate.masking.masker import Masker
from vecgate.operations.dialect import Dialect
from vecgate.policy.policy import Policy
from vecgate.runtime import Runtime, Upstream
from vecgate.saml.open import open_logins
from vecgate.secrets.resolve import resolve
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


async def retire(runtime: Runtime) -> None:
    """Let go of what a reload replaced."""
    await runtime.authenticator.stop()
    for upstream in runtime.upstreams.values():
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
) -> Runtime:
    """The parts that a reload makes anew: identity, policy, upstreams."""
    policy = Policy.compile(loaded, Masker(key, hooks.mask_strategies()))
    dialects = hooks.dialects()
    upstreams: dict[str, Upstream] = {}
    for each in sorted(loaded.config.connections, key=lambda one: one.names is not None):
        namer = upstreams[each.names] if each.names else None
        upstreams[each.name] = await asyncio.to_thread(_upstream, each, dialects[each.dialect], loaded, hooks, namer)
    authenticator = Authenticator(
        loaded.config.identity,
        loaded.base,
        revoked=store.revoked,
        plugin=hooks.authenticate if hooks.implements("vecgate_authenticate") else None,
        own=OwnKeys(issuer.own, issuer.ring) if issuer else None,
    )
    logins = await asyncio.to_thread(open_logins, loaded, store, recorder, issuer, authenticator.recheck)
    await authenticator.start()
    return Runtime(loaded, hooks, store, recorder, authenticator, policy, limiter, approvals, upstreams, issuer, logins)


def _upstream(
    connection: Connection, dialect: Dialect, loaded: Loaded, hooks: Hooks, namer: Upstream | None
) -> Upstream:
    upstream = UpstreamAddress.parse(connection.upstream)
    credential = None
    if connection.credential is not None:
        name = f"connections.{connection.name}.credential.value"
        value = resolve(connection.credential.value, loaded.base, hooks.secret, key=name)
        if not value.isprintable() or not value.isascii():
            raise ConfigError(Finding("configuration", 0, 0, name, "a header value is one line of visible ASCII"))
        credential = (connection.credential.header.lower().encode("ascii"), value.encode("ascii"))
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
    )


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
