"""What the stubs know of a method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

_Request = TypeVar("_Request")


def made(kind: type[_Request], request: _Request | Mapping[str, Any] | None, **fields: Any) -> _Request:
    """The request of a call: as it was given, or made of its fields. None stands for a field that is left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    if request is None:
        return kind(**given)
    if given:
        raise TypeError(f"give a {kind.__name__} or its fields ({', '.join(given)}), not both")
    return kind(**request) if isinstance(request, Mapping) else request


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
