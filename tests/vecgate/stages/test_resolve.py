from __future__ import annotations

import pytest
from tests.support.chroma_double import KB
from tests.support.stages import DIALECT, GET_PATH, RESOURCE, Scene, flow

from vecgate.exchange import Exchange
from vecgate.operations.messages import Request
from vecgate.operations.target import parse
from vecgate.stages.resolve import Resolve, bind, forget_names, names_epoch


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def resolved(scene: Scene, path: str = GET_PATH, method: str = "POST") -> Exchange:
    body, headers = (b"{}", {"content-type": "application/json"}) if method == "POST" else (b"", {})
    one = flow(method, path, body)
    exchange = scene.begun(one, reading=DIALECT.read(Request(method, parse(path.encode()), headers, body)))
    if (pending := Resolve(scene.context).request(one)) is not None:
        await pending
    return exchange


async def test_a_uuid_becomes_the_name_that_is_judged(scene: Scene) -> None:
    exchange = await resolved(scene)
    assert exchange.reading is not None
    assert exchange.reading.operations[0].resources == (RESOURCE,)
    assert [KB in outgoing.path for outgoing in scene.fetched] == [True]
    assert exchange.passed == ["resolve"]


async def test_a_request_without_unknown_names_asks_nobody(scene: Scene) -> None:
    await resolved(scene, "/api/v2/tenants/default_tenant/databases", "GET")
    assert scene.fetched == []


async def test_what_is_known_needs_no_second_look_up(scene: Scene) -> None:
    await resolved(scene)
    await resolved(scene)
    assert len(scene.fetched) == 1


async def test_what_another_worker_may_have_renamed_is_asked_again(scene: Scene) -> None:
    await resolved(scene)
    scene.store.epochs[names_epoch("docs")] = 1
    await resolved(scene)
    assert len(scene.fetched) == 2


async def test_forgetting_names_tells_every_worker(scene: Scene) -> None:
    await resolved(scene)
    await forget_names(scene.runtime, "docs")
    assert scene.store.epochs == {names_epoch("docs"): 1}
    await resolved(scene)
    assert len(scene.fetched) == 2


async def test_a_fresh_binding_asks_whatever_is_known(scene: Scene) -> None:
    exchange = await resolved(scene)
    assert exchange.reading is not None
    await bind(scene.upstream, exchange.reading, fresh=True)
    assert len(scene.fetched) == 2


async def test_a_binding_without_unknown_names_is_the_reading_itself(scene: Scene) -> None:
    reading = DIALECT.read(Request("GET", parse(b"/api/v2/tenants/default_tenant/databases")))
    assert await bind(scene.upstream, reading) is reading
