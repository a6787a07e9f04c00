"""Start everything, play the scene, stop everything, verify the evidence, write the report."""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from vecgate.demo.issuer import Issuer
from vecgate.demo.processes import chroma_command, endings, free_port, started
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
YESTERDAY = 86_400


@dataclass(frozen=True, slots=True)
class Outcome:
    steps: tuple[Step, ...]
    evidence: Path
    report: Path
    verified: bool

    @property
    def good(self) -> bool:
        return self.verified and all(step.expected for step in self.steps)


def run(directory: Path, progress: Callable[[str], None]) -> Outcome:
    """Play the demo in an empty directory; `progress` hears what goes on.

    Raises RuntimeError when a part of it does not start, or ends in the middle.
    """
    steps: list[Step] = []

    def note(step: Step) -> None:
        endings.check()
        steps.append(step)
        progress(f"{step.who}: {step.what}")

    chroma, gateway, control = free_port(), free_port(), free_port()
    progress("Starting a real Chroma server, an issuer and the gateway")
    with (
        Issuer() as issuer,
        started(
            "Chroma",
            chroma_command(chroma, directory / "chroma"),
            f"http://127.0.0.1:{chroma}/api/v2/heartbeat",
            directory / "chroma.log",
        ) as database,
        started(
            "The gateway",
            [
                sys.executable,
                "-m",
                "vecgate",
                "serve",
                "-c",
                str(configure(directory, issuer.url, chroma, gateway, control)),
            ],
            f"http://127.0.0.1:{control}/healthz",
            directory / "gateway.log",
            {"VECGATE_DEMO_SERVICE_KEY": secrets.token_urlsafe(24)},
        ) as proxy,
    ):
        import chromadb  # noqa: F401 - takes a while, and the servers need one anyway

        database.wait()
        proxy.wait()
        Scene(Place(gateway, control, tokens(issuer)), note).play()
    progress("Verifying the evidence")
    evidence, report = directory / "evidence", directory / "report.html"
    key = read_public_key(beside(evidence).with_suffix(".pub.pem").read_bytes())
    verified = finish(evidence, key, report)
    note(tamper(evidence, key, directory))
    return Outcome(tuple(steps), evidence, report, verified)


def configure(directory: Path, issuer: str, chroma: int, gateway: int, control: int) -> Path:
    """The demo's configuration, on other addresses than the file says."""
    text = files("vecgate.demo").joinpath("vecgate.yaml").read_text()
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#")) + "\n"
    for written, meant in (
        ("127.0.0.1:6010", f"127.0.0.1:{gateway}"),
        ("127.0.0.1:8000", f"127.0.0.1:{chroma}"),
        ("127.0.0.1:6099", f"127.0.0.1:{control}"),
        ("http://127.0.0.1:9000", issuer),
        ("/var/", "/"),
        (" var/", " "),
    ):
        body = body.replace(written, meant)
    config = directory / "vecgate.yaml"
    config.write_text(body)
    return config


def tokens(issuer: Issuer) -> dict[str, str]:
    """One for each person, and one that ended yesterday."""
    made = {person: issuer.token(subject, groups) for person, (subject, groups) in PEOPLE.items()}
    subject, groups = PEOPLE["owner"]
    return made | {"late owner": issuer.token(subject, groups, exp=int(time.time()) - YESTERDAY)}


def finish(evidence: Path, key: str, report: Path) -> bool:
    """Verify the evidence and write the report; returns whether the evidence is good."""
    verification = verify(evidence, public_key=key)
    archive = Archive(evidence)
    sessions = archive.sessions()
    for session in sessions:
        archive.read_contents(session)
    report.write_text(render(build(sessions, verification, evidence.name)), encoding="utf-8")
    return verification.valid


def tamper(evidence: Path, key: str, near: Path) -> Step:
    """Change one byte in a copy of the evidence, and verify the copy."""
    with tempfile.TemporaryDirectory(dir=near) as folder:
        copy = Path(shutil.copytree(evidence, Path(folder) / "evidence"))
        segment = max(copy.rglob("*.jsonl"), key=lambda path: path.stat().st_size)
        content = bytearray(segment.read_bytes())
        content[len(content) // 2] ^= 1
        segment.write_bytes(content)
        damage = verify(copy, public_key=key).damage
    detail = "it was not noticed" if damage is None else f"{damage.file}:{damage.line}: {damage.kind}"
    return Step("somebody", "change one byte of a copy of the evidence", "detected", detail, damage is not None)
