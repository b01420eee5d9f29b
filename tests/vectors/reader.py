"""Reads batches and transformed deliveries as strictly as docs/formats.md asks, with the standard library alone.

Each function raises Refused where the page says that a reader refuses; `stage` says how far the bytes came: `form`,
`root` (or `content`), `signature`, `chain`.
"""
import hashlib
import struct

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

SEQUENCE_MAX = 2**63 - 1
TIME_MIN = -62_135_596_800_000_000
TIME_MAX = 253_402_300_799_999_999
RECORDS_MAX = 16_384
KEY_BYTES_MAX = 1_024
BODY_BYTES_MAX = 1_048_576
DELIVERY_BODY_BYTES_MAX = 2_097_152


class Refused(Exception):
    def __init__(self, stage, why):
        super().__init__(f"{stage}: {why}")
        self.stage = stage


def require(holds, why, stage="form"):
    if not holds:
        raise Refused(stage, why)


def sha256(data):
    return hashlib.sha256(data).digest()


# --------------------------------------------------------------------------------------- Ed25519 verification, RFC 8032


def decode_point(data):
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        return None
    return (x if x % 2 == sign else P - x), y


def add(a, b):
    common = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + common, -1, P) % P
    return x, (a[1] * b[1] + a[0] * b[0]) * pow(1 - common, -1, P) % P


def multiply(factor, point):
    result = (0, 1)
    while factor:
        if factor & 1:
            result = add(result, point)
        point = add(point, point)
        factor >>= 1
    return result


BASE = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def verifies(public, message, signature):
    key, commitment = decode_point(public), decode_point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or s >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    return multiply(s, BASE) == add(commitment, multiply(challenge, key))


# ----------------------------------------------------------------------------------------------------------- the formats


def check_area(area):
    require(area[0] in (0, 1), "algorithm")
    require(area[0] == 1 or area == bytes(69), "no signature, but bytes where it would stand")
    require(area[0] == 0 or area[5:] != bytes(64), "a signature of zeros")


def check_signature(signed, area, public):
    require(area[0] == 1, "not signed", "signature")
    key_id = sha256(b"ALMKEY\x00\x01\x01" + public)[:4]
    require(area[1:5] == key_id, "another key", "signature")
    require(verifies(public, signed, area[5:]), "does not verify", "signature")


def take(body):
    """The first record or entry: operation, flags, key bytes, time, salt count, what follows; and the rest of the body."""
    require(len(body) >= 18, "record cut off")
    following, operation, flags, key_bytes, time_us, salts = struct.unpack(">IBBHqH", body[:18])
    require(14 <= following <= len(body) - 4, "record length")
    return operation, flags, key_bytes, time_us, salts, body[18:4 + following], body[4 + following:]


def check_content(operation, flags, key, time_us, payload):
    require(flags & 1 or time_us == 0, "time without its flag")
    require(TIME_MIN <= time_us <= TIME_MAX, "event time")
    require(len(key) <= KEY_BYTES_MAX, "key too long")
    require(operation != 2 or (key and not payload), "a delete has a key and no payload")


def read_record(body):
    """The leaf of the first record of a batch, how much it counts, and the rest."""
    operation, flags, key_bytes, time_us, salts, content, rest = take(body)
    require(1 <= operation <= 4, "operation")
    counted = max(50, 18 + len(content))
    if operation in (3, 4):
        require((flags, key_bytes, time_us, salts, len(content)) == (0, 0, 0, 0, 32), "only the leaf")
        return content, counted, rest
    require(flags & ~1 == 0, "flags")
    require(salts == 1, "salt count")
    require(16 + key_bytes <= len(content), "salt and key do not fit")
    salt, key, payload = content[:16], content[16:16 + key_bytes], content[16 + key_bytes:]
    check_content(operation, flags, key, time_us, payload)
    head = struct.pack(">BBHq", operation, flags, key_bytes, time_us)
    return sha256(b"\x00" + salt + head + key + payload), counted, rest


def root(leaves):
    """As RFC 6962 defines it for a list, but from the bottom up: pairs are joined, an odd last one moves up."""
    while len(leaves) > 1:
        joined = [sha256(b"\x01" + leaves[i] + leaves[i + 1]) for i in range(0, len(leaves) - 1, 2)]
        leaves = joined + leaves[len(joined) * 2:]
    return leaves[0]


def read_statement(data):
    require(data[:7] == b"ALMBAT\x00"[:len(data)], "magic")
    require(len(data) >= 152, "cut off")
    version, = data[7:8]
    epoch, first, count, profile, hash_kind, flags, created = struct.unpack(">QQIBBHq", data[24:56])
    require((version, profile, hash_kind, flags) == (1, 1, 1, 0), "version, profile, hash or flags")
    require(data[8:24] != bytes(16), "dataset id")
    require(1 <= epoch <= SEQUENCE_MAX, "epoch")
    require(1 <= count <= RECORDS_MAX, "record count")
    require(1 <= first <= SEQUENCE_MAX - (count - 1), "first sequence")
    require(TIME_MIN <= created <= TIME_MAX, "created")
    return {"dataset_id": data[8:24], "epoch": epoch, "first_sequence": first, "record_count": count,
            "schema_hash": data[56:88], "previous_hash": data[88:120], "root": data[120:152], "hash": sha256(data[:152])}


def read_batch(data, public=None):
    """The statement of the batch. With `public`, the batch must be signed with that key."""
    statement = read_statement(data)
    require(len(data) >= 225, "cut off")
    check_area(data[152:221])
    body = data[225:]
    require(struct.unpack(">I", data[221:225])[0] == len(body), "body bytes")
    leaves, counted = [], 0
    while body:
        leaf, counts, body = read_record(body)
        leaves.append(leaf)
        counted += counts
        require(len(leaves) <= RECORDS_MAX and counted <= BODY_BYTES_MAX, "too large")
    require(len(leaves) == statement["record_count"], "record count")
    require(root(leaves) == statement["root"], "root", "root")
    if public is not None:
        check_signature(data[:152], data[152:221], public)
    return statement


def check_follows(before, statement):
    """`before` is the statement of the batch before, or None for the first of a dataset."""
    if before is None:
        require((statement["first_sequence"], statement["previous_hash"]) == (1, bytes(32)), "not a first batch", "chain")
        return
    require(statement["dataset_id"] == before["dataset_id"], "another dataset", "chain")
    require(statement["epoch"] >= before["epoch"], "an older epoch", "chain")
    require(statement["first_sequence"] == before["first_sequence"] + before["record_count"], "sequence", "chain")
    require(statement["previous_hash"] == before["hash"], "previous hash", "chain")


def read_entry(body, snapshot):
    """How many sequences the first entry of a delivery stands for, and the rest."""
    operation, flags, key_bytes, time_us, salts, content, rest = take(body)
    require(1 <= operation <= 5 and salts == 0, "operation or salts")
    if operation >= 3:
        require((flags, key_bytes, time_us, len(content)) == (0, 0, 0, 8), "only a number")
        require(operation != 5 or snapshot, "superseded outside a snapshot")
        count, = struct.unpack(">Q", content)
        require(1 <= count <= SEQUENCE_MAX, "run")
        return count, rest
    require(flags & ~3 == 0, "flags")
    require(key_bytes <= len(content), "key does not fit")
    require(not flags & 2 or key_bytes == 16, "a pseudonym has 16 bytes")
    check_content(operation, flags, content[:key_bytes], time_us, content[key_bytes:])
    return 1, rest


def read_delivery(data, public=None):
    """The first and the last sequence of the delivery."""
    require(data[:7] == b"ALMTRA\x00" and len(data) >= 249, "magic or length")
    first, last, _release, _regime, count, hash_kind, zero, flags = struct.unpack(">QQQQIBBH", data[24:64])
    require((data[7], zero, flags & ~1) == (1, 0, 0) and hash_kind in (0, 1), "version, hash or flags")
    require(data[8:24] != bytes(16), "dataset id")
    check_area(data[160:229])
    if hash_kind == 0:
        require(data[128:160] == bytes(32) and data[160:245] == bytes(85), "hash, signature or salt without a hash")
    body = data[249:]
    require(struct.unpack(">I", data[245:249])[0] == len(body) <= DELIVERY_BODY_BYTES_MAX, "body bytes")
    entries, sequences = 0, 0
    while body:
        stands_for, body = read_entry(body, flags == 1)
        entries, sequences = entries + 1, sequences + stands_for
        require(entries <= RECORDS_MAX, "too many entries")
    require(entries == count >= 1, "entry count")
    require(first >= 1 and first + sequences - 1 == last <= SEQUENCE_MAX, "sequences")
    if hash_kind == 1:
        require(sha256(data[229:245] + data[249:]) == data[128:160], "content", "content")
    if public is not None:
        check_signature(data[:160], data[160:229], public)
    return first, last
