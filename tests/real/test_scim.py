"""SCIM over the wire, held to the standard by a foreign client."""

from __future__ import annotations

import asyncio
import hashlib

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import CheckResult, Status, check_server
from tests.support.approvals import Evidence, approvals_on
from tests.support.control import serving
from tests.support.state import ISSUER

from vecgate.identity.provisioning import Provisioning
from vecgate.identity.revocations import Revocations
from vecgate.state.memory import MemoryStore

pytestmark = pytest.mark.real
SECRET = "canary-of-a-directory-0123456789ab"


async def test_a_foreign_client_finds_what_the_standard_promises() -> None:
    store, evidence = MemoryStore(), Evidence()
    await store.start()
    revocations = Revocations(store, record=evidence.record, issuers={ISSUER})
    provisioning = {
        hashlib.sha256(SECRET.encode()).digest(): Provisioning(ISSUER, "userName", store, revocations),
    }

    def check(url: str) -> list[CheckResult]:
        with httpx2.Client(base_url=f"{url}/scim/v2", headers={"authorization": f"Bearer {SECRET}"}) as client:
            return check_server(SyncSCIMClient(client))

    async with serving(approvals_on(store, evidence), {}, provisioning=provisioning) as url:
        results = await asyncio.to_thread(check, url)
    wrong = {str(each.reason) for each in results if each.status is not Status.SUCCESS}
    assert wrong <= {"Attribute 'active' was not removed"}, "a user who is inactive is not let in by leaving it out"
    assert len(results) > 50
