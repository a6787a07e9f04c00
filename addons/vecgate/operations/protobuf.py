"""Protobuf: messages read by the gateway's own descriptors, in a pool of their own.

The descriptors come from the engines' published `.proto` files (`just protos`), never from a client's package. Fields
they do not know are discarded in both directions: re-encoding would keep them, judged by nobody. A request may be held
to having none: what is left of a filter without its newest clause could match everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message

from vecgate.errors import Refusal, Unmaskable
from vecgate.operations.messages import Answer
from vecgate.reasons import Reason


class Descriptors:
    """One engine's services and messages."""

    def __init__(self, files: bytes) -> None:
        """`files` is a serialised FileDescriptorSet, imports first."""
        self._pool = DescriptorPool()
        self._files = [file.name for file in FileDescriptorSet.FromString(files).file]
        for file in FileDescriptorSet.FromString(files).file:
            self._pool.AddSerializedFile(file.SerializeToString())
        self.type = cache(self._type)
        self.method = cache(self._method)

    @classmethod
    def of(cls, package: str) -> Descriptors:
        """Those in `descriptors.binpb` beside a plugin's modules."""
        return cls(resources.files(package).joinpath("descriptors.binpb").read_bytes())

    def methods(self) -> Iterator[tuple[str, MethodDescriptor]]:
        """Every call by its path, `/package.Service/Method`."""
        for name in self._files:
            for service in self._pool.FindFileByName(name).services_by_name.values():
                for method in service.methods:
                    yield f"/{service.full_name}/{method.name}", method

    def read(self, path: str, body: bytes, *, closed: bool = False) -> Message:
        """The request of a call. Raises Refusal: bad_body, and if `closed`, unknown_member for a field that the
        descriptors do not know, at any depth."""
        try:
            message = self.type(self.method(path).input_type.full_name).FromString(body)
        except DecodeError:
            raise Refusal(Reason.BAD_BODY, "The message is not of the call's type.") from None
        size = message.ByteSize() if closed else 0
        message.DiscardUnknownFields()  # type: ignore[attr-defined]  # upb has it, its stubs do not
        if closed and message.ByteSize() != size:
            raise Refusal(Reason.UNKNOWN_MEMBER, "The message has a field that the call's type does not define.")
        return message

    def reply(self, path: str, answer: Answer) -> Message:
        """The one reply of a call that went well. Raises Unmaskable."""
        if answer.messages is None or len(answer.messages) != 1:
            raise Unmaskable("The database did not answer with one message.")
        try:
            message = self.type(self.method(path).output_type.full_name).FromString(answer.messages[0])
        except DecodeError:
            raise Unmaskable("The database's answer is not of the call's type.") from None
        message.DiscardUnknownFields()  # type: ignore[attr-defined]  # as above
        return message

    def made(self, path: str, document: Mapping[str, Any]) -> bytes:
        """The request of a call from its proto3 JSON. Raises Refusal: bad_body or unknown_member."""
        message = self.type(self.method(path).input_type.full_name)()
        try:
            json_format.ParseDict(dict(document), message)
        except json_format.ParseError as error:
            unknown = "no field named" in str(error)
            reason = Reason.UNKNOWN_MEMBER if unknown else Reason.BAD_BODY
            raise Refusal(reason, "The message is not of the call's type.") from None
        return message.SerializeToString()

    def _type(self, name: str) -> type[Message]:
        """The class of a message by its full name. Raises KeyError."""
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(name))

    def _method(self, path: str) -> MethodDescriptor:
        """Raises KeyError for a call that is not one."""
        found: MethodDescriptor = self._pool.FindMethodByName(path.removeprefix("/").replace("/", "."))
        return found


def plain(message: Message) -> dict[str, Any]:
    """The message as proto3 JSON, with the fields' own names."""
    document: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    return document
