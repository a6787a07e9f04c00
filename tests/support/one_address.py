"""One address for two servers in cleartext, of HTTP/1.1 and of HTTP/2: as services have it for REST and gRPC."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator

from tests.support.certificates import Issued


@contextlib.contextmanager
def one_address(port: int, issued: Issued, *, http1: int, http2: int) -> Iterator[None]:
    """Speak TLS at `port`, and pass on what is in it to one of the other two, as ALPN says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    context.set_alpn_protocols(["h2", "http/1.1"])

    async def splice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        chosen = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        inner, outer = await asyncio.open_connection("127.0.0.1", http2 if chosen == "h2" else http1)
        await asyncio.gather(_copy(reader, outer), _copy(inner, writer))

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(splice, "127.0.0.1", port, ssl=context), loop)
    listening = server.result(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(_hang_up(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _hang_up(server: asyncio.Server) -> None:
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
