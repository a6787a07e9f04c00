"""What the four people of the demo do, each with the stock `chromadb` client and a token of their own."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from vecgate.demo.corpus import embed, passages

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

COLLECTION = "kb_python"
PASSAGES = 400
BATCH = 100
QUESTION = "when does a finally clause run"
SSN = "900-"
"""How every invented number begins."""
PATIENCE = 15.0
"""Seconds in which a held request must show up for its reviewer."""
_REASON = re.compile(r"\[([a-z_]+)(?:, [^\]]*)?\]\Z")


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the demo's table. `outcome` is a word of the product: allowed, masked, denied, limited, approved."""

    who: str
    what: str
    outcome: str
    detail: str
    expected: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where the scene plays: ports on 127.0.0.1 and a token for each person."""

    gateway: int
    control: int
    tokens: Mapping[str, str]


class Scene:
    """Reports a step for everything that happens, whether as expected or not.

    Raises httpx.TransportError where nobody answers: that is for whoever runs the servers.
    """

    def __init__(self, place: Place, report: Callable[[Step], None]) -> None:
        self.place = place
        self.report = report
        self._clients: dict[str, ClientAPI] = {}

    def play(self) -> None:
        for act in (self.load, self.read, self.strangers, self.overreach, self.approval, self.limit):
            try:
                act()
            except httpx.TransportError:
                raise
            except Exception as error:
                self._say("everyone", act.__name__, "failed", f"{type(error).__name__}: {error}"[:200], False)

    def client(self, person: str) -> ClientAPI:
        """A person's client, made at the first use, as Chroma's documentation does it."""
        if person not in self._clients:
            import chromadb
            from chromadb.config import Settings

            self._clients[person] = chromadb.HttpClient(
                host="127.0.0.1",
                port=self.place.gateway,
                headers={"Authorization": f"Bearer {self.place.tokens[person]}"},
                settings=Settings(anonymized_telemetry=False),
            )
        return self._clients[person]

    def collection(self, person: str) -> Any:
        return self.client(person).get_collection(COLLECTION, embedding_function=None)

    def load(self) -> None:
        corpus = list(passages(PASSAGES))
        collection = self.client("pipeline").create_collection(COLLECTION, embedding_function=None)
        for start in range(0, len(corpus), BATCH):
            batch = corpus[start : start + BATCH]
            collection.add(
                ids=[passage.id for passage in batch],
                documents=[passage.text for passage in batch],
                metadatas=[dict(passage.metadata) for passage in batch],
                embeddings=embed([passage.text for passage in batch]),
            )
        kept = collection.count()
        what = f"add {len(corpus)} passages"
        self._say("pipeline", what, "allowed", f"{kept} records in {COLLECTION}", kept == len(corpus))

    def read(self) -> None:
        collection = self.collection("data scientist")
        found = collection.query(query_embeddings=embed([QUESTION]), n_results=3)["ids"][0]
        self._say("data scientist", f"search “{QUESTION}”", "allowed", ", ".join(found), len(found) == 3)
        metadata, vector = _record(collection, found[0])
        masked = vector is None and not str(metadata["ssn"]).startswith(SSN)
        self._say("data scientist", "read the best with its vector", "masked", _shown(metadata, vector), masked)
        metadata, vector = _record(self.collection("owner"), found[0])
        cleared = vector is not None and str(metadata["ssn"]).startswith(SSN)
        self._say("owner", "read the same record", "allowed", _shown(metadata, vector), cleared)
        self._refused(
            "data scientist",
            "filter on the masked field ssn",
            ("denied", "masked_field_used", "ChromaAuthError"),
            lambda: collection.get(where={"ssn": metadata["ssn"]}),
        )

    def strangers(self) -> None:
        denied = ("denied", "no_grant", "ChromaAuthError")
        self._refused("stranger", f"open {COLLECTION}", denied, lambda: self.collection("stranger"))
        expired = ("denied", "token_expired", "AuthorizationError")
        self._refused("owner", "come with yesterday's token", expired, lambda: self.collection("late owner"))

    def overreach(self) -> None:
        collection = self.collection("data scientist")
        first = next(passages(1)).id
        denied = ("denied", "no_grant", "ChromaAuthError")
        self._refused("data scientist", "delete one record", denied, lambda: collection.delete(ids=[first]))

    def approval(self) -> None:
        collection = self.collection("pipeline")
        before = collection.count()
        reviewer = threading.Thread(target=self._review, daemon=True)
        reviewer.start()
        started = time.monotonic()
        collection.delete(where={"city": "Graz"})
        waited = time.monotonic() - started
        reviewer.join(10)
        after = collection.count()
        shown = f"waited {waited:.1f} s, {before - after} records gone, {after} left"
        self._say("pipeline", "delete everything from Graz", "held → approved", shown, 0 < after < before)

    def _review(self) -> None:
        """The owner looks at what waits. The pipeline tries to approve itself first, and may not."""
        url = f"http://127.0.0.1:{self.place.control}"
        with httpx.Client(base_url=url, timeout=5, trust_env=False) as control:
            ticket = self._waiting(control)
            if ticket is None:
                self._say("owner", "look at what waits", "failed", "nothing waits for approval", False)
                return
            own = self._decide(control, ticket, "pipeline", "it is fine, trust me")
            refused = own.status_code == 403
            self._say("pipeline", "approve its own request", "denied", own.json().get("reason", ""), refused)
            time.sleep(0.5)
            done = self._decide(control, ticket, "owner", "Graz asked for it")
            self._say("owner", "approve the deletion", "approved", f"ticket {ticket[:8]}…", done.status_code == 200)

    def _waiting(self, control: httpx.Client) -> str | None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            tickets = control.get("/v1/approvals", headers=self._bearer("owner")).json().get("approvals", [])
            for ticket in tickets:
                if ticket["state"] == "pending":
                    return str(ticket["id"])
            time.sleep(0.1)
        return None

    def _decide(self, control: httpx.Client, ticket: str, person: str, comment: str) -> httpx.Response:
        path = f"/v1/approvals/{ticket}/approve"
        return control.post(path, headers=self._bearer(person), json={"comment": comment})

    def _bearer(self, person: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.place.tokens[person]}"}

    def limit(self) -> None:
        collection = self.collection("data scientist")

        def count_often() -> None:
            for _ in range(60):
                collection.count()

        limited = ("limited", "rate_exceeded", "RateLimitError")
        self._refused("data scientist", "count again and again", limited, count_often)

    def _refused(self, who: str, what: str, expected: tuple[str, str, str], call: Callable[[], Any]) -> None:
        """`expected` are the outcome, the reason and the client's own type of error."""
        outcome, reason, kind = expected
        try:
            call()
        except httpx.TransportError:
            raise
        except Exception as error:
            found = _REASON.search(str(error))
            given = (found[1] if found else str(error)[:100], type(error).__name__)
            self._say(who, what, outcome, f"{given[1]} {given[0]}", given == (reason, kind))
        else:
            self._say(who, what, outcome, "it was let through", False)

    def _say(self, who: str, what: str, outcome: str, detail: str, expected: bool = True) -> None:
        self.report(Step(who, what, outcome, detail, expected))


def _record(collection: Any, record: str) -> tuple[dict[str, Any], np.ndarray[Any, Any] | None]:
    """A record's metadata and its vector, None where the answer has none."""
    got = collection.get(ids=[record], include=["metadatas", "embeddings"])
    vectors = np.asarray(got["embeddings"], dtype=object)  # the client makes an array of no answer, too
    return got["metadatas"][0], vectors[0] if vectors.ndim == 2 else None


def _shown(metadata: Mapping[str, Any], vector: np.ndarray[Any, Any] | None) -> str:
    email = str(metadata["email"])
    email = f"{email[:11]}…" if len(email) > 20 else email
    numbers = "no vector" if vector is None else f"a vector of {len(vector)}"
    return f"ssn {metadata['ssn']}, email {email}, {numbers}"
