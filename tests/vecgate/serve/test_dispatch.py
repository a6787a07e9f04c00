"""Hooks that fail: whatever the addon, the hook and the fault, nothing unsealed passes, under either master."""

from __future__ import annotations

import pytest
from tests.support.meddler import FAULTS, HOOKS
from tests.support.raw_client import exchange, post
from tests.support.raw_upstream import SECRET
from tests.vecgate.serve.conftest import Bench

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("name", ["before", "after"])
async def test_a_failing_addon_lets_nothing_unsealed_pass(name: str, hook: str, fault: str, meddled: Bench) -> None:
    path = f"/secret/{name}/{hook}/{fault}".encode()
    reply = await exchange(meddled.port, post(path, b"Content-Length: 2", body=b"ab"))
    records = meddled.upstream.take()
    if meddled.kind == "own":
        late = hook.startswith("response")
        assert reply.status == (502 if late else 503)
        assert len(records) == (1 if late else 0)
        assert SECRET not in reply.raw
        return
    # mitmproxy's dispatch goes on after a failure: then the gate has sealed what passes, or nothing passes
    assert reply.status in (200, 502, 503)
    assert [record.line for record in records] in ([], [f"POST {path.decode()} HTTP/1.1"])
    assert (SECRET in reply.raw) == (reply.status == 200)
    if fault in ("AddonHalt", "OptionsError", "CancelledError") and (name, hook) == ("before", "request"):
        assert (reply.status, records) == (503, [])  # the gate was skipped
    if fault in ("AddonHalt", "OptionsError", "CancelledError") and (name, hook) == ("before", "response"):
        assert reply.status == 502
