"""An HTTP/2 client without TLS that can break the protocol, and an HTTP/2 upstream that ends its answers with
trailers."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
from hyperframe.frame import DataFrame, Frame

from tests.support.raw_client import hang_up

type Headers = list[tuple[str, str]]

WAIT = 3.0


@dataclass
class H2Reply:
    """What one stream, or the connection, got. `status` 0 is none; `reset` and `goaway` are error codes or None."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)
    reset: int | None = None
    goaway: int | None = None
    ended: bool = False


def base(path: str, method: str = "GET") -> Headers:
    return [(":method", method), (":scheme", "http"), (":authority", "x"), (":path", path)]


class H2Client:
    """`async with H2Client(port) as client: reply = await client.exchange(headers, body)`."""

    def __init__(self, port: int) -> None:
        self._port = port
        config = h2.config.H2Configuration(
            header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.connection = h2.connection.H2Connection(config)
        self.connection.initiate_connection()
        self.goaway: int | None = None
        self.closed = False

    async def __aenter__(self) -> H2Client:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.flush()
        return self

    async def __aexit__(self, *_: object) -> None:
        await hang_up(self._writer)

    def flush(self) -> None:
        self._writer.write(self.connection.data_to_send())

    def send_frames(self, *frames: Frame) -> None:
        """Bytes of frames that the library would not make."""
        self.flush()
        self._writer.write(b"".join(frame.serialize() for frame in frames))

    def open(self, headers: Headers, *, end: bool = True) -> int:
        number = self.connection.get_next_available_stream_id()
        self.connection.send_headers(number, headers, end_stream=end)
        self.flush()
        return number

    async def exchange(self, headers: Headers, body: bytes | None = None) -> H2Reply:
        """One request; the body goes out by hand, whatever the headers say of it."""
        number = self.open(headers, end=body is None)
        if body is not None:
            frame = DataFrame(number, data=body)
            frame.flags.add("END_STREAM")
            self.send_frames(frame)
        return await self.reply(number)

    async def reply(self, number: int = 0, *, wait: float = WAIT) -> H2Reply:
        """Read until the stream or the connection has ended, or `wait` is over."""
        reply = H2Reply()
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(wait):
                while not reply.ended and not self.closed:
                    received = await self._reader.read(65536)
                    if not received:
                        self.closed = True
                        break
                    for event in self.connection.receive_data(received):
                        self._take(event, reply, number)
                    self.flush()
        reply.goaway = self.goaway
        return reply

    def _take(self, event: h2.events.Event, reply: H2Reply, number: int) -> None:
        match event:
            case h2.events.ConnectionTerminated():
                self.goaway = int(event.error_code or 0) if self.goaway is None else self.goaway
            case h2.events.ResponseReceived() if event.stream_id == number:
                reply.headers = {str(name): str(value) for name, value in event.headers}
                reply.status = int(reply.headers[":status"])
            case h2.events.TrailersReceived() if event.stream_id == number:
                reply.trailers = {str(name): str(value) for name, value in event.headers}
            case h2.events.DataReceived() if event.stream_id == number:
                reply.body += event.data
                self.connection.acknowledge_received_data(event.flow_controlled_length, number)
            case h2.events.StreamEnded() if event.stream_id == number:
                reply.ended = True
            case h2.events.StreamReset() if event.stream_id == number:
                reply.reset, reply.ended = int(event.error_code), True


class H2Upstream:
    """Answers every request with 200, its body and the trailer `grpc-status: 0`, over HTTP/2 without TLS."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []

    async def __aenter__(self) -> H2Upstream:
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.sleep(0)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        writer.write(connection.data_to_send())
        pending: dict[int, tuple[dict[str, str], bytes]] = {}
        with contextlib.suppress(ConnectionError, h2.exceptions.ProtocolError):
            while data := await reader.read(65536):
                for event in connection.receive_data(data):
                    self._take(event, connection, pending)
                writer.write(connection.data_to_send())
        writer.close()

    def _take(
        self,
        event: h2.events.Event,
        connection: h2.connection.H2Connection,
        pending: dict[int, tuple[dict[str, str], bytes]],
    ) -> None:
        match event:
            case h2.events.RequestReceived():
                pending[event.stream_id] = {str(name): str(value) for name, value in event.headers}, b""
            case h2.events.DataReceived():
                headers, body = pending[event.stream_id]
                pending[event.stream_id] = headers, body + event.data
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                headers, body = pending.pop(event.stream_id)
                self.requests.append((headers, body))
                connection.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/grpc")])
                connection.send_data(event.stream_id, body)
                connection.send_headers(event.stream_id, [("grpc-status", "0")], end_stream=True)
