"""The client for asyncio. Any number of tasks of one event loop share it."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

from mecene import _errors, _frames, _rules, _services
from mecene._blocking import _beside, _decode
from mecene._errors import MeceneError, Reason
from mecene._method import Method


class AsyncClient(_services.AsyncServices):
    """A connection to a daemon.

    It connects with the first call, and again when the connection was idle, lost or drained. After a fork the child's event
    loop connects anew.
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
        self._connecting = asyncio.Lock()
        self._connection: _Connection | None = None
        self._closed = asyncio.Event()
        self._process = os.getpid()
        self._parents: _Connection | None = None

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_):
        await self.close()

    async def close(self) -> None:
        """Ends the connection. Calls in flight fail; nothing waits."""
        self._closed.set()
        connection, self._connection = self._connection, None
        if connection:
            # Those in flight may be executed.
            connection.lose(_errors.closed(not_executed=False))

    async def unary(self, method: Method, request, options: _rules.Options | None = None, *, _made: int = 0):
        """Makes a call of one answer. The stubs of the services call this."""
        async with aclosing(self._repeat(method, request, options or self.options, _made)) as answers:
            async for answer in answers:
                return answer
        raise MeceneError(13, Reason.INTERNAL, f"{method.path} ended without an answer")

    def stream(self, method: Method, request, options: _rules.Options | None = None) -> AsyncIterator:
        """Makes a streaming call. One that begins anew after a lost connection tells the newest again."""
        return self._repeat(method, request, options or self.options, 0)

    async def pages(self, method: Method, request, options: _rules.Options | None = None) -> AsyncIterator:
        """Fetches one page after the other."""
        page_request = type(request)()
        page_request.CopyFrom(request)
        while True:
            page = await self.unary(method, page_request, options)
            yield page
            if not page.next_page_token:
                return
            page_request.page_token = page.next_page_token

    async def _repeat(self, method, request, options, made):
        attempts = _rules.Attempts(method, request, options, made)
        while True:
            try:
                async with aclosing(self._attempt(attempts)) as answers:
                    async for answer in answers:
                        yield answer
                return
            except MeceneError as error:
                # Before the coroutine is made: `failed` raises, and one that nobody awaits is warned of.
                delay = attempts.failed(error, self._was_connected)
                try:
                    await asyncio.wait_for(self._closed.wait(), delay)
                except (asyncio.TimeoutError, TimeoutError):
                    pass
                else:
                    raise attempts.verdict(_errors.closed()) from error
                if attempts.needs_period(error):
                    await self._name_period(attempts, error)

    async def _name_period(self, attempts, error):
        left = _rules.Options(max(0.001, attempts.deadline - time.monotonic()), attempts.options.wait_for_ready)
        try:
            attempts.name_period(
                await self.unary(
                    _services.DAEMON_SERVICE_GET_STATUS, _services.daemon_pb2.GetStatusRequest(), left, _made=1))
        except MeceneError:
            # Without its period the call can't be repeated, and stays in doubt.
            raise attempts.verdict(error) from None

    async def _attempt(self, attempts):
        connection = await self._connected(attempts.deadline)
        call_id, answers = connection.begin(attempts)
        try:
            while True:
                try:
                    response = await asyncio.wait_for(
                        answers.get(), max(0.0, attempts.deadline - time.monotonic()))
                except (asyncio.TimeoutError, TimeoutError):
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

    async def _connected(self, deadline) -> _Connection:
        if self._process != os.getpid():
            # The connection, and the loop that these belong to, are the other process's. It is kept, because a transport that
            # goes closes itself by its loop.
            self._process, self._parents = os.getpid(), self._connection
            self._connection, self._connecting = None, asyncio.Lock()
            closed, self._closed = self._closed.is_set(), asyncio.Event()
            if closed:
                self._closed.set()
        async with self._connecting:
            if self._closed.is_set():
                raise _errors.closed()
            if self._connection is None or not self._connection.takes_calls:
                self._connection = await _Connection.open(self.address, self._target, deadline)
            return self._connection


class _Connection:
    """One socket, a task that reads it, and the calls in flight."""

    def __init__(self, address, reader, writer):
        self._address, self._reader, self._writer = address, reader, writer
        self._calls: dict[int, tuple[asyncio.Queue, int]] = {}
        self._ids = itertools.count(1)
        self._decoder = _frames.Decoder()
        self.takes_calls = True
        # Why nothing can be called here, when the peer turned out to be no daemon at all.
        self._ended: MeceneError | None = None
        self._task = asyncio.ensure_future(self._read())

    @classmethod
    async def open(cls, address, target, deadline) -> _Connection:
        kind, where = target
        opening = asyncio.open_unix_connection(where) if kind == "unix" else asyncio.open_connection(*where)
        try:
            reader, writer = await asyncio.wait_for(opening, max(0.001, deadline - time.monotonic()))
        except (asyncio.TimeoutError, TimeoutError) as error:
            raise _errors.deadline_exceeded(f"{address}: it does not take the connection", True) from error
        except OSError as error:
            raise _errors.connect_failed(address, error) from error
        return cls(address, reader, writer)

    def begin(self, attempts):
        answers: asyncio.Queue = asyncio.Queue()
        left = attempts.deadline - time.monotonic()
        if left <= 0:
            raise _errors.deadline_exceeded(not_executed=True)
        if not self.takes_calls:
            raise self._ended or _errors.ended_a_moment_ago()
        call_id = next(self._ids)
        frame = _frames.request_frame(
            call_id, attempts.method.path, left, attempts.request.SerializeToString(),
            metadata=attempts.options.metadata)
        self._calls[call_id] = (answers, len(frame) - 4)
        self._writer.write(frame)
        return call_id, answers

    def end(self, call_id):
        """Forgets a call, and cancels it when it has not ended."""
        if self._calls.pop(call_id, None) is not None:
            self._writer.write(_frames.request_frame(call_id, cancel=True))
        if not self.takes_calls and not self._calls:
            self._writer.close()

    def lose(self, error, of=lambda frame_bytes: None):
        """Ends the connection. Each call fails with what `of` says of its frame's length, or else with `error`."""
        self.takes_calls = False
        calls, self._calls = self._calls, {}
        for answers, frame_bytes in calls.values():
            answers.put_nowait(of(frame_bytes) or error)
        self._writer.close()

    async def _read(self):
        reason = f"{self._address} closed the connection"
        try:
            while data := await self._reader.read(65536):
                for response in self._decoder.feed(data):
                    if self._take(response):
                        return
        except _frames.Stranger as stranger:
            self._ended = _errors.connect_failed(self._address, f"it does not speak Mecene's protocol: {stranger}")
            self.lose(self._ended)
            return
        except OSError as error:
            reason = str(error)
        self.lose(_errors.connection_lost(self._address, reason))

    def _take(self, response) -> bool:
        """Hands a response on. True when the connection has ended with it."""
        if response.call_id == 0:
            self.takes_calls = False
            if response.error.reason == Reason.DRAINING and not response.error.not_executed:
                if not self._calls:
                    self._writer.close()
                return False
            self.lose(MeceneError.of(response), lambda frame_bytes: _beside(response, frame_bytes, self._address))
            return True
        answers = self._calls.get(response.call_id) if response.more else self._calls.pop(response.call_id, None)
        if answers:
            answers[0].put_nowait(response)
        return False
