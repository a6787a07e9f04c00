from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from tests.support.sample import make

from vecgate.config.load import load
from vecgate.demo.run import Outcome, configure, tamper
from vecgate.demo.scene import Step
from vecgate.evidence.signing import public_key

ROOT = Path(__file__).parents[3]
GOOD = Step("pipeline", "add", "allowed", "")
BAD = Step("stranger", "open", "denied", "it was let through", expected=False)


def test_the_configuration_to_copy_is_the_one_that_the_demo_runs() -> None:
    shipped = files("vecgate.demo").joinpath("vecgate.yaml").read_bytes()
    assert (ROOT / "config" / "demo" / "vecgate.yaml").read_bytes() == shipped


def test_the_demo_runs_it_on_addresses_of_its_own(tmp_path: Path) -> None:
    path = configure(tmp_path, "http://127.0.0.1:1", chroma=2, gateway=3, control=4)
    loaded = load(path)
    (connection,) = loaded.config.connections
    assert (connection.upstream, connection.listen) == ("http://127.0.0.1:2", "127.0.0.1:3")
    assert loaded.config.identity.issuers[0].issuer == "http://127.0.0.1:1"
    assert loaded.config.control is not None
    assert loaded.config.control.listen == "127.0.0.1:4"
    assert loaded.resolve(loaded.config.evidence.directory) == tmp_path / "evidence"
    assert loaded.config.state.url == "sqlite:///state.db"
    assert loaded.config.policy == load(ROOT / "config" / "demo" / "vecgate.yaml").config.policy


@pytest.mark.parametrize(
    ("steps", "verified", "good"), [((GOOD,), True, True), ((GOOD,), False, False), ((GOOD, BAD), True, False)]
)
def test_it_is_good_only_if_everything_is(steps: tuple[Step, ...], verified: bool, good: bool) -> None:
    assert Outcome(steps, Path(), Path(), verified).good is good


def test_one_changed_byte_is_detected_in_a_copy(tmp_path: Path) -> None:
    evidence = make(tmp_path)
    key = public_key((tmp_path / "signing.pub.pem").read_bytes())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    step = tamper(evidence, key, tmp_path)
    assert (step.outcome, step.expected) == ("detected", True)
    assert step.detail.endswith((": edited", ": not_canonical"))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
