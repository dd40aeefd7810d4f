#!/usr/bin/env python3
"""The chain of a ledger's books, computed from docs/data-model.md alone: chain.py mecene.sqlite [ERASED.json]

It shares no code with the product. It computes every rows_hash, clicks_hash and link anew from the rows, and ends with 1
when one is not what the books have. The file must not change meanwhile.

Rows that lost their texts and salts have their commitments in ERASED.json: {"account 1": [null, null, "0a1b...", "2c3d..."]}, one for each
column, as `chain.py mecene.sqlite --commitments` prints those of all rows.
"""
import hashlib, json, sqlite3, sys

books = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
books.text_factory = bytes
H = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
NOTHING = -(2**63)


def word(number):
    return number.to_bytes(8, "little", signed=True)


def column(value):
    if value is None:
        return word(NOTHING)
    return word(value) if isinstance(value, int) else word(len(value)) + value


def row(table, values):
    return bytes([table]) + b"".join(column(value) for value in values)


# Table number, its rows in their order: the commit first, and then the columns. Those of rows with salted ones stand behind the
# key and the salt of their row.
TABLES = [
    (1, "SELECT commit_sequence, number, fee_bps, minimum_micros, receive_requires_giving FROM period ORDER BY number"),
    (2, "SELECT commit_sequence, id, salt, id, fingerprint, name AS salted, secret AS salted FROM account ORDER BY id"),
    (3, "SELECT commit_sequence, id, salt, account_id, display_name AS salted, budget_micros, closed FROM account_change ORDER BY id"),
    (4, "SELECT commit_sequence, id, salt, id, owner_id, url AS salted FROM thing ORDER BY id"),
    (5, "SELECT commit_sequence, id, salt, thing_id, title AS salted, description AS salted, hidden, retired FROM thing_change ORDER BY id"),
    (6, "SELECT commit_sequence, id, kind, account_id, amount_micros, period, for_period, cause_transfer_id,"
        " cause_change_id, available_after_micros, pots_after_micros FROM transfer ORDER BY id"),
    (7, "SELECT t.commit_sequence, k.transfer_id, k.salt, k.account_id, k.key AS salted, k.transfer_id FROM request_key k"
        " JOIN transfer t ON t.id = k.transfer_id ORDER BY k.transfer_id"),
    (9, "SELECT commit_sequence, period, digest, pots, clicks, owners, pots_micros, fees_micros, revenue_micros,"
        " returned_micros FROM settlement ORDER BY period"),
    (10, "SELECT settled_sequence, period FROM settlement WHERE settled_sequence IS NOT NULL ORDER BY period"),
    (11, "SELECT commit_sequence, id, salt, currency, secret AS salted, created_at_ms, simulated_clock FROM ledger"),
]
CLICKS = 8

given = sys.argv[2] if len(sys.argv) > 2 else None
erased = json.load(open(given)) if given and given != "--commitments" else {}
commitments = {}  # "account 1" -> for each column the commitment, or None
rows = {}  # (commit, table number) -> canonical bytes
for table, sql in TABLES:
    found = books.execute(sql)
    salted = [name == "salted" for name, *_ in found.description]
    for commit, *values in found:
        if any(salted):
            key, salt, *values = values
            name = f"{sql.split(' FROM ')[1].split()[0]} {key}"
            isErased = name in erased
            due = 16 if any(isSalted and value is not None for value, isSalted in zip(values, salted[3:])) else 0
            if not isErased and len(salt or b"") != due:
                sys.exit(f"{name}: its salt has {len(salt or b'')} bytes, and should have {due}")
            made = [H(salt or b"", value) if isSalted and value is not None else None
                    for value, isSalted in zip(values, salted[3:])]
            if isErased:
                made = [kept and bytes.fromhex(kept) for kept in erased[name]]
            commitments[name] = [commitment and commitment.hex() for commitment in made]
            values = [commitment if isSalted else value
                      for commitment, value, isSalted in zip(made, values, salted[3:])]
        rows[commit, table] = rows.get((commit, table), b"") + row(table, values)
if given == "--commitments":
    sys.exit(json.dump(commitments, sys.stdout))

opened = dict(books.execute("SELECT commit_sequence, name FROM period ORDER BY number"))
# The log of a settled month loses its rows some at a time: its settlement's digest stands for it.
settled = {name for name, in books.execute(
    "SELECT p.name FROM period p JOIN settlement s ON s.period = p.number WHERE s.settled_sequence IS NOT NULL")}
logs = {name.decode() for name, in books.execute("SELECT name FROM sqlite_master")}
previous, clicks, count = bytes(32), iter(()), 0
for sequence, time, click_rows, clicks_hash, rows_hash, link in books.execute(
    "SELECT sequence, time_ms, click_rows, clicks_hash, rows_hash, link FROM commit_log ORDER BY sequence"):
    if sequence in opened:
        log = "click_log_" + opened[sequence].decode().replace("-", "_")
        if opened[sequence] not in settled and log not in logs:
            sys.exit(f"commit {sequence}: it opened a month that is not settled, and there is no {log}")
        clicks = None if opened[sequence] in settled else books.execute(
            f"SELECT patron_id, thing_id, undone FROM {log} ORDER BY sequence")
    if click_rows:
        if clicks is not None:
            left = clicks.fetchmany(click_rows)
            if len(left) < click_rows:
                sys.exit(f"commit {sequence}: it left {click_rows} clicks, and the log has {len(left)}")
            found = H(*(row(CLICKS, click) for click in left))
            if found != clicks_hash:
                sys.exit(f"commit {sequence}: clicks_hash is {clicks_hash.hex()}, and its clicks give {found.hex()}")
        rows[sequence, CLICKS] = row(CLICKS, [click_rows, clicks_hash])
    found = H(*(rows.get((sequence, table), b"") for table in range(1, 12)))
    if found != rows_hash:
        sys.exit(f"commit {sequence}: rows_hash is {rows_hash.hex()}, and its rows give {found.hex()}")
    found = H(previous, word(sequence), word(time), rows_hash)
    if found != link:
        sys.exit(f"commit {sequence}: link is {link.hex()}, and should be {found.hex()}")
    previous, count = link, count + 1
print(f"{count} commits: {previous.hex()}")
