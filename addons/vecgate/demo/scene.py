"""What the four people of the demo do, each with the stock `chromadb` client and a token of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from vecgate.demo.corpus import embed, passages

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

COLLECTION = "kb_python"
PASSAGES = 240


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
    def __init__(self, place: Place, report: Callable[[Step], None]) -> None:
        self.place = place
        self.report = report

    def play(self) -> None:
        self.load()
        self.read()
        self.stranger()
        self.overreach()
        self.approval()
        self.limit()

    def client(self, person: str) -> ClientAPI:
        import chromadb
        from chromadb.config import Settings

        return chromadb.HttpClient(
            host="127.0.0.1",
            port=self.place.gateway,
            headers={"Authorization": f"Bearer {self.place.tokens[person]}"},
            settings=Settings(anonymized_telemetry=False),
        )

    def collection(self, person: str) -> Any:
        return self.client(person).get_collection(COLLECTION, embedding_function=None)

    def load(self) -> None:
        corpus = list(passages(PASSAGES))
        collection = self.client("pipeline").create_collection(COLLECTION, embedding_function=None)
        for start in range(0, len(corpus), 80):
            batch = corpus[start : start + 80]
            collection.add(
                ids=[passage.id for passage in batch],
                documents=[passage.text for passage in batch],
                metadatas=[dict(passage.metadata) for passage in batch],
                embeddings=embed([passage.text for passage in batch]),
            )
        self._say("pipeline", f"add {len(corpus)} passages", "allowed", f"{collection.count()} records in {COLLECTION}")

    def read(self) -> None:
        collection = self.collection("data scientist")
        question = "how do I raise an exception inside a generator"
        found = collection.query(query_embeddings=embed([question]), n_results=3)
        self._say("data scientist", f"search “{question}”", "allowed", ", ".join(found["ids"][0]))
        got = collection.get(ids=found["ids"][0][:1], include=["metadatas", "embeddings"])
        metadata = got["metadatas"][0]
        vectors = got["embeddings"]
        hidden = vectors is None or len(vectors) == 0
        email = str(metadata.get("email"))[:12]
        shown = f"ssn={metadata.get('ssn')}, email={email}…, vectors={'none' if hidden else 'RAW'}"
        masked = hidden and not str(metadata.get("ssn", "")).startswith("900-")
        self._say("data scientist", "get a record with its vector", "masked", shown, masked)
        self._refused(
            "data scientist", "filter on the masked field ssn", lambda: collection.get(where={"ssn": "900-12-3456"})
        )

    def stranger(self) -> None:
        self._refused("stranger", f"open {COLLECTION}", lambda: self.collection("stranger"))

    def overreach(self) -> None:
        collection = self.collection("data scientist")
        self._refused("data scientist", "delete one record", lambda: collection.delete(ids=["assert-0"]))

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
        self._say(
            "pipeline",
            "delete everything from Graz",
            "held → approved",
            f"waited {waited:.1f} s, {before - after} records gone, {after} left",
            after < before,
        )

    def _review(self) -> None:
        """The owner looks at what waits. The pipeline tries to approve itself first, and may not."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.place.control}", timeout=5) as control:
            pipeline, owner = (
                {"authorization": f"Bearer {self.place.tokens[person]}"} for person in ("pipeline", "owner")
            )
            deadline = time.monotonic() + 15
            while time.monotonic() < deadline:
                tickets = control.get("/v1/approvals", headers=owner).json().get("approvals", [])
                waiting = [ticket for ticket in tickets if ticket["state"] == "pending"]
                if waiting:
                    break
                time.sleep(0.1)
            else:
                return
            path = f"/v1/approvals/{waiting[0]['id']}/approve"
            own = control.post(path, headers=pipeline, json={"comment": "it is fine, trust me"})
            self._say(
                "pipeline", "approve its own request", "denied", own.json().get("reason", ""), own.status_code == 403
            )
            time.sleep(0.5)
            done = control.post(path, headers=owner, json={"comment": "Graz asked for it"})
            self._say("owner", "approve the deletion", "approved", waiting[0]["id"][:8], done.status_code == 200)

    def limit(self) -> None:
        collection = self.collection("data scientist")
        for number in range(60):
            try:
                collection.count()
            except Exception as error:
                limited = "rate_exceeded" in str(error)
                self._say("data scientist", f"{number + 1} counts in a row", "limited", _reason(error), limited)
                return
        self._say("data scientist", "60 counts in a row", "limited", "no limit bit", False)

    def _refused(self, who: str, what: str, call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception as error:
            self._say(who, what, "denied", f"{type(error).__name__}: {_reason(error)}")
        else:
            self._say(who, what, "denied", "it was let through", False)

    def _say(self, who: str, what: str, outcome: str, detail: str, expected: bool = True) -> None:
        self.report(Step(who, what, outcome, detail, expected))


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0][:100]
