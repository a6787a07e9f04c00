"""Payloads: what a point's payload shows, on both wires."""

from __future__ import annotations

from vecgate.masking.payloads import masked

__all__ = ["masked"]
