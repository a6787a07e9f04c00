"""`vecgate schema` and `vecgate plugins`."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import run
from tests.support.configs import HEAD, write

from vecgate.config.schema import schema


def test_schema_prints_the_schema() -> None:
    ran = run("schema")

    assert ran.code == 0
    assert ran.document == schema()
    assert run("schema", "--json") == ran


def test_plugins_shows_what_is_loaded(tmp_path: Path) -> None:
    write(tmp_path, "from vecgate.hookspecs import hookimpl\n@hookimpl\ndef vecgate_cli(app): ...\n", "mine.py")
    config = write(tmp_path, HEAD + "plugins: {load: ['file:mine.py']}")
    bundled = [each["name"] for each in run("plugins", "--json").document["plugins"]]
    loaded = run("plugins", "-c", config, "--json").document["plugins"]

    assert "chroma" in bundled
    assert [each["name"] for each in loaded] == [*bundled, "file:mine.py"]
    assert loaded[-1]["hooks"] == ["vecgate_cli"]
    assert "file:mine.py\t" in run("plugins", "-c", config).out


def test_a_plugin_that_is_missing_exits_2_with_its_name(tmp_path: Path) -> None:
    config = write(tmp_path, HEAD + "plugins: {load: [nosuch]}")
    ran = run("plugins", "-c", config)

    assert ran.code == 2
    assert "nosuch" in ran.err
