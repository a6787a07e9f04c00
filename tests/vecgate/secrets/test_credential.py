from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from vecgate.config.models import Credential
from vecgate.errors import ConfigError
from vecgate.secrets import credential
from vecgate.secrets.credential import ServiceCredential

SECRET, ROTATED = "s3cr3t-canary", "r0tat3d-canary"


def made(folder: Path, value: str = "file:key") -> ServiceCredential:
    return ServiceCredential("docs", Credential(header="Api-Key", value=value), folder)


async def test_a_file_is_read_again_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credential, "FILE_PERIOD", 0.01)
    (tmp_path / "key").write_text(SECRET)
    one = made(tmp_path)
    await one.prime()
    one.start()
    assert (one.header, one.reveal()) == (b"api-key", SECRET)
    (tmp_path / "key").write_text(ROTATED)
    async with asyncio.timeout(5):
        while one.reveal() != ROTATED:
            await asyncio.sleep(0.005)
    await one.stop()


async def test_a_file_that_others_can_read_is_warned_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "key").write_text(SECRET)
    (tmp_path / "key").chmod(0o644)
    one = made(tmp_path)
    await one.prime()
    for _ in range(3):
        await one.refresh()
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("bad", ["", "two\nlines", "na\u00efve", "bell\x07"])
async def test_a_new_value_that_no_header_can_carry_leaves_the_old_one(
    tmp_path: Path, bad: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "key").write_text(bad)
    one = made(tmp_path)
    with pytest.raises(ConfigError, match=r"connections\.docs\.credential\.value"):
        await one.prime()
    (tmp_path / "key").write_text(SECRET)
    await one.prime()
    (tmp_path / "key").write_text(bad)
    await one.refresh()
    assert one.reveal() == SECRET
    assert bad.strip() not in caplog.text or not bad


async def test_a_variable_is_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VECGATE_TEST", SECRET)
    one = made(tmp_path, "env:VECGATE_TEST")
    await one.prime()
    one.start()
    one.suspect()
    await one.stop()
    assert one.reveal() == SECRET
    assert SECRET not in repr(one)
