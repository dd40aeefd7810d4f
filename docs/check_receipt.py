#!/usr/bin/env python3
"""Checks a receipt against a settlement's digest with nothing but Python: check_receipt.py FILE DIGEST"""
import hashlib, json, re, sys

if len(sys.argv) != 3:
    sys.exit(__doc__)
H = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
words = lambda *numbers: b"".join(n.to_bytes(8, "little") for n in numbers)
NUMBERS = {"ruleVersion", "feeBps", "pots", "clicks", "owners", "potsMicros", "feesMicros", "revenueMicros", "accountId",
           "leafIndex", "potMicros", "feeMicros", "thingId", "ownerId", "shareMicros", "micros"}
TEXTS = {"period", "blind", "otherRoot", "digest"}
def members(pairs):                # what stands twice, is unknown, or is written otherwise may show what was not checked
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        sys.exit("the receipt has a member twice")
    for n, (name, value) in enumerate(pairs):
        if name in NUMBERS and not isinstance(value, list):
            if isinstance(value, bool) or not re.fullmatch("0|[1-9][0-9]{0,18}", str(value), re.A):
                sys.exit(f"{name} is no number")
            pairs[n] = name, int(value)
        elif name not in NUMBERS | TEXTS | {"path", "patron", "owner"}:
            sys.exit(f"the receipt has a member {name!r} that no receipt has")
    return dict(pairs)
r = json.load(open(sys.argv[1]), object_pairs_hook=members)
if ("patron" in r) == ("owner" in r) or not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", r["period"], re.A):
    sys.exit("a receipt is a patron's or an owner's, of one month")
get = lambda name: r.get(name, 0)
year, month = map(int, r["period"].split("-"))
header = words(get("ruleVersion"), (year - 1970) * 12 + month - 1, get("feeBps"), get("pots"), get("clicks"),
               get("owners"), get("potsMicros"), get("feesMicros"), get("revenueMicros"))
if "patron" in r:
    p, size = r["patron"], get("pots")
    leaf = words(get("accountId"), p["potMicros"], p.get("feeMicros", 0), len(p.get("clicks", [])))
    for c in p.get("clicks", []):
        leaf += words(c["thingId"], c["ownerId"], c.get("shareMicros", 0))
else:
    leaf, size = words(get("accountId"), r["owner"]["clicks"], r["owner"].get("micros", 0)), get("owners")
node, index, last = H(b"\0", bytes.fromhex(r["blind"]), leaf), get("leafIndex"), size - 1
for sibling in map(bytes.fromhex, r.get("path", [])):     # RFC 9162, section 2.1.3.2
    if index & 1 or index == last:
        node = H(b"\1", sibling, node)
        while index and not index & 1:
            index, last = index >> 1, last >> 1
    else:
        node = H(b"\1", node, sibling)
    index, last = index >> 1, last >> 1
roots = [node, bytes.fromhex(r["otherRoot"])]
digest = H(header, *(roots if "patron" in r else reversed(roots))).hex()
sys.exit(0 if last == 0 and digest == r["digest"] == sys.argv[2] else "the receipt proves nothing")
