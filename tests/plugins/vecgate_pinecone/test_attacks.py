"""Attacks on Pinecone's dialect: tokens and empty filters that say more than they seem to, counts that overflow."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.operations import grpc
from vecgate.operations.dialect import Reading
from vecgate.operations.messages import GRPC, Request, Target
from vecgate.operations.model import Scope
from vecgate.operations.site import Site
from vecgate.operations.target import encode, parse
from vecgate.policy.decision import Decision, Verdict
from vecgate.reasons import Reason
from vecgate_pinecone import PineconeDialect
from vecgate_pinecone.descriptors import DESCRIPTORS

PINECONE = PineconeDialect()
SITE = Site(index="docs")


def called(call: str, document: Mapping[str, Any]) -> Reading:
    body = DESCRIPTORS.made(f"/VectorService/{call}", document)
    return PINECONE.read(Request(GRPC, Target(("VectorService", call)), {}, body, SITE))


def posted(path: str, document: Mapping[str, Any]) -> Reading:
    json = {"content-type": "application/json"}
    return PINECONE.read(Request("POST", parse(path), json, msgspec.json.encode(document), SITE))


def listed(token: str) -> Reading:
    target = parse(encode(Target(("namespaces",), (("paginationToken", token),))))
    return PINECONE.read(Request("GET", target, {}, b"", SITE))


def token(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


POSITION = '{"skip_past": "hq", "prefix": ""}'
SPELT = {
    "as the service writes it": token(POSITION),
    "without padding": token(POSITION).rstrip("="),
    "as plain JSON": POSITION,
    "broken into characters that lenient readers skip": "!".join(token(POSITION)),
    "with one letter too many": token('{"skip_past":"hq"}') + "A",
}


@pytest.mark.parametrize("spelt", SPELT.values(), ids=SPELT)
def test_a_token_reaches_the_name_that_it_continues_after(spelt: str) -> None:
    for reading in (listed(spelt), called("ListNamespaces", {"paginationToken": spelt})):
        everything, place = reading.operations
        assert everything.scope is Scope.LIST
        assert (place.scope, place.resources) == (Scope.NAMED, ("docs/hq",))


@pytest.mark.parametrize(
    "text",
    [
        '{"skip_past": "kb", "skip_past": "hq"}',
        '{"skip_past": "hq"} and more',
        '{"Skip_Past": "hq"}',
        '{"skip_past": ["hq"]}',
        '{"skip_past": "kb/../hq"}',
        "{}",
    ],
)
def test_a_token_that_could_be_read_otherwise_is_refused(text: str) -> None:
    for spelt in (text, token(text)):
        with pytest.raises(Refusal) as refused:
            listed(spelt)
        assert refused.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize("sealed", ["", "AgEHb3BhcXVl", "opaque", "A"])
def test_a_sealed_token_is_the_services_own(sealed: str) -> None:
    (everything,) = called("ListNamespaces", {"paginationToken": sealed}).operations
    assert everything.resources == ("docs/*",)


@pytest.mark.parametrize("text", ['{"filter":{"ssn":1}} x', '{"skip_past":"a","skip_past":"b"}'])
def test_a_token_of_records_that_could_be_read_otherwise_steers(text: str) -> None:
    (read,) = called("FetchByMetadata", {"filter": {"a": "b"}, "paginationToken": token(text)}).operations
    assert "*" in read.fields_used


def test_an_update_by_id_has_no_filter_that_could_match_everything() -> None:
    document = {"id": "a", "setMetadata": {"tenant": "x"}, "filter": {}}
    with pytest.raises(Refusal, match="not both"):
        posted("/vectors/update", document)
    with pytest.raises(Refusal, match="not both"):
        called("Update", document)


def test_counts_beyond_what_the_message_can_say_do_not_fail() -> None:
    reply = DESCRIPTORS.type("DescribeIndexStatsResponse")(
        namespaces={name: {"vector_count": 2**32 - 1} for name in ("a", "b")}
    )
    decision = Decision(Verdict.ALLOW, Reason.GRANTED, visible=lambda resource: True)
    alice = Principal("https://idp.example/", "alice")
    answer = PINECONE.mask(
        called("DescribeIndexStats", {}), decision, alice, grpc.answered(reply.SerializeToString())
    ).answer
    shown: Any = DESCRIPTORS.reply("/VectorService/DescribeIndexStats", answer)
    assert shown.total_vector_count == 2**32 - 1
