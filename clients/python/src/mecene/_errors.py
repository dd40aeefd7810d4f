"""Why a call failed."""

from __future__ import annotations

from collections.abc import Mapping

from mecene._named import Named
from mecene._reason import Reason
from mecene.v1 import wire_pb2


class StatusCode(Named):
    """gRPC's status codes."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class MeceneError(Exception):
    """A failed call. `str()` gives one sentence."""

    def __init__(
        self, code: int, reason: int, message: str, *, field: str = "", details: Mapping[str, str] | None = None,
        not_executed: bool = False, retry_after: float = 0.0, cause: str = "",
    ) -> None:
        super().__init__(f"{message} ({cause})" if cause else message)
        self.code = StatusCode(code) if code in StatusCode._value2member_map_ else StatusCode.UNKNOWN
        #: A `Reason`, or a plain number that this version does not know.
        self.reason: Reason | int = Reason(reason) if reason in Reason._value2member_map_ else reason
        #: The request field at fault; empty when no single field is.
        self.field = field
        self.message = message
        #: Every number of the sentence, by name.
        self.details = dict(details or {})
        #: True = nothing was done, and the call may be sent again whatever its method.
        self.not_executed = not_executed
        #: True = an attempt at the call may have been executed, and no later one could tell. Never with `not_executed`.
        self.in_doubt = False
        #: The key that the call was made with, when it is in doubt and has one: the same call with this key tells what
        #: became of it, and is never executed twice.
        self.key = ""
        #: Seconds to wait before another attempt; 0 = no advice.
        self.retry_after = retry_after
        #: What the attempt to connect or to wait ran into; empty when the daemon itself answered.
        self.cause = cause

    @classmethod
    def of(cls, response: wire_pb2.Response) -> MeceneError:
        error = response.error
        return cls(
            response.status, error.reason, error.message, field=error.field,
            details={detail.key: detail.value for detail in error.details}, not_executed=error.not_executed,
            retry_after=error.retry_after_ms / 1000)

    def left_in_doubt(self, key: str) -> MeceneError:
        """The same error of a call of which an attempt may have been executed."""
        message = f"{self.message}; whether it was done is not known"
        if key:
            message += f": repeat it with the key {key}, which never does it twice"
        error = MeceneError(
            self.code, self.reason, message, field=self.field, details=self.details, retry_after=self.retry_after,
            cause=self.cause)
        error.in_doubt, error.key = True, key
        return error

    def __repr__(self):
        return f"MeceneError({self.code}, {self.reason}, {str(self)!r})"

    def __eq__(self, other):
        return isinstance(other, MeceneError) and vars(self) == vars(other)

    __hash__ = Exception.__hash__


def connect_failed(address, cause):
    return MeceneError(
        StatusCode.UNAVAILABLE, Reason.CONNECT_FAILED, f"no daemon answers at {address}", not_executed=True,
        cause=str(cause))


def connection_lost(address, cause):
    return MeceneError(
        StatusCode.UNAVAILABLE, Reason.CONNECTION_LOST,
        f"the connection to {address} was lost before the answer came", cause=str(cause))


def ended_a_moment_ago():
    return MeceneError(
        StatusCode.UNAVAILABLE, Reason.DRAINING, "the connection ended before the call was sent", not_executed=True)


def deadline_exceeded(cause="", not_executed=False):
    return MeceneError(
        StatusCode.DEADLINE_EXCEEDED, Reason.DEADLINE_EXCEEDED, "the call's time ran out", cause=cause,
        not_executed=not_executed)


def unanswered(address, was_connected):
    doubt = "" if was_connected else "; is it a Mecene daemon?"
    return deadline_exceeded(f"{address} is connected but does not answer{doubt}")


def closed(not_executed=True):
    return MeceneError(StatusCode.CANCELLED, Reason.CANCELLED, "the client was closed", not_executed=not_executed)
