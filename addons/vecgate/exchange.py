"""Exchange: what one request carries through the pipeline. Stages read what earlier stages wrote.

It lives beside the flow, never in `flow.metadata`: that can be saved, loaded and replayed, so nothing there is trusted.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vecgate.errors import Refusal
from vecgate.identity.certificate import Certificate
from vecgate.identity.principal import Principal
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import Answer, Outgoing, Request, Target
from vecgate.policy.decision import Decision

if TYPE_CHECKING:
    from vecgate.limits.reservation import Reservation
    from vecgate.runtime import Runtime


@dataclass(slots=True, weakref_slot=True)
class Exchange:
    connection: str
    peer: str
    """The socket's peer, `address:port`; never a forwarded header."""
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    started: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.perf_counter)

    method: str = ""
    """HTTP's, or GRPC."""
    deadline: float = 0.0
    """When the caller of a gRPC call stops waiting, on `perf_counter`; 0 for never."""
    target: Target | None = None
    user_agent: str = ""
    certificate: Certificate | None = field(default=None, repr=False)
    """What the client's connection proved in its TLS handshake."""
    fields: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    """The header fields as they came, credential included; let go of once the caller is known."""
    runtime: Runtime | None = field(default=None, repr=False)
    """The configuration that the exchange began under: a reload does not change it half-way."""
    passed: list[str] = field(default_factory=list)
    """Stages that the request has passed, in order; `forward` insists on all of them."""
    public: bool = False
    """The route answers without identity by design."""
    principal: Principal | None = None
    request: Request | None = None
    reading: Reading | None = None
    decision: Decision | None = None
    observed: tuple[Refusal, ...] = ()
    """What observe mode let through."""
    charges: Reservation | None = None
    ticket: str = ""
    consumed: bool = False
    """The ticket's one use is spent on this exchange."""
    approvers: tuple[str, ...] = ()
    outgoing: Outgoing | None = None
    forwarded: bool = False
    """The upstream may have seen the request: from here on an error is not proof that nothing happened."""
    intent: bool = False
    refusal: Refusal | None = None
    upstream_status: int = 0
    masked: Masked | None = None
    answer: Answer | None = None
    recorded: bool = False
    timings: dict[str, int] = field(default_factory=dict)
    """Microseconds by stage."""

    request_seal: tuple[object, ...] | None = field(default=None, repr=False)
    answer_seal: tuple[object, ...] | None = field(default=None, repr=False)

    @property
    def elapsed_us(self) -> int:
        return int((time.perf_counter() - self.clock) * 1e6)
