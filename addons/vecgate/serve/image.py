"""Images of messages: what the seal compares. Equal images mean equal bytes on the wire.

An image holds every field that mitmproxy writes to a socket, raw, in order and with its case. All of it is immutable,
so an image is as good as a copy and costs nothing: comparing an untouched message looks at identities only. Trailers
count for answers; a request's trailers are never sent and do not count.
"""

from __future__ import annotations

from mitmproxy import http

type Image = tuple[object, ...]


def request_image(request: http.Request) -> Image:
    """Version, method, scheme, host, port, authority, path, header fields and raw body."""
    data = request.data
    return (
        data.http_version,
        data.method,
        data.scheme,
        data.host,
        data.port,
        data.authority,
        data.path,
        data.headers.fields,
        data.content,
    )


def response_image(response: http.Response) -> Image:
    """Version, status, reason phrase, header fields, trailers and raw body."""
    data = response.data
    trailers = data.trailers.fields if data.trailers is not None else ()
    return data.http_version, data.status_code, data.reason, data.headers.fields, trailers, data.content
