"""A small real text with deterministic embeddings, and invented people who wrote it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pydoc_data import topics

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 128
PEOPLE = (
    ("Ada Example", "ada@people.example", "900-12-3456", "Lund"),
    ("Bo Sample", "bo@people.example", "900-23-4567", "Graz"),
    ("Cleo Invented", "cleo@people.example", "900-34-5678", "Porto"),
    ("Dov Fictional", "dov@people.example", "900-45-6789", "Tartu"),
)
SHORTEST, LONGEST = 80, 400
"""Characters of a passage."""
_WORD = re.compile(r"[a-z]{3,}")
_COMMON = frozenset(
    _WORD.findall(
        "about all also and any are can does each for from has have how into its may more not one only other same see "
        "such than that the their then there these they this used uses using was when where which will with would you"
    )
)


@dataclass(frozen=True, slots=True)
class Passage:
    id: str
    text: str
    metadata: dict[str, str | int]


def passages(count: int) -> Iterator[Passage]:
    """At most `count` paragraphs, evenly from all of Python's own reference topics, each with an invented author."""
    found = list(_paragraphs())
    count = min(count, len(found))
    for made in range(count):
        topic, number, plain = found[made * len(found) // count]
        name, email, ssn, city = PEOPLE[made % len(PEOPLE)]
        metadata: dict[str, str | int] = {
            "topic": topic,
            "author": name,
            "email": email,
            "ssn": ssn,
            "city": city,
            "length": len(plain),
        }
        yield Passage(f"{topic}-{number}", plain, metadata)


def _paragraphs() -> Iterator[tuple[str, int, str]]:
    known: set[str] = set()
    for topic, text in sorted(topics.topics.items()):
        for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
            plain = " ".join(paragraph.split())[:LONGEST]
            if len(plain) >= SHORTEST and plain not in known:
                known.add(plain)
                yield topic, number, plain


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """(len(texts), 128) unit vectors: the sum of one fixed random direction per word. No model, always the same."""
    vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in _WORD.findall(text.lower()):
            if word not in _COMMON:
                vectors[row] += _direction(word.removesuffix("s"))
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)


@cache
def _direction(word: str) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
    return np.random.default_rng(seed).standard_normal(DIMENSIONS, dtype=np.float32)
