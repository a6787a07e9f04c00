"""Manifest: which chains an evidence directory has, and by whose key they are signed."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import msgspec

from vecgate.evidence import canonical, layout
from vecgate.evidence.canonical import NotCanonical
from vecgate.evidence.lock import locked
from vecgate.evidence.record import timestamp
from vecgate.evidence.signing import SigningKey, signature_holds


class ManifestError(ValueError):
    """The manifest is not one, is not signed, or is signed by another key."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    evidence: str
    """Names this directory in every checkpoint: a chain of another directory cannot take its place."""
    created: str
    public_key: str
    chains: list[str]
    signature: str = ""

    def signed_bytes(self) -> bytes:
        unsigned = msgspec.structs.replace(self, signature="")
        return b"vecgate manifest 1\n" + canonical.encode_checked(unsigned)

    def holds(self) -> bool:
        return signature_holds(self.public_key, self.signature, self.signed_bytes())


FORMAT = 1


def read_manifest(directory: Path) -> Manifest:
    """Raises ManifestError, NotCanonical, OSError."""
    line = layout.read_whole(directory / layout.MANIFEST)
    try:
        manifest = msgspec.json.decode(line, type=Manifest)
        again = canonical.encode_checked(manifest) + b"\n"
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise NotCanonical(str(error)) from error
    if again != line:
        raise NotCanonical("the file is not its RFC 8785 form")
    if manifest.format != FORMAT:
        raise ManifestError(f"format {manifest.format} is unknown")
    if not manifest.holds():
        raise ManifestError("the signature does not hold")
    if manifest.chains != sorted(set(manifest.chains)) or not all(map(layout.CHAIN.fullmatch, manifest.chains)):
        raise ManifestError("the list of chains is malformed")
    return manifest


def join(directory: Path, chain: str, key: SigningKey) -> Manifest:
    """Make the directory's manifest if it has none, and add a chain to it. Raises ManifestError, OSError."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(directory):
        if (directory / layout.MANIFEST).exists():
            manifest = read_manifest(directory)
        elif {entry.name for entry in directory.iterdir()} - {f"{layout.MANIFEST}.tmp"}:
            raise ManifestError(f"{directory} is not empty and has no {layout.MANIFEST}")
        else:
            manifest = Manifest(
                format=FORMAT,
                evidence=secrets.token_hex(16),
                created=timestamp(time.time_ns()),
                public_key=key.public,
                chains=[],
            )
        if manifest.public_key != key.public:
            raise ManifestError(f"{directory} was signed by another key; use that key or another directory")
        if chain not in manifest.chains:
            manifest = msgspec.structs.replace(manifest, chains=sorted([*manifest.chains, chain]))
            manifest = msgspec.structs.replace(manifest, signature=key.sign(manifest.signed_bytes()))
            layout.replace(directory / layout.MANIFEST, canonical.encode_checked(manifest) + b"\n")
        (directory / chain).mkdir(exist_ok=True, mode=0o700)
        layout.sync_directory(directory)
    return manifest
