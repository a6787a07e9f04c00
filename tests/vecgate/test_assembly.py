from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.gateway import SERVICE_KEY
from tests.support.pipeline import write_config

from vecgate import assembly
from vecgate.approvals.approvals import Approvals
from vecgate.assembly import open_runtime
from vecgate.errors import ConfigError, Refusal, Unavailable
from vecgate.evidence.recorder import Recorder
from vecgate.evidence.verify import verify
from vecgate.identity.authenticator import Authenticator
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import Revocation, Source, What
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
        ("identity:", "identity:\n  own: {issuer: 'https://vecgate.test'}", "identity.own"),
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


ISSUER = "algorithms: [ES256], "


async def test_an_issuers_directory_is_opened_and_closed(config: Path) -> None:
    (config.parent / "groups.yaml").write_text("version: 1\nissuers: {}\n")
    directory = 'directory: {source: "file:groups.yaml", cache: 5m}, '
    config.write_text(config.read_text().replace(ISSUER, ISSUER + directory))
    await assembly.close(await open_runtime(config))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("file:none.yaml", "none.yaml: cannot be read"),
        ("file:broken.yaml", "broken.yaml:1:10: version: must be 1"),
        ("entra:broken.yaml", "broken.yaml"),
        ("ldap:corp", "identity.issuers[0].directory.source: no plugin knows ldap: — write file:PATH or entra:PATH"),
    ],
)
async def test_a_directory_that_cannot_be_used_stops_the_start_and_the_reload(
    source: str, message: str, config: Path
) -> None:
    (config.parent / "broken.yaml").write_text("version: 2\n")
    runtime, good = await open_runtime(config), config.read_text()
    config.write_text(good.replace(ISSUER, f'{ISSUER}directory: {{source: "{source}"}}, '))
    with pytest.raises(ConfigError) as caught:
        await assembly.reload(runtime, config)
    assert message in str(caught.value)
    await assembly.close(runtime)
    with pytest.raises(ConfigError):
        await open_runtime(config)


def with_provisioning(config: Path, *secrets: str) -> Path:
    """The configuration with as many issuers, each with a directory that sends such a secret."""
    text = config.read_text()
    extra = ""
    listed = []
    for number, secret in enumerate(secrets):
        (config.parent / f"scim{number}").write_text(secret)
        issuer = f"https://idp{number}.test/"
        extra += f', {{issuer: "{issuer}", audience: v, jwks: "file:jwks.json"}}'
        listed.append(f'{{issuer: "{issuer}", token: "file:scim{number}"}}')
    before, found, after = text.partition('jwks: "file:jwks.json"}')
    assert found
    config.write_text(
        f"{before}{found}{extra}{after}".replace("identity:", f"identity:\n  provisioning: [{', '.join(listed)}]", 1)
        + 'control: {listen: "127.0.0.1:6099"}\n'
    )
    return config


async def test_directories_are_told_apart_by_their_secrets(config: Path) -> None:
    runtime = await open_runtime(with_provisioning(config, "a" * 32, "b" * 32))
    try:
        assert len(runtime.provisioning) == 2
        assert "a" * 32 not in repr(runtime)
    finally:
        await assembly.close(runtime)


async def test_whoever_left_one_issuer_is_refused_at_the_others_that_its_directory_names(config: Path) -> None:
    text = with_provisioning(config, "a" * 32, "b" * 32).read_text()
    config.write_text(text.replace('"file:scim0"', '"file:scim0", also: ["https://idp1.test/"]'))
    runtime = await open_runtime(config)
    try:
        other = Principal("https://idp1.test/", "alice")
        runtime.authenticator.recheck(other)
        left = Revocation(what=What.ACCOUNT, issuer="https://idp0.test/", value="alice", source=Source.DIRECTORY)
        await runtime.store.revoke(left)
        with pytest.raises(Refusal, match="token_revoked"):
            runtime.authenticator.recheck(other)
    finally:
        await assembly.close(runtime)


@pytest.mark.parametrize("secrets", [("short",), ("a" * 32, "a" * 32)], ids=["short", "the same"])
async def test_a_weak_secret_of_a_directory_stops_the_start(config: Path, secrets: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"provisioning\[\d\]\.token: must be a secret of its own") as refused:
        await open_runtime(with_provisioning(config, *secrets))
    assert secrets[0] not in str(refused.value)


async def test_without_the_extra_a_directory_stops_the_start(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vecgate.identity.provisioning", None)
    with pytest.raises(ConfigError, match=r"vecgate\[scim\]"):
        await open_runtime(with_provisioning(config, "a" * 32))
