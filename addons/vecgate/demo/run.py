"""Start everything, play the scene, stop everything, verify the evidence, write the report."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from vecgate.demo.issuer import Issuer
from vecgate.demo.processes import chroma_command, free_port, running
from vecgate.demo.scene import Place, Scene, Step
from vecgate.evidence.sessions import Archive
from vecgate.evidence.signing import beside
from vecgate.evidence.signing import public_key as read_public_key
from vecgate.evidence.verify import verify
from vecgate_reports import render
from vecgate_reports.model import build

PEOPLE = {
    "data scientist": ("dana", ["data-science"]),
    "pipeline": ("pipeline-7", ["pipelines"]),
    "owner": ("olga", ["db-owners"]),
    "stranger": ("sam", []),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    steps: tuple[Step, ...]
    evidence: Path
    report: Path
    verified: bool

    @property
    def good(self) -> bool:
        return self.verified and all(step.expected for step in self.steps)


def run(directory: Path, progress: Callable[[str], None], report: Callable[[Step], None]) -> Outcome:
    """Play the demo in an empty directory. Raises RuntimeError when a part of it does not start."""
    steps: list[Step] = []

    def note(step: Step) -> None:
        steps.append(step)
        report(step)

    os.environ.setdefault("VECGATE_DEMO_SERVICE_KEY", secrets.token_urlsafe(24))
    chroma, gateway, control = free_port(), free_port(), free_port()
    with Issuer() as issuer:
        config = directory / "vecgate.yaml"
        template = files("vecgate.demo").joinpath("vecgate.yaml").read_text()
        config.write_text(template.format(gateway=gateway, chroma=chroma, control=control, issuer=issuer.url))
        tokens = {person: issuer.token(subject, groups) for person, (subject, groups) in PEOPLE.items()}
        progress("Starting a real Chroma server")
        with running(
            "Chroma",
            chroma_command(chroma, directory / "chroma"),
            f"http://127.0.0.1:{chroma}/api/v2/heartbeat",
            directory / "chroma.log",
        ):
            progress("Starting the gateway")
            serve = [sys.executable, "-m", "vecgate", "serve", "-c", str(config)]
            ready = f"http://127.0.0.1:{control}/healthz"
            with running("the gateway", serve, ready, directory / "gateway.log"):
                progress("Four people at work")
                Scene(Place(gateway, control, tokens), note).play()
    progress("Verifying the evidence")
    return Outcome(tuple(steps), directory / "evidence", directory / "report.html", finish(directory))


def finish(directory: Path) -> bool:
    """Verify the evidence and write the report; returns whether the evidence is good."""
    evidence = directory / "evidence"
    key = read_public_key(beside(evidence).with_suffix(".pub.pem").read_bytes())
    verification = verify(evidence, public_key=key)
    archive = Archive(evidence)
    sessions = archive.sessions()
    for session in sessions:
        archive.read_contents(session)
    page = render(build(sessions, verification, evidence.name))
    (directory / "report.html").write_text(page, encoding="utf-8")
    return verification.valid
