#!/usr/bin/env python3
"""Makes every byte of the vectors anew and reads them, with Python's standard library alone.

It goes by docs/formats.md and by proto/allmende/v1/view.proto.

usage: reproduce.py [--write]

Each case holds inputs and, under `expected`, what must come out. Without arguments the script compares and exits with 1
where something differs; with --write it fills in `expected`, which is how new cases are added. What comes out is also
read by reader.py, and so are the damaged bytes of refused.json, which must be refused. Nothing here shares code with
the C++ implementation, whose tests read the same files.
"""
import datetime
import hashlib
import hmac
import json
import pathlib
import struct
import sys

import reader
import views

FOLDER = pathlib.Path(__file__).resolve().parent
OPERATIONS = {"upsert": 1, "delete": 2, "withheld": 3, "erased": 4, "superseded": 5}


def sha256(data):
    return hashlib.sha256(data).digest()


# ---------------------------------------------------------------------------------------------- Ed25519, RFC 8032


def encode_point(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


class SigningKey:
    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self.scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | (1 << 254)
        self.prefix = digest[32:]
        self.public = encode_point(reader.multiply(self.scalar, reader.BASE))

    def sign(self, message):
        def number(*parts):
            return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % reader.ORDER

        r = number(self.prefix, message)
        commitment = encode_point(reader.multiply(r, reader.BASE))
        s = (r + number(commitment, self.public, message) * self.scalar) % reader.ORDER
        return commitment + s.to_bytes(32, "little")


# ------------------------------------------------------------------------------------------------------- the formats


def canonical_key(fields):
    key = b""
    for field in fields:
        kind, value = field["type"], field["value"]
        if kind in ("string", "bytes"):
            raw = value.encode() if kind == "string" else bytes.fromhex(value)
            key += raw.replace(b"\x00", b"\x00\xff") + b"\x00\x01"
        elif kind == "bool":
            key += b"\x01" if value else b"\x00"
        elif kind.startswith("u") or kind.startswith("fixed"):
            key += struct.pack(">Q", int(value))
        else:
            key += struct.pack(">Q", int(value) + 2**63)
    return key


def record_fields(operation, flags, key, time_us, salts, rest):
    following = 14 + 16 * len(salts) + len(key) + len(rest)
    head = struct.pack(">IBBHqH", following, operation, flags, len(key), time_us, len(salts))
    return head + b"".join(salts) + key + rest


def decode_record(record):
    """The parts of a record in the vectors: operation, flags, key, time, payload."""
    has_time = "event_time_us" in record
    return (OPERATIONS[record["operation"]], 1 if has_time else 0, bytes.fromhex(record.get("key", "")),
            int(record.get("event_time_us", 0)), bytes.fromhex(record.get("payload", "")))


def encode_record(record):
    operation, flags, key, time_us, payload = decode_record(record)
    return record_fields(operation, flags, key, time_us, [bytes.fromhex(record["salt"])], payload)


def leaf(record):
    operation, flags, key, time_us, payload = decode_record(record)
    head = struct.pack(">BBHq", operation, flags, len(key), time_us)
    return sha256(b"\x00" + bytes.fromhex(record["salt"]) + head + key + payload)


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:]))


def statement(place, leaves):
    return (b"ALMBAT\x00\x01" + bytes.fromhex(place["dataset_id"]) +
            struct.pack(">QQIBBHq", int(place["epoch"]), int(place["first_sequence"]), len(leaves), 1, 1, 0,
                        int(place["created_us"])) +
            bytes.fromhex(place["schema_hash"]) + bytes.fromhex(place["previous_hash"]) + root(leaves))


def signature_area(signed, key):
    if key is None:
        return bytes(69)
    key_id = sha256(b"ALMKEY\x00\x01\x01" + key.public)[:4]
    return b"\x01" + key_id + key.sign(signed)


def batch(place, leaves, key, records):
    head = statement(place, leaves)
    body = b"".join(records)
    return head + signature_area(head, key) + struct.pack(">I", len(body)) + body


def leaf_record(operation, digest):
    return record_fields(OPERATIONS[operation], 0, b"", 0, [], digest)


def entry(item):
    if "count" in item:
        return record_fields(OPERATIONS[item["operation"]], 0, b"", 0, [], struct.pack(">Q", int(item["count"])))
    operation, flags, key, time_us, payload = decode_record(item)
    return record_fields(operation, flags | (2 if item.get("key_is_pseudonym") else 0), key, time_us, [], payload)


def delivery(case, key):
    facts = case["attestation"]
    body = b"".join(entry(item) for item in case["entries"])
    sequences = sum(int(item.get("count", 1)) for item in case["entries"])
    hashed = "salt" in case
    salt = bytes.fromhex(case["salt"]) if hashed else bytes(16)
    first = int(facts["first_sequence"])
    head = (b"ALMTRA\x00\x01" + bytes.fromhex(facts["dataset_id"]) +
            struct.pack(">QQQQIBBH", first, first + sequences - 1, int(facts["release"]), int(facts["regime"]),
                        len(case["entries"]), 1 if hashed else 0, 0, 1 if facts["snapshot"] else 0) +
            bytes.fromhex(facts["view_id"]) + bytes.fromhex(facts["source_hash"]) +
            (sha256(salt + body) if hashed else bytes(32)))
    return head + signature_area(head, key) + salt + struct.pack(">I", len(body)) + body


# ------------------------------------------------------------------------------------------------- what must come out


def expect_keys(vectors):
    return [{"key": canonical_key(case["fields"]).hex()} for case in vectors["cases"]]


def expect_batches(vectors):
    signer = SigningKey(bytes.fromhex(vectors["ed25519_seed"]))
    outcomes = []
    for case in vectors["cases"]:
        key = signer if case["signed"] else None
        leaves = [leaf(record) for record in case["records"]]
        records = [encode_record(record) for record in case["records"]]
        for replaced in case.get("replaced", []):
            records[replaced["index"]] = leaf_record(replaced["operation"], leaves[replaced["index"]])
        outcomes.append({
            "leaves": [digest.hex() for digest in leaves],
            "root": root(leaves).hex(),
            "statement_hash": sha256(statement(case["place"], leaves)).hex(),
            "batch": batch(case["place"], leaves, key, records).hex(),
        })
    return outcomes


def period_number(case):
    if "period_number" in case:
        return int(case["period_number"])
    if case["period"] == "agreement":
        return 0
    if "event_time_us" not in case:
        return -2**63
    days = int(case["event_time_us"]) // 86_400_000_000
    day = datetime.date.fromordinal(datetime.date(1970, 1, 1).toordinal() + days)
    return {"year": day.year, "month": day.year * 12 + day.month - 1, "day": days}[case["period"]]


def pseudonym(case):
    kind = {"agreement": 1, "year": 2, "month": 3, "day": 4}[case["period"]]
    message = (b"allmende pseudonym v1\x00" + bytes.fromhex(case["dataset_id"]) + b"\x02" +
               struct.pack(">Bq", kind, period_number(case)) + bytes.fromhex(case["key"]))
    return hmac.new(bytes.fromhex(case["hmac_key"]), message, hashlib.sha256).digest()[:16]


def expect_pseudonyms(vectors):
    return [{"pseudonym": pseudonym(case).hex()} for case in vectors["cases"]]


def expect_deliveries(vectors):
    signer = SigningKey(bytes.fromhex(vectors["ed25519_seed"]))
    return [{"delivery": delivery(case, signer if case["signed"] else None).hex()} for case in vectors["cases"]]


def expect_views(vectors):
    outcomes = []
    for case in vectors["cases"]:
        view = views.View(vectors["schema"], case["program"], bytes.fromhex(vectors["dataset_id"]),
                          bytes.fromhex(vectors["key"]))
        seen = view.apply(case["record"])
        outcomes.append({"result": "filtered"} if seen is None else dict(result="deliver", **seen))
    return outcomes


# --------------------------------------------------------------------------------------------------------- read again


def read_again(name, vectors):
    """Reads what came out; returns complaints."""
    complaints, chain = [], {bytes(32): None}
    public = SigningKey(bytes.fromhex(vectors["ed25519_seed"])).public if "ed25519_seed" in vectors else None
    for case in vectors["cases"]:
        try:
            key = public if case.get("signed") else None
            if name == "batches.json":
                statement = reader.read_batch(bytes.fromhex(case["expected"]["batch"]), key)
                if statement["previous_hash"] in chain:
                    reader.check_follows(chain[statement["previous_hash"]], statement)
                chain[statement["hash"]] = statement
            elif name == "deliveries.json":
                reader.read_delivery(bytes.fromhex(case["expected"]["delivery"]), key)
        except reader.Refused as refused:
            complaints.append(f"{name}: `{case['name']}` is refused: {refused}")
    return complaints


def read_damaged():
    """Reads what must be refused; returns complaints."""
    vectors = json.loads((FOLDER / "refused.json").read_text())
    public = SigningKey(bytes.fromhex(vectors["ed25519_seed"])).public
    complaints = []
    for case in vectors["cases"]:
        data = bytes.fromhex(case["bytes"])
        try:
            outcome = (reader.read_batch if case["format"] == "batch" else reader.read_delivery)(data, public)
            if "behind" in case:
                reader.check_follows(reader.read_statement(bytes.fromhex(case["behind"])), outcome)
            complaints.append(f"refused.json: `{case['name']}` is accepted")
        except reader.Refused as refused:
            if refused.stage != case["refused_at"]:
                complaints.append(f"refused.json: `{case['name']}` is refused at {refused}, not at {case['refused_at']}")
    print(f"refused.json: {len(vectors['cases'])} cases")
    return complaints


FILES = {"keys.json": expect_keys, "batches.json": expect_batches, "pseudonyms.json": expect_pseudonyms,
         "deliveries.json": expect_deliveries, "view.json": expect_views}


def main(arguments):
    if arguments not in ([], ["--write"]):
        sys.exit(__doc__)
    complaints = []
    for name, expect in FILES.items():
        path = FOLDER / name
        vectors = json.loads(path.read_text())
        outcomes = expect(vectors)
        for case, outcome in zip(vectors["cases"], outcomes):
            if arguments:
                case["expected"] = outcome
            elif case["expected"] != outcome:
                complaints.append(f"{name}: `{case['name']}` comes out differently")
        if arguments:
            path.write_text(json.dumps(vectors, indent=2, ensure_ascii=False) + "\n")
        print(f"{name}: {len(outcomes)} cases")
        complaints += read_again(name, vectors)
    complaints += read_damaged()
    print("\n".join(complaints))
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
