#!/usr/bin/env python3
"""An independent reckoning of what `mecene replay` did: oracle.py LIKES.csv[.gz] REPLAY_OUTPUT_DIR BUDGET_MICROS

It shares no code with the product and reads nothing of it but the numbers that accounts and things got. It recomputes
every month of the file by the rules, and compares counts, digests and everybody's balances with what the replay wrote.
"""
import csv, gzip, hashlib, os, sys

likes_file, output, budget = sys.argv[1], sys.argv[2], int(sys.argv[3])
MINIMUM, MASK = 2_000_000, 2**64 - 1


def rows(path):
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path)
    with opened as file:
        yield from csv.DictReader(file)


def mix(x):
    x ^= x >> 30
    x = x * 0xbf58476d1ce4e5b9 & MASK
    x ^= x >> 27
    x = x * 0x94d049bb133111eb & MASK
    return x ^ x >> 31


def H(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def words(*numbers):
    return b"".join(n.to_bytes(8, "little") for n in numbers)


def root(leaves):
    if not leaves:
        return H()
    if len(leaves) == 1:
        return H(b"\0", leaves[0])
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return H(b"\1", root(leaves[:k]), root(leaves[k:]))


class Account:
    def __init__(self):
        self.available = self.pot = 0

    def active(self):
        return self.pot > 0 or min(budget, self.available) >= MINIMUM

    def top_up(self):
        """An open pot grows by itself up to the budget."""
        if self.pot:
            grown = min(budget, self.pot + self.available)
            self.available -= max(0, grown - self.pot)
            self.pot = max(self.pot, grown)


def live(likes, accounts, owner_of):
    """A month of clicks: counts, and the things that each patron clicked."""
    clicked, counts = {}, dict(clicked=0, repeated=0, own=0, refused=0)
    for like in likes:
        patron, owner = like["patron"], owner_of[like["thing"]]
        mine = clicked.setdefault(patron, set())
        if patron == owner:
            counts["own"] += 1
        elif like["thing"] in mine:
            counts["repeated"] += 1
        elif not accounts[patron].active() or not accounts[owner].active():
            counts["refused"] += 1
        else:
            account = accounts[patron]
            if not account.pot:
                account.pot = min(budget, account.available)
                account.available -= account.pot
            mine.add(like["thing"])
            counts["clicked"] += 1
    return {patron: things for patron, things in clicked.items() if things}, counts


def settle(period, clicked, accounts, owner_of, account_ids, thing_ids):
    m = (int(period[:4]) - 1970) * 12 + int(period[5:]) - 1
    blind = lambda id: H(bytes(32), words(m, id))
    patron_leaves, earned, clicks_of, pots, fees = [], {}, {}, 0, 0
    for patron in sorted((p for p in accounts if accounts[p].pot), key=account_ids.get):
        pot, id = accounts[patron].pot, account_ids[patron]
        accounts[patron].pot = 0
        pots += pot
        things = sorted(clicked.get(patron, ()), key=thing_ids.get)
        leaf, n = blind(id) + words(id, pot, 0, len(things)), len(things)
        base, extra = divmod(pot, n)
        offset = mix(id * 4096 + m) % n
        for j, thing in enumerate(things):
            share, owner = base + ((j + n - offset) % n < extra), owner_of[thing]
            leaf += words(thing_ids[thing], account_ids[owner], share)
            earned[owner] = earned.get(owner, 0) + share
            clicks_of[owner] = clicks_of.get(owner, 0) + 1
        patron_leaves.append(leaf)
    owner_leaves = []
    for owner in sorted(earned, key=account_ids.get):
        id = account_ids[owner]
        owner_leaves.append(blind(id) + words(id, clicks_of[owner], earned[owner]))
        accounts[owner].available += earned[owner]
        accounts[owner].top_up()
    assert sum(earned.values()) == pots
    header = words(1, m, 0, len(patron_leaves), sum(clicks_of.values()), len(earned), pots, fees, pots)
    return H(header, root(patron_leaves), root(owner_leaves)).hex(), pots


def main():
    thing_ids = {row["label"]: int(row["thing_id"]) for row in rows(f"{output}/things.csv")}
    account_ids = {row["label"]: int(row["account_id"]) for row in rows(f"{output}/accounts.csv")}
    accounts, owner_of, months = {}, {}, {}
    for like in sorted(rows(likes_file), key=lambda like: like["day"]):
        if owner_of.setdefault(like["thing"], like["owner"]) == like["owner"]:
            months.setdefault(like["day"][:7], []).append(like)
    told = {row["period"]: row for row in rows(f"{output}/months.csv")}
    for period, likes in sorted(months.items()):
        for label in {like["patron"] for like in likes} | {like["owner"] for like in likes}:
            account = accounts.setdefault(label, Account())
            account.available += budget
            account.top_up()
        clicked, counts = live(likes, accounts, owner_of)
        digest, given = settle(period, clicked, accounts, owner_of, account_ids, thing_ids)
        expected = {**counts, "given_micros": given, "digest": digest}
        for key, value in expected.items():
            if told[period][key] != str(value):
                sys.exit(f"{period}: {key} is {told[period][key]}, and has to be {value}")
        balances = {row["account"]: row for row in rows(f"{output}/{period}.csv")}
        if len(balances) != len(accounts):
            sys.exit(f"{period}: {len(balances)} accounts, and there have to be {len(accounts)}")
        for label, account in accounts.items():
            if balances[label]["available_micros"] != str(account.available) or balances[label]["pots_micros"] != "0":
                sys.exit(f"{period}: {label} has {balances[label]}, and has to have {account.available}")
    print(f"{len(months)} months, {len(accounts)} accounts: all equal")


main()
