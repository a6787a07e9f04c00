from __future__ import annotations

from typing import Any

import pytest
from tests.support.milvus_calls import made

from vecgate.errors import Unmaskable
from vecgate.operations import grpc
from vecgate_milvus.calls import schema


def described(**fields: Any) -> Any:
    return made("milvus.DescribeCollectionResponse", **fields)


def learnt(reply: Any, written: str = "default/prod") -> Any:
    return schema.learnt(grpc.answered(reply.SerializeToString()), written)


def of(name: str, *fields: Any, **more: Any) -> Any:
    return made("schema.CollectionSchema", name=name, fields=list(fields), **more)


def field(name: str, kind: int, **more: Any) -> Any:
    return made("schema.FieldSchema", name=name, data_type=kind, **more)


def test_a_description_says_what_a_name_stands_for() -> None:
    reply = described(schema=of("kb", field("id", 5, is_primary_key=True)), collection_name="kb", db_name="default")
    assert (learnt(reply).resource, learnt(reply).key) == ("default/kb", "id")


def test_newer_servers_repeat_the_alias_and_have_the_name_in_the_schema() -> None:
    assert learnt(described(schema=of("kb"), collection_name="prod", aliases=["prod"])).resource == "default/kb"


def test_servers_without_a_name_in_the_schema() -> None:
    assert learnt(described(schema=of(""), collection_name="kb")).resource == "default/kb"


@pytest.mark.parametrize(
    "status", [{"code": 100}, {"code": 100, "error_code": 4}, {"error_code": 4}, {"code": 800}, {"error_code": 28}]
)
def test_what_does_not_exist(status: dict[str, int]) -> None:
    assert learnt(described(status=status)) is None


def test_servers_before_2_3_2_say_so_in_a_text() -> None:
    assert learnt(described(status={"error_code": 1, "reason": "can't find collection: prod"})) is None


@pytest.mark.parametrize(
    "reply",
    [
        described(status={"code": 1}),
        described(status={"code": 1800}),
        described(),
        described(schema=of("kb"), collection_name="secret"),
        described(schema=of("prod"), collection_name="prod", aliases=["prod"]),
        described(schema=of("kb"), collection_name="kb", db_name="hr"),
        described(schema=of("a/b"), collection_name="prod"),
        described(schema=of("kb", field("x", 999)), collection_name="kb"),
        described(schema=of("kb", field("x", 0)), collection_name="kb"),
    ],
)
def test_descriptions_that_are_not_understood(reply: Any) -> None:
    with pytest.raises(Unmaskable):
        learnt(reply)


def test_a_call_that_failed_says_nothing_about_a_name() -> None:
    with pytest.raises(Unmaskable):
        schema.learnt(grpc.failed(5, "no"), "default/kb")


def test_the_kinds_of_fields() -> None:
    people = made("schema.StructArrayFieldSchema", name="people")
    people.fields.add(name="name", data_type=22, element_type=21)
    people.fields.add(name="people[face]", data_type=106, element_type=101)
    tags = made("schema.StructArrayFieldSchema", name="tags")
    tags.fields.add(name="tag", data_type=22, element_type=21)
    made_schema = of(
        "kb",
        field("id", 5, is_primary_key=True),
        field("dense", 101),
        field("bits", 100),
        field("half", 102),
        field("brain", 103),
        field("words", 104, is_function_output=True),
        field("tiny", 105),
        field("body", 21),
        field("$meta", 23, is_dynamic=True),
        struct_array_fields=[people, tags],
        enable_dynamic_field=True,
    )
    made_schema.functions.add(type=1, input_field_names=["body"], output_field_names=["words"])
    made_schema.functions.add(type=2, input_field_names=["body"], output_field_names=["dense"])
    found = schema.collection("default/kb", made_schema)
    assert found.scalars == ("id", "body", "people[name]", "tags")
    assert found.vectors == {"dense", "bits", "half", "brain", "words", "tiny", "people[face]"}
    assert found.texts == {"words": ("body",)}
    assert found.dynamic
