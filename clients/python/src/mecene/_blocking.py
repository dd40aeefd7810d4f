"""The blocking client. Any number of threads share it."""

from __future__ import annotations

import itertools
import os
import queue
import select
import socket
import threading
import time
import weakref
from collections.abc import Iterator

from mecene import _errors, _frames, _rules, _services
from mecene._errors import MeceneError, Reason
from mecene._method import Method


class Client(_services.Services):
    """A connection to a daemon.

    It connects with the first call, and again when the connection was idle, lost or drained. After a fork the child connects
    anew with its first call, and the parent's connection stays the parent's.
    """

    def __init__(self, address: str = _rules.DEFAULT_ADDRESS, options: _rules.Options | None = None) -> None:
        """`options` are those of calls that have none of their own.

        Raises `ValueError` when `address` is neither tcp://HOST:PORT nor unix:PATH."""
        super().__init__(self)
        self.address = address
        self.options = options or _rules.Options()
        # Whether a daemon has ever answered at the address.
        self._was_connected = False
        self._target = _rules.parse_address(address)
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._closed = threading.Event()
        _clients.add(self)

    def _forked(self):
        # Whoever held these in the parent is not here, and nobody reads for this connection here.
        self._lock = threading.Lock()
        closed, self._closed = self._closed.is_set(), threading.Event()
        if closed:
            self._closed.set()
        connection, self._connection = self._connection, None
        if connection:
            connection.forked()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        """Ends the connection. Calls in flight fail; nothing waits."""
        self._closed.set()
        # Whoever is connecting finds out by itself, and nobody waits for that.
        if not self._lock.acquire(blocking=False):
            return
        try:
            connection, self._connection = self._connection, None
        finally:
            self._lock.release()
        if connection:
            # Those in flight may be executed.
            connection.lose(_errors.closed(not_executed=False))

    def unary(self, method: Method, request, options: _rules.Options | None = None, *, _made: int = 0):
        """Makes a call of one answer. The stubs of the services call this."""
        for answer in self._repeat(method, request, options or self.options, _made):
            return answer
        raise MeceneError(13, Reason.INTERNAL, f"{method.path} ended without an answer")

    def stream(self, method: Method, request, options: _rules.Options | None = None) -> Iterator:
        """Makes a streaming call. One that begins anew after a lost connection tells the newest again."""
        return self._repeat(method, request, options or self.options, 0)

    def pages(self, method: Method, request, options: _rules.Options | None = None) -> Iterator:
        """Fetches one page after the other."""
        page_request = type(request)()
        page_request.CopyFrom(request)
        while True:
            page = self.unary(method, page_request, options)
            yield page
            if not page.next_page_token:
                return
            page_request.page_token = page.next_page_token

    def _repeat(self, method, request, options, made):
        attempts = _rules.Attempts(method, request, options, made)
        while True:
            try:
                yield from self._attempt(attempts)
                return
            except MeceneError as error:
                if self._closed.wait(attempts.failed(error, self._was_connected)):
                    raise attempts.verdict(_errors.closed()) from error
                if attempts.needs_period(error):
                    self._name_period(attempts, error)

    def _name_period(self, attempts, error):
        left = _rules.Options(max(0.001, attempts.deadline - time.monotonic()), attempts.options.wait_for_ready)
        try:
            attempts.name_period(
                self.unary(_services.DAEMON_SERVICE_GET_STATUS, _services.daemon_pb2.GetStatusRequest(), left, _made=1))
        except MeceneError:
            # Without its period the call can't be repeated, and stays in doubt.
            raise attempts.verdict(error) from None

    def _attempt(self, attempts):
        connection = self._connected(attempts.deadline)
        call_id, answers = connection.begin(attempts)
        try:
            while True:
                try:
                    response = answers.get(timeout=max(0.0, attempts.deadline - time.monotonic()))
                except queue.Empty:
                    raise _errors.unanswered(self.address, self._was_connected) from None
                if isinstance(response, MeceneError):
                    raise response
                self._was_connected = True
                if not response.more and response.status:
                    raise MeceneError.of(response)
                if response.more or not attempts.method.streams:
                    yield _decode(attempts.method, response.payload, self.address)
                if not response.more:
                    return
        finally:
            connection.end(call_id)

    def _connected(self, deadline) -> _Connection:
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise _errors.deadline_exceeded(f"{self.address}: it does not take the connection", True)
        try:
            if self._closed.is_set():
                raise _errors.closed()
            if self._connection is None or not self._connection.takes_calls:
                self._connection = _Connection(self.address, self._target, deadline)
                if self._closed.is_set():
                    connection, self._connection = self._connection, None
                    connection.lose(_errors.closed())
                    raise _errors.closed()
            return self._connection
        finally:
            self._lock.release()
            # Whoever closed the client meanwhile could not take the lock.
            if self._closed.is_set():
                self.close()


_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def _after_fork():
    for client in list(_clients):
        client._forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _decode(method, payload, address):
    try:
        return method.response.FromString(payload)
    except Exception as error:
        raise MeceneError(13, Reason.INTERNAL, f"the answer of {address} can't be read: {error}") from error


class _Connection:
    """One socket, a thread that reads it, and the calls in flight."""

    def __init__(self, address, target, deadline):
        self._address = address
        self._calls: dict[int, tuple[queue.SimpleQueue, int]] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        # Apart from the other, so that what is read is handed on while a long frame is on its way out.
        self._sending = threading.Lock()
        # What of a frame could not be sent in its call's time. It goes before the next frame.
        self._unsent = b""
        self._decoder = _frames.Decoder()
        self.takes_calls = True
        # Why nothing can be called here, when the peer turned out to be no daemon at all.
        self._ended: MeceneError | None = None
        kind, where = target
        left = max(0.001, deadline - time.monotonic())
        try:
            if kind == "unix":
                self._socket = _connected_unix(where, left)
            else:
                self._socket = socket.create_connection(where, timeout=left)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError as error:
            raise _errors.deadline_exceeded(f"{address}: it does not take the connection", True) from error
        except OSError as error:
            raise _errors.connect_failed(address, error) from error
        self._socket.settimeout(None)
        threading.Thread(target=self._read, name="mecene", daemon=True).start()

    def begin(self, attempts):
        answers = queue.SimpleQueue()
        left = attempts.deadline - time.monotonic()
        if left <= 0:
            raise _errors.deadline_exceeded(not_executed=True)
        with self._lock:
            if not self.takes_calls:
                raise self._ended or _errors.ended_a_moment_ago()
            call_id = next(self._ids)
            frame = _frames.request_frame(
                call_id, attempts.method.path, left, attempts.request.SerializeToString(),
                metadata=attempts.options.metadata)
            self._calls[call_id] = (answers, len(frame) - 4)
        if not self._send(frame, attempts.deadline):
            with self._lock:
                self._calls.pop(call_id, None)
            raise _errors.deadline_exceeded(f"{self._address} is connected but takes nothing", True)
        return call_id, answers

    def end(self, call_id):
        """Forgets a call, and cancels it when it has not ended."""
        with self._lock:
            in_flight = self._calls.pop(call_id, None) is not None
            idle = not self.takes_calls and not self._calls
        if in_flight:
            self._send(_frames.request_frame(call_id, cancel=True), time.monotonic())
        if idle:
            self._shut()

    def _send(self, frame, deadline) -> bool:
        """Sends a frame, and what is left of those before it. False when its time ran out before it could begin."""
        if not self._sending.acquire(timeout=max(0.0, deadline - time.monotonic())):
            return False
        try:
            if not self._flush(deadline):
                return False
            self._unsent = frame
            self._flush(deadline)
            return True
        except (OSError, ValueError):
            # The reader learns why, and tells the calls.
            self._shut()
            return True
        finally:
            self._sending.release()

    def _flush(self, deadline) -> bool:
        while self._unsent:
            try:
                sent = self._socket.send(self._unsent, socket.MSG_DONTWAIT)
                self._unsent = self._unsent[sent:]
            except BlockingIOError:
                poll = select.poll()
                poll.register(self._socket, select.POLLOUT)
                left = deadline - time.monotonic()
                if left <= 0 or not poll.poll(left * 1000):
                    return False
        return True

    def forked(self):
        """Gives this process's copy of the socket back. The other process's goes on."""
        self.takes_calls = False
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._calls = {}
        self._socket.close()

    def _shut(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def lose(self, error, of=lambda frame_bytes: None):
        """Ends the connection. Each call fails with what `of` says of its frame's length, or else with `error`."""
        with self._lock:
            self.takes_calls = False
            calls, self._calls = self._calls, {}
        for answers, frame_bytes in calls.values():
            answers.put(of(frame_bytes) or error)
        self._shut()

    def _read(self):
        reason = f"{self._address} closed the connection"
        try:
            while data := self._socket.recv(65536):
                for response in self._decoder.feed(data):
                    if self._take(response):
                        return
        except _frames.Stranger as stranger:
            self._ended = _errors.connect_failed(self._address, f"it does not speak Mecene's protocol: {stranger}")
            self.lose(self._ended)
            return
        except OSError as error:
            reason = str(error)
        finally:
            with self._lock:
                self.takes_calls = False
            self._close_when_read()
        self.lose(_errors.connection_lost(self._address, reason))

    def _close_when_read(self):
        # Only the thread that reads closes, so that nobody sends to a number that was given again.
        with self._sending:
            self._socket.close()

    def _take(self, response) -> bool:
        """Hands a response on. True when the connection has ended with it."""
        if response.call_id == 0:
            with self._lock:
                self.takes_calls = False
                idle = not self._calls
            if response.error.reason == Reason.DRAINING and not response.error.not_executed:
                if idle:
                    self._shut()
                return False
            self.lose(MeceneError.of(response), lambda frame_bytes: _beside(response, frame_bytes, self._address))
            return True
        with self._lock:
            answers = self._calls.get(response.call_id) if response.more else self._calls.pop(response.call_id, None)
        if answers:
            answers[0].put(response)
        return False


def _connected_unix(path, timeout):
    made = socket.socket(socket.AF_UNIX)
    try:
        made.settimeout(timeout)
        made.connect(path)
    except BaseException:
        made.close()
        raise
    return made


def _beside(response, frame_bytes, address):
    """One frame that is too long ends the connection; calls beside it were only lost with it."""
    most = {detail.key: detail.value for detail in response.error.details}.get("frame_bytes_max", "")
    if response.error.reason == Reason.FRAME_TOO_LARGE and most.isdigit() and frame_bytes <= int(most):
        return _errors.connection_lost(address, response.error.message)
    return None
