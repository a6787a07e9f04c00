from __future__ import annotations

import gzip
import threading
from dataclasses import replace

import pytest
from mitmproxy import http
from tests.support.stages import Scene, flow, read, reason

from vecgate.errors import Refusal
from vecgate.exchange import Exchange
from vecgate.stages.inspect import LARGE, MOST_FIELDS, MOST_OPERATIONS, Inspect, check_amount

GZIP = (b"content-encoding", b"gzip")
JSON = (b"content-type", b"application/json")


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def inspected(scene: Scene, one: http.HTTPFlow) -> Exchange:
    exchange = scene.begun(one)
    if (pending := Inspect(scene.context).request(one)) is not None:
        await pending
    return exchange


async def test_a_body_is_parsed_once_into_what_is_judged(scene: Scene) -> None:
    exchange = await inspected(scene, flow(body=b'{"limit":3}'))
    assert exchange.reading is not None
    assert exchange.reading.document == {"limit": 3}
    assert [operation.name for operation in exchange.reading.operations] == ["collection_get"]
    assert exchange.passed == ["inspect"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"limit":3', "bad_body"),
        (b'{"limit":3,"limit":4}', "duplicate_member"),
        (b'{"unknown":3}', "unknown_member"),
        (b"[]", "bad_body"),
        (b"", "bad_body"),
        (b"\xff", "bad_body"),
    ],
)
async def test_a_body_that_is_not_understood_is_refused(scene: Scene, body: bytes, expected: str) -> None:
    one = flow(body=body)
    exchange = await inspected(scene, one)
    assert reason(one) == expected
    assert exchange.reading is None


async def test_an_operation_nobody_knows_is_refused(scene: Scene) -> None:
    one = flow(path="/api/v2/backdoor")
    await inspected(scene, one)
    assert reason(one) == "unknown_operation"


async def test_trailers_are_refused(scene: Scene) -> None:
    one = flow()
    one.request.trailers = http.Headers([(b"x", b"y")])
    await inspected(scene, one)
    assert reason(one) == "bad_header"


async def test_a_length_that_is_not_the_bodys_is_refused(scene: Scene) -> None:
    one = flow(body=b"{}")
    one.request.headers["content-length"] = "3"
    await inspected(scene, one)
    assert reason(one) == "bad_header"


async def test_a_body_beyond_the_bound_is_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    config = scene.upstream.config
    bounds = config.bounds.model_copy(update={"body": config.bounds.headers})
    scene.runtime.upstreams["docs"] = replace(  # type: ignore[index]  # a mapping that tests may change
        scene.upstream, config=config.model_copy(update={"bounds": bounds})
    )
    one = flow(body=b" " * (bounds.body.bytes + 1))
    await inspected(scene, one)
    assert reason(one) == "body_too_large"


@pytest.mark.parametrize(
    ("body", "headers", "aside"),
    [
        (b'{"limit":3}', [JSON], False),
        (b'{"ids":["' + b"x" * LARGE + b'"]}', [JSON], True),
        (gzip.compress(b'{"limit":3}', mtime=0), [JSON, GZIP], True),
    ],
)
async def test_what_takes_long_leaves_the_event_loop(
    scene: Scene, body: bytes, headers: list[tuple[bytes, bytes]], aside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    read = scene.upstream.dialect.read

    def noting(request: object) -> object:
        threads.append(threading.current_thread() is not threading.main_thread())
        return read(request)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(type(scene.upstream.dialect), "read", staticmethod(noting))
    exchange = await inspected(scene, flow(body=body, headers=headers))
    assert exchange.reading is not None
    assert threads == [aside]


def test_a_small_body_cannot_ask_for_more_than_there_is_time_to_judge() -> None:
    (operation,) = read().operations
    check_amount([operation] * MOST_OPERATIONS)
    with pytest.raises(Refusal, match="operations"):
        check_amount([operation] * (MOST_OPERATIONS + 1))
    with pytest.raises(Refusal, match="fields"):
        check_amount([replace(operation, fields_used=("a",) * (MOST_FIELDS + 1))])
