"""Addresses: where the gateway listens and what it stands in front of. Every parser raises ValueError, saying how."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal, Self, cast

_HOST = r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?))"
_LISTEN = re.compile(_HOST + r":(?P<port>[0-9]{1,5})")
_UPSTREAM = re.compile(
    r"(?P<scheme>[a-z0-9]+)://" + _HOST + r"(?::(?P<port>[0-9]{1,5}))?(?P<prefix>(?:/[A-Za-z0-9._~-]+)*)/?"
)
_PORTS = {"http": 80, "https": 443, "h2c": 80}


@dataclass(frozen=True, slots=True)
class Address:
    """A host without brackets, lower-case, and a port; 0 lets the system choose one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`127.0.0.1:6010`, `[::1]:6010`, `gateway.example:443`."""
        found = _LISTEN.fullmatch(text)
        if not found:
            raise ValueError("write address:port, like 127.0.0.1:6010 or [::1]:6010")
        return cls(_host(found), _port(found["port"]))

    @property
    def is_loopback(self) -> bool:
        address = _ip(self.host)
        return address.is_loopback if address else self.host == "localhost"

    @property
    def is_wildcard(self) -> bool:
        address = _ip(self.host)
        return address is not None and address.is_unspecified

    def reaches(self, listener: Address) -> bool:
        """A connection to this address arrives at the listener, as far as names can tell."""
        if self.port != listener.port or not self.port:
            return False
        local = self.is_loopback or self.is_wildcard
        return self.host == listener.host or (local and (listener.is_loopback or listener.is_wildcard))

    def collides(self, other: Address) -> bool:
        """Both cannot be listened at."""
        if self.port != other.port or not self.port:
            return False
        return self.is_wildcard or other.is_wildcard or _canonical(self.host) == _canonical(other.host)


@dataclass(frozen=True, slots=True)
class UpstreamAddress:
    """`scheme` is http, https or h2c; `prefix` is empty or begins with `/` and does not end with one."""

    scheme: Literal["http", "https", "h2c"]
    address: Address
    prefix: str

    @property
    def authority(self) -> str:
        host, port = self.address.host, self.address.port
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """`http://127.0.0.1:8000`, `https://db.example/chroma`, `h2c://127.0.0.1:19530`."""
        found = _UPSTREAM.fullmatch(text)
        if not found or found["scheme"] not in _PORTS:
            raise ValueError(_complaint(text))
        if any(part in (".", "..") for part in found["prefix"].split("/")):
            raise ValueError("the path prefix has a dot segment")
        port = _port(found["port"]) if found["port"] else _PORTS[found["scheme"]]
        if not port:
            raise ValueError("the port is 1 to 65535")
        return cls(cast(Literal["http", "https", "h2c"], found["scheme"]), Address(_host(found), port), found["prefix"])


def _complaint(text: str) -> str:
    if not text.startswith(tuple(f"{scheme}://" for scheme in _PORTS)):
        return "write http://, https:// or h2c:// and an address, like http://127.0.0.1:8000"
    authority = text.partition("://")[2].partition("/")[0]
    if "@" in authority:
        return "a credential does not belong into the address: write it under credential"
    if "?" in text or "#" in text:
        return "an upstream has no query and no fragment"
    return "write an address and an optional plain path, like http://127.0.0.1:8000/prefix"


def _host(found: re.Match[str]) -> str:
    host = (found["six"] or found["name"]).lower()
    if (found["six"] or re.fullmatch(r"[0-9.]+", host)) and _ip(host) is None:
        raise ValueError(f"{host} is no IP address")
    return host


def _port(text: str) -> int:
    if int(text) > 65535:
        raise ValueError("a port is at most 65535")
    return int(text)


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _canonical(host: str) -> str:
    return "127.0.0.1" if host == "localhost" else str(_ip(host) or host)
