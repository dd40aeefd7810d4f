"""What the stubs know of a method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    #: Service and method, such as mecene.v1.ClickService/Click.
    path: str
    request: type
    response: type
    streams: bool
    #: What repeating the call does: "reads", "idempotent" or "unknown".
    repeating: str
    #: Whether a key makes the call happen once.
    keyed: bool
    #: Whether a repeated call has to name the period of its first attempt.
    names_period: bool
