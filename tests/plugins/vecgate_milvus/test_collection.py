from __future__ import annotations

from vecgate.operations.messages import GRPC, Outgoing
from vecgate_milvus.collection import Collection, learnt, lookup


def test_a_look_up_is_known_by_the_resource_and_may_be_given_by_the_name() -> None:
    made = lookup("hr/kb", Outgoing(GRPC, "/x"))
    assert (made.key, made.name) == ("collection hr/kb", "kb")


def test_what_was_learnt() -> None:
    found = Collection("default/kb", key="id")
    assert learnt({"collection default/prod": found}, "default/prod") is found


def test_a_name_that_was_given_is_its_resource() -> None:
    assert learnt({"collection default/prod": "default/kb"}, "default/prod") == Collection("default/kb")


def test_what_was_not_learnt_stays_as_written() -> None:
    assert learnt({"collection default/prod": None}, "default/prod") == Collection("default/prod")
    assert learnt({}, "default/prod") == Collection("default/prod")
