"""A gRPC server made from an engine's descriptors: answers as told, notes what it was asked. Bytes in, bytes out.

with GrpcServer(DESCRIPTORS, {"/qdrant.Points/Search": lambda request: reply}) as server:
    …  # server.port; server.calls
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.protobuf.message import Message

from vecgate.demo.processes import free_port
from vecgate.operations.protobuf import Descriptors

type Answering = Callable[[Any], Message]


@dataclass(frozen=True)
class Asked:
    path: str
    message: Message
    """With the fields that the descriptors do not know, if any came."""
    metadata: Mapping[str, str]


class Failed(Exception):
    """Raised by an answering function: the call fails with this code."""

    def __init__(self, code: grpc.StatusCode, text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class GrpcServer(grpc.GenericRpcHandler):
    """Calls without an answering function are UNIMPLEMENTED."""

    def __init__(self, descriptors: Descriptors, answers: Mapping[str, Answering]) -> None:
        self.descriptors = descriptors
        self.answers = dict(answers)
        self.calls: list[Asked] = []
        self.port = free_port()

    def __enter__(self) -> Self:
        self._server = grpc.server(ThreadPoolExecutor(4), handlers=[self], options=[("grpc.so_reuseport", 0)])
        self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        path = details.method
        if path not in self.answers:
            return None
        kind = self.descriptors.type(self.descriptors.method(path).input_type.full_name)

        def answer(body: bytes, context: grpc.ServicerContext) -> bytes:
            message = kind.FromString(body)
            metadata = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
            self.calls.append(Asked(path, message, metadata))
            try:
                return self.answers[path](message).SerializeToString()
            except Failed as failed:
                context.abort(failed.code, failed.text)

        return grpc.unary_unary_rpc_method_handler(answer)
