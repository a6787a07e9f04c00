"""The descriptors that the plugins carry are the engines' own, and what they do not know is discarded."""

from __future__ import annotations

import pytest
from tests.support.descriptors import ENGINES, carried, compiled

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.messages import Answer
from vecgate.operations.protobuf import Descriptors, plain

CHECK = "/grpc.health.v1.Health/Check"
HEALTH = Descriptors(carried("milvus").read_bytes())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_plugin_carries_what_the_published_files_compile_to(engine: str) -> None:
    assert carried(engine).read_bytes() == compiled(engine), "run `just protos`"


@pytest.mark.parametrize("engine", ENGINES)
def test_every_call_has_its_messages(engine: str) -> None:
    descriptors = Descriptors(carried(engine).read_bytes())
    for path, method in descriptors.methods():
        assert descriptors.method(path) is method
        assert descriptors.read(path, b"").DESCRIPTOR.full_name == method.input_type.full_name


def test_a_field_that_is_not_known_is_discarded() -> None:
    known = HEALTH.made(CHECK, {"service": "docs"})
    unknown = bytes([(15 << 3) | 2, 4]) + b"evil"
    assert HEALTH.read(CHECK, known + unknown).SerializeToString() == known
    with pytest.raises(Refusal) as caught:
        HEALTH.read(CHECK, known + unknown, closed=True)
    assert caught.value.reason == "unknown_member"
    assert HEALTH.read(CHECK, known, closed=True).SerializeToString() == known


def test_of_a_singular_field_that_is_repeated_the_last_counts_and_goes() -> None:
    twice = HEALTH.made(CHECK, {"service": "docs"}) + HEALTH.made(CHECK, {"service": "secret"})
    message = HEALTH.read(CHECK, twice)
    assert plain(message) == {"service": "secret"}
    assert message.SerializeToString() == HEALTH.made(CHECK, {"service": "secret"})


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\x05ab", b"\x0a\x02\xff\xfe"], ids=["tag", "cut short", "no UTF-8"])
def test_what_is_not_of_the_type_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        HEALTH.read(CHECK, body)
    assert refused.value.reason == "bad_body"
    with pytest.raises(Unmaskable):
        HEALTH.reply(CHECK, Answer(200, messages=(b"\xff",)))


@pytest.mark.parametrize("messages", [None, (), (b"", b"")], ids=["no gRPC", "none", "two"])
def test_a_reply_is_one_message(messages: tuple[bytes, ...] | None) -> None:
    with pytest.raises(Unmaskable):
        HEALTH.reply(CHECK, Answer(200, messages=messages))


@pytest.mark.parametrize(("document", "reason"), [({"servic": "docs"}, "unknown_member"), ({"service": 5}, "bad_body")])
def test_a_message_is_made_from_json_strictly(document: dict[str, object], reason: str) -> None:
    with pytest.raises(Refusal) as refused:
        HEALTH.made(CHECK, document)
    assert refused.value.reason == reason


def test_each_engine_has_a_pool_of_its_own() -> None:
    other = Descriptors(carried("qdrant").read_bytes())
    assert other.type("grpc.health.v1.HealthCheckRequest") is not HEALTH.type("grpc.health.v1.HealthCheckRequest")
