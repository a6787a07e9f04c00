from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.gateway import SERVICE_KEY
from tests.support.pipeline import write_config

from vecgate import assembly
from vecgate.approvals.approvals import Approvals
from vecgate.assembly import open_runtime
from vecgate.errors import ConfigError, Unavailable
from vecgate.evidence.recorder import Recorder
from vecgate.evidence.verify import verify
from vecgate.identity.authenticator import Authenticator
from vecgate.limits.limiter import Limiter
from vecgate.policy.policy import Policy
from vecgate.reasons import Reason
from vecgate.state.memory import MemoryStore


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, 8000)[0]


async def test_everything_is_ready_and_is_closed_again(config: Path) -> None:
    runtime = await open_runtime(config)
    upstream = runtime.upstreams["docs"]
    assert upstream.proof() == ((b"x-chroma-token", SERVICE_KEY.encode()),)
    assert (upstream.scheme, upstream.host, upstream.port, upstream.prefix) == ("http", "127.0.0.1", 8000, b"")
    assert SERVICE_KEY not in repr(runtime)
    assert runtime.recorder.healthy
    await assembly.close(runtime)
    assert not runtime.recorder.healthy
    found = verify(config.parent / "evidence")
    assert found.valid
    assert found.checkpoints >= 1


async def failing(*_: object) -> None:
    raise RuntimeError("it fails")


STEPS: dict[str, tuple[type[Any], str, Any]] = {
    "state": (MemoryStore, "start", failing),
    "policy": (Policy, "compile", staticmethod(lambda *_: 1 / 0)),
    "identity": (Authenticator, "start", failing),
    "approvals": (Approvals, "start", failing),
    "the first record": (Recorder, "event", lambda *_: 1 / 0),
}


@pytest.mark.parametrize("step", STEPS)
async def test_a_start_that_fails_half_way_lets_go_of_everything(
    step: str, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, replacement = STEPS[step]
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, replacement)
        with pytest.raises((RuntimeError, ZeroDivisionError)):
            await open_runtime(config)
    evidence = config.parent / "evidence"
    assert not evidence.exists() or verify(evidence).valid
    await assembly.close(await open_runtime(config))
    assert verify(evidence).valid


@pytest.mark.parametrize("owner", [Authenticator, Approvals, Limiter, Recorder])
async def test_a_part_that_cannot_be_closed_keeps_no_other_open(
    owner: type[Any], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = await open_runtime(config)
    closed = []
    for part, name in ((Authenticator, "stop"), (Approvals, "close"), (Limiter, "close"), (Recorder, "stop")):
        close = getattr(part, name)

        async def noting(self: object, close: Any = close, part: Any = part) -> None:
            closed.append(part)
            await close(self)
            if part is owner:
                raise Unavailable(Reason.GATEWAY_FAILURE)

        monkeypatch.setattr(part, name, noting)
    with pytest.raises(Unavailable):
        await assembly.close(runtime)
    assert closed == [Authenticator, Approvals, Limiter, Recorder]
    assert verify(config.parent / "evidence").valid


async def test_a_reload_judges_anew_on_the_same_state_and_evidence(config: Path) -> None:
    old = await open_runtime(config)
    config.write_text(config.read_text().replace("groups: [staff]", "groups: [others]"))
    (config.parent / "service.key").write_text("rotated")
    new = await assembly.reload(old, config)
    assert new.policy is not old.policy
    assert new.authenticator is not old.authenticator
    assert new.upstreams["docs"].proof() == ((b"x-chroma-token", b"rotated"),)
    assert (new.store, new.recorder, new.limiter, new.approvals) == (
        old.store,
        old.recorder,
        old.limiter,
        old.approvals,
    )
    await assembly.retire(old)
    await assembly.close(new)


async def test_a_start_whose_store_cannot_be_reached_says_so(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (config.parent / "id").write_text("secret-id-canary")
    given = {"ADDR": "http://127.0.0.1:1", "ROLE_ID": "gateway", "SECRET_ID_FILE": str(config.parent / "id")}
    for name, value in given.items():
        monkeypatch.setenv(f"VAULT_{name}", value)
    config.write_text(config.read_text().replace("file:service.key", "vault:secret/data/qdrant#api_key"))
    with pytest.raises(ConfigError) as refused:
        await open_runtime(config)
    (finding,) = refused.value.findings
    assert finding.key == "connections.docs.credential.value"
    assert finding.message == "vault:… the store cannot be reached (ConnectionError)"


async def test_a_reload_takes_over_a_credential_whose_store_is_down(config: Path) -> None:
    old = await open_runtime(config)
    config.write_text(config.read_text().replace("groups: [staff]", "groups: [others]"))
    (config.parent / "service.key").unlink()
    new = await assembly.reload(old, config)
    kept = new.upstreams["docs"].credential
    assert kept is old.upstreams["docs"].credential
    await assembly.retire(old, new)
    assert kept is not None
    (config.parent / "service.key").write_text("rotated")
    async with asyncio.timeout(5):
        while kept.reveal() != "rotated":
            await asyncio.sleep(0.01)
    await assembly.close(new)


async def test_a_reload_with_another_credential_needs_it(config: Path) -> None:
    runtime = await open_runtime(config)
    text = config.read_text()
    config.write_text(text.replace("file:service.key", "file:absent.key"))
    with pytest.raises(ConfigError, match=r"connections\.docs\.credential\.value"):
        await assembly.reload(runtime, config)
    (config.parent / "other.key").write_text("other")
    config.write_text(text.replace("file:service.key", "file:other.key"))
    new = await assembly.reload(runtime, config)
    assert new.upstreams["docs"].proof() == ((b"x-chroma-token", b"other"),)
    await assembly.retire(runtime, new)
    await assembly.close(new)


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("memory:", "sqlite:///other.db", "state"),
        ("directory: evidence", "directory: elsewhere", "evidence"),
        ("name: docs", "name: other", "connections"),
        ("upstream: http://127.0.0.1:8000", "upstream: http://127.0.0.1:8001", "connections"),
        ("listen: 127.0.0.1", "listen: 127.0.0.2", "connections"),
        ("policy:", "control: {listen: 127.0.0.1:6099}\npolicy:", "control"),
        ("policy:", "masking: {key: 'file:key'}\npolicy:", "masking"),
        ("identity:", "identity:\n  own: {issuer: 'https://vecgate.test', keys: 'env:RING'}", "identity.own"),
    ],
)
async def test_what_only_a_restart_can_change_is_refused_with_its_place(
    before: str, after: str, key: str, config: Path
) -> None:
    (config.parent / "key").write_bytes(b"k" * 32)
    runtime = await open_runtime(config)
    config.write_text(config.read_text().replace(before, after))
    with pytest.raises(ConfigError) as refused:
        await assembly.reload(runtime, config)
    (finding,) = refused.value.findings
    assert (finding.key, finding.message) == (key, "needs a restart to change")
    assert finding.line > 0
    await assembly.close(runtime)


@pytest.mark.parametrize("value", ["two\nlines", "na\u00efve", "bell\x07"])
async def test_a_credential_is_one_line_of_visible_ascii(value: str, config: Path) -> None:
    (config.parent / "service.key").write_text(value)
    with pytest.raises(ConfigError, match=r"connections\.docs\.credential\.value") as refused:
        await open_runtime(config)
    assert value not in str(refused.value)


@pytest.mark.parametrize("text", [None, "no certificate"])
async def test_a_ca_that_cannot_be_used_is_an_error_of_its_key(text: str | None, config: Path) -> None:
    config.write_text(config.read_text().replace("upstream: http:", "upstream_ca: ca.pem\n    upstream: https:"))
    if text is not None:
        (config.parent / "ca.pem").write_text(text)
    with pytest.raises(ConfigError, match=r"connections\.docs\.upstream_ca"):
        await open_runtime(config)
