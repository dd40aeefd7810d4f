#!/usr/bin/env python3
"""What each of one patron's clicks is worth: recompute.py PATRON_ID MONTH POT_MICROS FEE_BPS THING_ID..."""
import sys

patron, month, pot, fee_bps, *things = sys.argv[1:]
patron, pot, fee_bps, things = int(patron), int(pot), int(fee_bps), sorted(map(int, things))
year, number = map(int, month.split("-"))
m, n = (year - 1970) * 12 + number - 1, len(things)
fee = pot // 10000 * fee_bps + pot % 10000 * fee_bps // 10000
base, extra = divmod(pot - fee, n)
x, mask = patron * 4096 + m, 2**64 - 1                    # SplitMix64's finaliser moves the odd micros around
x ^= x >> 30
x = x * 0xbf58476d1ce4e5b9 & mask
x ^= x >> 27
x = x * 0x94d049bb133111eb & mask
offset = (x ^ x >> 31) % n
for j, thing in enumerate(things):
    print(thing, base + ((j + n - offset) % n < extra))
