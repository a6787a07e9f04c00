"""Pins: another mitmproxy, another h2 or a changed function stops the start."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata

import pytest

from vecgate.serve import pins
from vecgate.serve.install import PATCHES


def test_the_installed_mitmproxy_is_the_one_that_was_read() -> None:
    pins.verify()


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in pins.PINS.items() for n in names])
def test_each_pinned_definition_is_as_it_was(module: str, name: str) -> None:
    assert pins.source_digest(module, name) == pins.PINS[module][name], "read what changed before taking the new value"


def test_everything_that_is_patched_is_pinned() -> None:
    for patch in PATCHES:
        owners = patch.owner.__mro__ if isinstance(patch.owner, type) else ()
        holder = next((owner for owner in owners if hasattr(owner, patch.name)), None)
        module = holder.__module__ if holder else patch.owner.__name__
        assert (holder.__name__ if holder else patch.name) in pins.PINS[module], patch


@pytest.mark.parametrize(("package", "version"), [("mitmproxy", "12.3.2"), ("mitmproxy", "11.0.2"), ("h2", "4.2.0")])
def test_another_version_is_refused(package: str, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version
    monkeypatch.setattr(pins, "version", lambda name: version if name == package else real(name))
    with pytest.raises(pins.Unpinned, match=version):
        pins.verify()


def test_a_changed_function_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    changed: Mapping[str, Mapping[str, str]] = {"mitmproxy.flow": {"Flow": "0" * 64}}
    monkeypatch.setattr(pins, "PINS", changed)
    with pytest.raises(pins.Unpinned, match=r"mitmproxy\.flow:Flow"):
        pins.verify()


def test_what_does_not_exist_has_no_digest() -> None:
    assert pins.source_digest("mitmproxy.flow", "Flow.nothing") == ""
    assert pins.source_digest("mitmproxy.flow", "nothing") == ""


@pytest.mark.real
def test_the_module_prints_the_values_to_pin() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "vecgate.serve.pins"], capture_output=True, text=True, check=True
    ).stdout
    values = [ast.literal_eval("{" + line.split(" ", 1)[1] + "}") for line in printed.splitlines()]
    assert {name: digest for value in values for name, digest in value.items()} == {
        name: digest for names in pins.PINS.values() for name, digest in names.items()
    }
