"""Directories, of groups and of those who have left: opened with the gateway, or no start."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.support.pipeline import write_config

from vecgate import assembly
from vecgate.assembly import open_runtime
from vecgate.errors import ConfigError, Refusal
from vecgate.identity.principal import Principal
from vecgate.identity.revocation import Revocation, Source, What


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, 8000)[0]


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
