"""What protobuf's own runtime takes for the same message, the daemon takes for the same; what it refuses, it names."""

import random
import socket
import unittest

from daemon import Daemon
from mecene import _frames, _services
from mecene.v1 import account_pb2, click_pb2, settlement_pb2, thing_pb2, wire_pb2

SEED = random.randrange(10**6)


def varint(value, random=None, most=10):
    """A number, sometimes longer than it needs to be."""
    value &= 2**64 - 1
    out = bytearray()
    while True:
        byte, value = value & 127, value >> 7
        out.append(byte | 128)
        if not value:
            break
    while random and random.random() < 0.3 and len(out) < most:
        out.append(128)
    out[-1] &= 127
    return bytes(out)


def tag(number, wire, random):
    return varint(number << 3 | wire, random, most=5)


def encode(message, random):
    """One of the many encodings of a message: any order, long numbers, packed and unpacked, things that don't count."""
    parts = []
    for field, value in message.ListFields():
        number, kind = field.number, field.cpp_type
        one = lambda value: (
            (2, encode(value, random)) if kind == field.CPPTYPE_MESSAGE else
            (2, value.encode()) if field.type == field.TYPE_STRING else (2, value) if field.type == field.TYPE_BYTES
            else (0, varint(int(value), random)))
        def put(value):
            wire, data = one(value)
            return tag(number, wire, random) + (varint(len(data), random, most=5) + data if wire == 2 else data)
        if not hasattr(value, "append") or isinstance(value, (str, bytes)):
            if kind != field.CPPTYPE_MESSAGE and field.containing_oneof is None and random.random() < 0.2:
                # An earlier value of the same field, which the last one replaces.
                parts.append([put(value if kind == field.CPPTYPE_STRING else 1), put(value)])
            else:
                parts.append([put(value)])
        else:
            chunks, values = [], list(value)
            while values:
                count = random.randint(1, len(values))
                piece, values = values[:count], values[count:]
                if kind in (field.CPPTYPE_MESSAGE, field.CPPTYPE_STRING) or random.random() < 0.5:
                    chunks += [put(v) for v in piece]
                else:
                    data = b"".join(varint(int(v), random) for v in piece)
                    chunks.append(tag(number, 2, random) + varint(len(data), random, most=5) + data)
            parts.append(chunks)
    for _ in range(random.choice((0, 0, 1, 3))):
        # A newer client's fields.
        number = random.randint(1000, 2000)
        parts.append([random.choice((
            tag(number, 0, random) + varint(random.getrandbits(64), random), tag(number, 1, random) + bytes(8),
            tag(number, 5, random) + bytes(4), tag(number, 2, random) + varint(3) + b"\xff\x00x"))])
    # Parts keep their own order and come between one another in any.
    out = bytearray()
    while parts:
        part = random.choice(parts)
        out += part.pop(0)
        parts = [p for p in parts if p]
    return bytes(out)


def account(random):
    return account_pb2.AccountReference(**random.choice(({"id": random.randint(0, 12)}, {"name": f"account{random.randint(0, 9)}"})))


def thing(random):
    return thing_pb2.ThingReference(**random.choice((
        {"id": random.randint(0, 12)}, {"url": f"https://example.org/{random.randint(0, 12)}?ä"})))


def text(random):
    return "".join(random.choice("abcäö€𝄞 ") for _ in range(random.randint(0, 20)))


#: Calls that answer the same however often they are made.
MAKERS = [
    (_services.ACCOUNT_SERVICE_GET_ACCOUNT, lambda r: account_pb2.GetAccountRequest(account=account(r))),
    (_services.ACCOUNT_SERVICE_LIST_ACCOUNTS, lambda r: account_pb2.ListAccountsRequest(
        page_size=r.choice((-1, 0, 1, 5, 2**31 - 1)), page_token=r.choice(("", "x")))),
    (_services.ACCOUNT_SERVICE_GET_STATEMENT, lambda r: account_pb2.GetStatementRequest(
        account=account(r), period=r.choice(("", "2026-11", "2026-13")), page_size=r.randint(-1, 3))),
    (_services.ACCOUNT_SERVICE_UPDATE_ACCOUNT, lambda r: account_pb2.UpdateAccountRequest(
        account=account(r), display_name=text(r))),
    (_services.ACCOUNT_SERVICE_SET_BUDGET, lambda r: account_pb2.SetBudgetRequest(
        account=account(r), budget_micros=r.choice((0, 1, -5, 2_000_000, 2**63 - 1)))),
    (_services.ACCOUNT_SERVICE_DEPOSIT, lambda r: account_pb2.DepositRequest(
        account=account(r), amount_micros=r.choice((-1, 0, 5)), key=r.choice(("", "fixed", "ä")))),
    (_services.THING_SERVICE_UPDATE_THING, lambda r: thing_pb2.UpdateThingRequest(
        thing=thing(r), title=text(r), hidden=r.random() < 0.5)),
    (_services.CLICK_SERVICE_CLICK_MANY, lambda r: click_pb2.ClickManyRequest(
        patron_ids=[r.randint(0, 12) for _ in range(r.randint(0, 40))],
        thing_ids=[r.choice((0, 1, 2, 2**40)) for _ in range(r.randint(0, 40))])),
    (_services.SETTLEMENT_SERVICE_GET_RECEIPT, lambda r: settlement_pb2.GetReceiptRequest(
        account=account(r), period="2026-11", role=r.choice((0, 1, 2)))),
    (_services.HEALTH_CHECK, lambda r: _services.health_pb2.HealthCheckRequest(service=text(r))),
]


class Raw:
    """A connection that sends payloads as they are."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.decoder = _frames.Decoder()

    def calls(self, calls):
        """Makes calls at once, and gives their answers in the order of the calls."""
        self.socket.sendall(b"".join(
            _frames.request_frame(i + 1, method.path, payload=payload) for i, (method, payload) in enumerate(calls)))
        answers = {}
        while len(answers) < len(calls):
            for response in self.decoder.feed(self.socket.recv(1 << 16)):
                answers[response.call_id] = response
        return [answers[i + 1] for i in range(len(calls))]


def told(response):
    error = response.error
    return response.status, response.payload, error.reason, error.field, error.message


class Encodings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon()
        cls.raw = Raw(cls.daemon.unix.removeprefix("unix:"))
        for n in range(1, 10):
            cls.raw.calls([
                (_services.ACCOUNT_SERVICE_OPEN_ACCOUNT, account_pb2.OpenAccountRequest(name=f"account{n}").SerializeToString()),
                (_services.THING_SERVICE_ADD_THING, thing_pb2.AddThingRequest(
                    owner={"id": n}, url=f"https://example.org/{n}?ä").SerializeToString())])

    @classmethod
    def tearDownClass(cls):
        cls.raw.socket.close()
        cls.daemon.__exit__()

    def test_ten_thousand_random_encodings_mean_what_the_official_runtime_says(self):
        chance = random.Random(SEED)
        for _ in range(100):
            pairs = []
            for _ in range(100):
                method, make = chance.choice(MAKERS)
                message = make(chance)
                odd = encode(message, chance)
                parsed = type(message).FromString(odd)
                parsed.DiscardUnknownFields()
                self.assertEqual(parsed, message, f"seed {SEED}")
                pairs.append((method, message.SerializeToString(), odd))
            for method, plain, odd in pairs:
                # First so that both answers find the same state.
                first, second, third = self.raw.calls([(method, plain)])[0], *self.raw.calls([(method, odd), (method, plain)])
                self.assertEqual(told(second), told(third), f"seed {SEED}, {method.path}, {odd.hex()}")
                self.assertNotEqual(first.error.reason, 61, f"seed {SEED}, {method.path}, {odd.hex()}")

    def test_what_is_refused_on_purpose_is_refused_with_the_fields_name(self):
        get, name = _services.ACCOUNT_SERVICE_GET_ACCOUNT, lambda data: b"\x0a" + bytes([len(data) + 2]) + b"\x12" + bytes([len(data)]) + data
        many = _services.CLICK_SERVICE_CLICK_MANY
        cases = [
            (get, name(b"anna") + name(b"anna"), "account"), (get, name(b"ab\0cd"), "account.name"),
            (get, name(b"\xff\xfe"), "account.name"), (get, name(b"\xed\xa0\x80"), "account.name"),
            (get, b"\x08\x01", "account"), (get, b"\x0a\x02\x0a\x00", "account.id"),
            (many, b"\x0d\0\0\0\0", "patron_ids"), (many, b"\x0a\x01\x80", "patron_ids"),
        ]
        for (method, payload, field), answer in zip(cases, self.raw.calls([(m, p) for m, p, _ in cases])):
            self.assertEqual((answer.status, answer.error.field), (3, field), f"{payload.hex()}: {answer.error.message}")
            self.assertEqual(answer.error.reason, 61)

    def test_a_newer_clients_fields_are_tolerated(self):
        newer = wire_pb2.Request(call_id=1, method="grpc.health.v1.Health/Check").SerializeToString() + b"\xfa\x3e\x02hi"
        raw = Raw(self.daemon.unix.removeprefix("unix:"))
        raw.socket.sendall(len(newer).to_bytes(4, "big") + newer)
        responses = []
        while not responses:
            responses = raw.decoder.feed(raw.socket.recv(1 << 16))
        self.assertEqual(responses[0].status, 0)
        raw.socket.close()
