"""Verify an evidence directory offline: every byte of every file in it, and what its signatures prove."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecgate.evidence import canonical, layout
from vecgate.evidence.canonical import NotCanonical
from vecgate.evidence.chain_check import ChainCheck
from vecgate.evidence.damage import Damage, DamageKind
from vecgate.evidence.lock import held
from vecgate.evidence.manifest import Manifest, ManifestError, read_manifest
from vecgate.evidence.printable import printable
from vecgate.evidence.record import Kind, Record, hash_holds, parse, signed_bytes
from vecgate.evidence.signing import signature_holds

ATTEMPTS = 3
"""Damage counts once nobody has written meanwhile, or at this many looks."""
type Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found. Without damage, `proves` says in words what that is worth."""

    damage: Damage | None
    chains: int = 0
    records: int = 0
    segments: int = 0
    checkpoints: int = 0
    sessions: int = 0
    erased: tuple[str, ...] = ()
    public_key: str = ""
    trusted: bool = False
    """The public key was given from outside and is the one that signed."""
    checkpoint_held: bool = False
    """The checkpoint that was given is part of the evidence: nothing before it was changed, nothing cut behind it."""
    live: bool = False
    unproven: int = 0
    """Records behind the last checkpoint of a directory that a gateway is writing to."""

    @property
    def valid(self) -> bool:
        return self.damage is None

    @property
    def proves(self) -> list[str]:
        if self.damage is not None:
            return []
        said = []
        if self.trusted:
            said.append("Signed by the given public key.")
        else:
            said.append(
                "Only internal consistency was shown: without --public-key nothing says who wrote this evidence."
            )
        if self.checkpoint_held:
            said.append("The given checkpoint is part of it: nothing up to there was changed or cut off.")
        else:
            said.append("Without --checkpoint, a return to an earlier complete state would not show.")
        if self.live:
            said.append(f"A gateway is writing: {self.unproven} records behind the last checkpoint are unproven.")
        if self.erased:
            said.append(f"Content was erased, and that was recorded, of {len(self.erased)} sessions.")
        return said

    def as_dict(self) -> dict[str, Any]:
        damage = self.damage
        return {
            "valid": self.valid,
            "damage": damage
            and {
                "kind": str(damage.kind),
                "file": printable(damage.file),
                "line": damage.line,
                "detail": printable(damage.detail),
            },
            "chains": self.chains,
            "records": self.records,
            "segments": self.segments,
            "checkpoints": self.checkpoints,
            "sessions": self.sessions,
            "erased": list(self.erased),
            "public_key": self.public_key,
            "trusted": self.trusted,
            "checkpoint_held": self.checkpoint_held,
            "live": self.live,
            "unproven": self.unproven,
            "proves": self.proves,
        }


def verify(
    directory: Path,
    *,
    public_key: str | None = None,
    checkpoint: bytes | None = None,
    progress: Progress = lambda size: None,
) -> Verification:
    """Check everything. `public_key` is raw hex, `checkpoint` one or more checkpoint lines kept elsewhere.

    Raises OSError where something cannot be read at all, NotADirectoryError for what is no directory.
    """
    if not directory.is_dir():
        raise NotADirectoryError(f"{directory} is not a directory")
    for _ in range(ATTEMPTS):
        before = _fingerprint(directory)
        found = _verify(directory, public_key, checkpoint, progress)
        if found.valid or _fingerprint(directory) == before:
            break  # what was found is not merely a gateway that began or ended meanwhile
    return found


def _fingerprint(directory: Path) -> list[tuple[str, int, int]]:
    """What changes when somebody writes."""
    found = []
    for folder, folders, files in os.walk(directory):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):
                status = os.lstat(os.path.join(folder, name))
                found.append((os.path.join(folder, name), status.st_size, status.st_mtime_ns))
    return sorted(found)


def _verify(directory: Path, public_key: str | None, checkpoint: bytes | None, progress: Progress) -> Verification:
    chains: list[ChainCheck] = []
    manifest: Manifest | None = None
    damage: Damage | None = None
    try:
        _regular(directory)
        manifest = _manifest(directory, public_key)
        for name in manifest.chains:
            if not (directory / name).is_dir():
                raise Damage(DamageKind.MISSING_SEGMENT, f"{name}/{layout.segment_name(1)}", 1, "the chain is missing")
            chains.append(ChainCheck(directory, name, manifest, held(directory / name), progress))
            chains[-1].run()
        _cross(chains)
        _keys(directory, chains)
        _files(directory, chains)
        if checkpoint is not None:
            _given(checkpoint, manifest, chains)
    except Damage as error:
        damage = error
    return Verification(
        damage,
        chains=len(chains),
        records=sum(chain.head.count for chain in chains),
        segments=sum(chain.segments for chain in chains),
        checkpoints=sum(len(chain.checkpoints) for chain in chains),
        sessions=sum(chain.sessions for chain in chains),
        erased=tuple(sorted(name for chain in chains for name in chain.erased)),
        public_key=manifest.public_key if manifest else "",
        trusted=public_key is not None and damage is None,
        checkpoint_held=checkpoint is not None and damage is None,
        live=any(chain.live for chain in chains),
        unproven=sum(chain.unproven for chain in chains),
    )


def _regular(directory: Path) -> None:
    """Nothing is opened before it is known that no link, pipe or device lies there."""
    for folder, folders, files in os.walk(directory):
        for name in sorted([*folders, *files]):
            path = Path(folder, name)
            with suppress(FileNotFoundError):
                mode = path.lstat().st_mode
                if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                    where = path.relative_to(directory).as_posix()
                    raise Damage(DamageKind.UNEXPECTED_FILE, where, 1, "it is neither a file nor a folder")


def _manifest(directory: Path, public_key: str | None) -> Manifest:
    try:
        manifest = read_manifest(directory)
    except FileNotFoundError:
        kind = DamageKind.DELETED if any(directory.iterdir()) else DamageKind.EMPTY
        raise Damage(kind, layout.MANIFEST, 1, "there is no manifest") from None
    except (NotCanonical, ManifestError) as error:
        raise Damage(DamageKind.EDITED, layout.MANIFEST, 1, str(error)) from error
    if public_key is not None and public_key != manifest.public_key:
        raise Damage(DamageKind.FORGED, layout.MANIFEST, 1, "another key than the given one signed this evidence")
    return manifest


def _cross(chains: list[ChainCheck]) -> None:
    """What the chains' checkpoints say of each other."""
    known = {chain.name: chain for chain in chains}
    for claim in (claim for chain in chains for claim in chain.claims):
        chain = known.get(claim.chain)
        if chain is None:
            missing = f"{printable(claim.chain)}/{layout.segment_name(1)}"
            raise Damage(DamageKind.MISSING_SEGMENT, missing, 1, f"{claim.file} line {claim.line} vouches for it")
        _reaches(chain, claim.count, claim.hash, f"{claim.file} line {claim.line}")


def _reaches(chain: ChainCheck, count: int, digest: str, who: str) -> None:
    """The chain's checkpoint number `count` must be the one that is vouched for."""
    if count > chain.head.count:
        if not chain.live:
            detail = f"{who} vouches for record {count}, the chain ends at {chain.head.count}"
            raise Damage(DamageKind.TRUNCATED, chain.file, chain.line + 1, detail)
    elif chain.checkpoints.get(count) != digest:
        raise Damage(DamageKind.REPLACED, chain.file, chain.line, f"{who} vouches for another record {count}")


def _keys(directory: Path, chains: list[ChainCheck]) -> None:
    """A session's key is there and is the recorded one, or its erasure is recorded and it is gone."""
    erased = {session for chain in chains for session in chain.erased}
    for chain in chains:
        for session, (digest, file, line) in chain.keys.items():
            path = layout.key_path(directory, session)
            if digest is None or path is None:
                continue
            name = path.relative_to(directory).as_posix()
            try:
                data = layout.read_whole(path, 4096)
            except FileNotFoundError:
                if session not in erased:
                    detail = (
                        f"the content of session {session} ({file} line {line}) cannot be read, no erasure is recorded"
                    )
                    raise Damage(DamageKind.MISSING_KEY, name, 1, detail) from None
                continue
            if session in erased:
                raise Damage(DamageKind.NOT_ERASED, name, 1, f"the erasure of session {session} is recorded")
            if canonical.digest(data) != digest:
                raise Damage(DamageKind.EDITED, name, 1, f"it is not the key of session {session}")


def _files(directory: Path, chains: list[ChainCheck]) -> None:
    """Nothing lies there that is not part of the evidence."""
    _expect(directory, "", {layout.MANIFEST}, {chain.name for chain in chains}, live=any(c.live for c in chains))
    for chain in chains:
        numbers = range(1, chain.segments + 1)
        names = {layout.segment_name(number) for number in numbers} | {
            layout.content_name(number) for number in numbers
        }
        _expect(directory / chain.name, f"{chain.name}/", names | {layout.CHECKPOINT}, {layout.KEYS}, live=chain.live)
        keys = {layout.key_name(number) for number in range(1, chain.sessions + 1)}
        if (directory / chain.name / layout.KEYS).is_dir():
            _expect(directory / chain.name / layout.KEYS, f"{chain.name}/{layout.KEYS}/", keys, set(), live=chain.live)


def _expect(directory: Path, prefix: str, files: set[str], folders: set[str], *, live: bool) -> None:
    with os.scandir(directory) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            known = entry.name in files and entry.is_file(follow_symlinks=False)
            known = known or (entry.name in folders and entry.is_dir(follow_symlinks=False))
            if not known and not (live and _passing(entry.name)):
                detail = "it is not part of the evidence"
                raise Damage(DamageKind.UNEXPECTED_FILE, prefix + entry.name, 1, detail)


def _passing(name: str) -> bool:
    """A name that a gateway may have made since the verification began."""
    if name in {f"{layout.MANIFEST}.tmp", f"{layout.CHECKPOINT}.tmp"}:
        return True
    return any(pattern.fullmatch(name) for pattern in (layout.SEGMENT, layout.CONTENT, layout.KEY, layout.CHAIN))


def _given(lines: bytes, manifest: Manifest, chains: list[ChainCheck]) -> None:
    """Checkpoints kept elsewhere must be part of the evidence."""
    known = {chain.name: chain for chain in chains}
    kept = [line for line in lines.split(b"\n") if line]
    if not kept:
        raise Damage(DamageKind.EMPTY, "the given checkpoint", 1, "there is no checkpoint in it")
    for number, line in enumerate(kept, 1):
        record = _given_record(line, number, manifest)
        chain = known.get(record.chain)
        if record.facts.get("evidence") != manifest.evidence or chain is None:
            detail = "the given checkpoint is another evidence directory's"
            raise Damage(DamageKind.REPLACED, layout.MANIFEST, 1, detail)
        if record.seq > chain.head.count:
            detail = f"the given checkpoint is record {record.seq}, the chain ends at {chain.head.count}"
            raise Damage(DamageKind.TRUNCATED, chain.file, chain.line + 1, detail)
        _reaches(chain, record.seq, str(record.hash), "the given checkpoint")


def _given_record(line: bytes, number: int, manifest: Manifest) -> Record:
    try:
        record = parse(line + b"\n")
    except NotCanonical as error:
        raise Damage(DamageKind.EDITED, "the given checkpoint", number, str(error)) from error
    signed = record.kind == Kind.CHECKPOINT and signature_holds(
        manifest.public_key, record.signature, signed_bytes(record)
    )
    if not signed or not hash_holds(record):
        detail = "it is not signed by the key that signed this evidence"
        raise Damage(DamageKind.FORGED, "the given checkpoint", number, detail)
    return record
