#!/usr/bin/env python3
"""Checks a receipt against a settlement's digest with nothing but Python: check_receipt.py FILE DIGEST"""
import hashlib, json, sys

if len(sys.argv) != 3:
    sys.exit(__doc__)
H = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
words = lambda *numbers: b"".join(int(n).to_bytes(8, "little") for n in numbers)
def members(pairs):                                       # a member that stands twice may show what was not checked
    names = [name for name, _ in pairs]
    return dict(pairs) if len(set(names)) == len(names) else sys.exit("the receipt has a member twice")
r = json.load(open(sys.argv[1]), object_pairs_hook=members)
get = lambda name: int(r.get(name, 0))
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
