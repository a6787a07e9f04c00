"""Exchange: what one request carries through the pipeline. Stages read what earlier stages wrote.

It lives beside the flow, never in `flow.metadata`: that can be saved, loaded and replayed, so nothing there is trusted.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field

from vecgate.errors import Refusal
from vecgate.identity.principal import Principal
from vecgate.operations.dialect import Masked, Reading
from vecgate.operations.messages import Answer, Outgoing, Request, Target
from vecgate.policy.decision import Decision


@dataclass(slots=True, weakref_slot=True)
class Exchange:
    connection: str
    peer: str
    """The socket's peer, `address:port`; never a forwarded header."""
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    started: float = field(default_factory=time.time)
    clock: float = field(default_factory=time.perf_counter)

    method: str = ""
    target: Target | None = None
    user_agent: str = ""
    token: str | None = field(default=None, repr=False)
    """The client's credential, taken off the request. Dropped once validated."""
    principal: Principal | None = None
    request: Request | None = None
    reading: Reading | None = None
    decision: Decision | None = None
    observed: tuple[Refusal, ...] = ()
    """What observe mode let through."""
    charges: object = None
    ticket: str = ""
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

    request_seal: bytes | None = field(default=None, repr=False)
    answer_seal: bytes | None = field(default=None, repr=False)

    @property
    def elapsed_us(self) -> int:
        return int((time.perf_counter() - self.clock) * 1e6)
