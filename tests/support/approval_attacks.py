"""What attacks on approvals share: a gateway under attack, its control plane, and requests that wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from tests.support.byte_wire import Reply, answer, request, send
from tests.support.under_attack import COLLECTIONS, PUBLIC, UnderAttack, under_attack

P = f"{COLLECTIONS}/{PUBLIC}"
_titles = count()


@dataclass
class Scene:
    attacked: UnderAttack
    control: httpx.Client

    def delete(self, title: str, *groups: str, subject: str = "wanda", **claims: Any) -> bytes:
        bearer = self.attacked.bearer(subject, *(groups or ("writers",)), **claims)
        body = f'{{"where":{{"title":"{title}"}}}}'.encode()
        return request(f"{P}/delete", bearer, method="POST", body=body)

    def held(self, data: bytes) -> str:
        """The ticket of a request that nobody decides in time."""
        reply, outcome = self.attacked.attack(403, "approval_pending", data, lookups=True)
        ticket = str(reply.document["ticket"])
        assert outcome["facts"]["ticket"] == ticket
        return ticket

    def ticket(self) -> str:
        return self.held(self.delete(new_title()))

    def decide(self, ticket: str, verb: str, subject: str = "olga", *groups: str, **claims: Any) -> httpx.Response:
        token = self.attacked.token(subject, *(groups or ("owners",)), **claims)
        return self.control.post(
            f"/v1/approvals/{ticket}/{verb}", headers={"authorization": f"Bearer {token}"}, json={}
        )

    def state(self, ticket: str) -> str:
        token = self.attacked.token("olga", "owners")
        reply = self.control.get(f"/v1/approvals/{ticket}", headers={"authorization": f"Bearer {token}"})
        return str(reply.json()["state"])

    def sent(self) -> list[str]:
        return [each.line for each in self.attacked.upstream.take() if not each.line.startswith("GET")]

    def waiting(self, data: bytes) -> tuple[threading.Thread, list[Reply], str]:
        """A request that waits in the background, and its ticket."""
        replies: list[Reply] = []
        before = self.pending()
        thread = threading.Thread(target=lambda: replies.append(send(self.attacked.port, data, wait=15)))
        thread.start()
        deadline = time.monotonic() + 5
        while not (new := self.pending() - before):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return thread, replies, new.pop()

    def pending(self) -> set[str]:
        token = self.attacked.token("olga", "owners")
        reply = self.control.get("/v1/approvals", headers={"authorization": f"Bearer {token}"})
        return {each["id"] for each in reply.json()["approvals"]}


def new_title() -> str:
    return f"title {next(_titles)}"


ROUTES = {"^POST .*/delete ": answer({"deleted": 3}), "^POST .*/upsert ": answer({}), "^DELETE ": answer({})}


def scenes(folder: Path, policy: str) -> Iterator[Scene]:
    with (
        under_attack(folder, policy, ROUTES) as attacked,
        httpx.Client(base_url=f"http://127.0.0.1:{attacked.gateway.control}", timeout=10) as control,
    ):
        yield Scene(attacked, control)
