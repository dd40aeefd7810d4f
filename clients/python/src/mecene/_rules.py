"""What both clients do alike: addresses, keys, and when a call is sent again."""

from __future__ import annotations

import datetime
import random
import secrets
import time
from dataclasses import dataclass

from mecene._errors import MeceneError
from mecene._method import Method
from mecene._reason import SAID_UNREAD, TRANSIENT, LEAVES_DOUBT, Reason

DEFAULT_ADDRESS = "tcp://127.0.0.1:7437"
ATTEMPTS_MAX = 4
#: Seconds. The wire counts a call's milliseconds in 32 bits; whoever waits for ever waits so long.
_TIMEOUT_MAX = 4_000_000.0


@dataclass(frozen=True)
class Options:
    """How a call is made. A client has options for all its calls, and each call can have its own in their place."""

    #: Seconds that the call may take, over all attempts; `math.inf` = as long as it takes.
    timeout: float = 10.0
    #: What a call does when nobody answers at the address: False = it fails at once; True = it goes on trying until the timeout;
    #: None = it goes on trying once a daemon has answered this client, because one that was there is most likely being restarted.
    wait_for_ready: bool | None = None
    #: Headers: pairs of a lower-case key and bytes.
    metadata: tuple[tuple[str, bytes], ...] = ()


def make_key() -> str:
    """A key that nobody else has: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def parse_address(text: str) -> tuple[str, str | tuple[str, int]]:
    """("unix", path) or ("tcp", (host, port))."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:").removeprefix("//")
        if path:
            return "unix", path
    elif text.startswith("tcp://"):
        host, colon, port = text.removeprefix("tcp://").rpartition(":")
        if not colon or host.count("[") != host.count("]"):
            host, port = text.removeprefix("tcp://"), "7437"
        host = host.removeprefix("[").removesuffix("]")
        if host and port.isascii() and port.isdigit() and int(port) < 65536:
            return "tcp", (host, int(port))
    raise ValueError(f"{text} is not an address; write tcp://HOST:PORT or unix:PATH")


class Attempts:
    """One call over its attempts. `failed` tells how long to wait before the next one, or raises the error."""

    def __init__(self, method: Method, request, options: Options, made: int = 0):
        self.method, self.options, self.number = method, options, made + 1
        self.start = time.monotonic()
        self.deadline = self.start + min(options.timeout, _TIMEOUT_MAX)
        self.request = type(request)()
        self.request.CopyFrom(request)
        if method.keyed and not self.request.key:
            self.request.key = make_key()
        #: Whether an attempt may have been executed: no later error says then that nothing was done.
        self.in_doubt = False
        self._absent: MeceneError | None = None

    def failed(self, error: MeceneError, was_connected: bool) -> float:
        if error.reason == Reason.CONNECT_FAILED:
            self._absent = error
        elif error.reason == Reason.DEADLINE_EXCEEDED and error.not_executed and self._absent:
            # A call whose time ran out before it was sent tells what it waited for.
            error = self._absent
        if not error.not_executed and error.reason in LEAVES_DOUBT and self.method.repeating != "reads":
            self.in_doubt = True
        most = 0.05 * 2 ** min(self.number - 1, 5)
        # What is in doubt is asked for until the daemon is back.
        asked = self.options.wait_for_ready
        waits = self.in_doubt or (was_connected if asked is None else asked)
        delay = max(random.uniform(most / 2, most), error.retry_after)
        if not self._repeats(error, waits) or time.monotonic() + delay >= self.deadline:
            raise self.verdict(error)
        if error.reason != Reason.CONNECT_FAILED or not waits:
            self.number += 1
        return delay

    def verdict(self, error: MeceneError) -> MeceneError:
        """What the caller is told when no further attempt is made."""
        is_answered = self.method.keyed and error.reason not in LEAVES_DOUBT | SAID_UNREAD and not error.cause
        if not self.in_doubt or is_answered:
            return error
        told = error.left_in_doubt(self.request.key if self.method.keyed else "")
        told.__cause__ = error.__cause__
        return told

    def _repeats(self, error: MeceneError, waits: bool) -> bool:
        if error.reason == Reason.CONNECT_FAILED and waits:
            return True
        if self.number >= ATTEMPTS_MAX:
            return False
        if error.reason == Reason.CONNECT_FAILED:
            # The first attempt tells whether there is a daemon at all; later ones may meet it restarting.
            return self.number > 1
        return error.reason in TRANSIENT and (
            error.not_executed or self.method.repeating != "unknown" or self.method.keyed)

    def needs_period(self, error: MeceneError) -> bool:
        """Whether the next attempt has to name the period of the first, lest a click be made in two months."""
        return self.method.names_period and not self.request.period and not error.not_executed

    def name_period(self, status) -> None:
        """Names the period that was open when the first attempt was made, by the daemon's clock."""
        if status.simulated_clock:
            self.request.period = status.open_period
        else:
            then = status.now_ms / 1000 - (time.monotonic() - self.start)
            self.request.period = datetime.datetime.fromtimestamp(then, datetime.timezone.utc).strftime("%Y-%m")
