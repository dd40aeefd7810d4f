"""Frames: a big-endian length of four bytes, and a message."""

from __future__ import annotations

from mecene.v1 import wire_pb2

FRAME_BYTES_MAX = (16 << 20) - 1


class Stranger(Exception):
    """The peer's bytes are no frames of this protocol."""


def request_frame(call_id: int, method: str = "", timeout: float = 0, payload: bytes = b"", cancel=False, metadata=()):
    request = wire_pb2.Request(
        call_id=call_id, method=method, payload=payload, cancel=cancel,
        timeout_ms=min(max(1, int(timeout * 1000)), 2**32 - 1) if timeout else 0,
        metadata=[wire_pb2.Metadata(key=key, value=value) for key, value in metadata])
    body = request.SerializeToString()
    return len(body).to_bytes(4, "big") + body


class Decoder:
    """Cuts what comes in into responses."""

    def __init__(self):
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[wire_pb2.Response]:
        self._buffer += data
        responses, start = [], 0
        while len(self._buffer) - start >= 4:
            length = int.from_bytes(self._buffer[start:start + 4], "big")
            if not 0 < length <= FRAME_BYTES_MAX:
                raise Stranger("its first bytes are another protocol's")
            if len(self._buffer) - start - 4 < length:
                break
            try:
                responses.append(wire_pb2.Response.FromString(bytes(self._buffer[start + 4:start + 4 + length])))
            except Exception as error:
                raise Stranger(f"a frame is no response: {error}") from error
            start += 4 + length
        del self._buffer[:start]
        return responses
