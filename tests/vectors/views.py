"""Applies views to records as proto/allmende/v1/view.proto says, with the standard library alone.

A schema is a list of fields; `type` is a protobuf type, `timestamp`, `position`, or `message` with `fields` of its own.
Programs are written in protobuf's JSON form.
"""
import datetime
import hashlib
import hmac
import math
import struct

VARINTS = {"int32", "int64", "uint32", "uint64", "sint32", "sint64", "bool"}
FIXED64 = {"fixed64", "sfixed64", "double"}
FIXED32 = {"fixed32", "sfixed32", "float"}
STRUCTS = {"fixed64": "<Q", "sfixed64": "<q", "double": "<d", "fixed32": "<I", "sfixed32": "<i", "float": "<f"}
MESSAGES = {"timestamp", "position", "message"}
YEAR_ONE_US = -62135596800 * 10**6


# ------------------------------------------------------------------------------------------------------ wire format


def varint(number):
    out = b""
    number &= 2**64 - 1
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 0x80:
            return number, at


def read_fields(data):
    """(number, wire type, raw value) of each field; the raw value of a length-delimited one is its content."""
    at, fields = 0, []
    while at < len(data):
        tag, at = read_varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = read_varint(data, at)
        elif wire == 2:
            length, at = read_varint(data, at)
            value, at = data[at:at + length], at + length
        else:
            size = {1: 8, 5: 4}[wire]
            value, at = data[at:at + size], at + size
        fields.append((tag >> 3, wire, value))
    return fields


def write_field(number, wire, value):
    tag = varint(number << 3 | wire)
    if wire == 0:
        return tag + varint(value)
    return tag + (varint(len(value)) + value if wire == 2 else value)


def wire_of(kind):
    return 0 if kind in VARINTS else 1 if kind in FIXED64 else 5 if kind in FIXED32 else 2


def decode(kind, raw):
    if kind in ("sint32", "sint64"):
        return (raw >> 1) ^ -(raw & 1)
    if kind in ("int32", "int64"):
        return raw - 2**64 if raw >= 2**63 else raw
    if kind in VARINTS:
        return raw
    return struct.unpack(STRUCTS[kind], raw)[0]


def encode(kind, value):
    if kind in ("sint32", "sint64"):
        return value * 2 if value >= 0 else -value * 2 - 1
    return value if kind in VARINTS else struct.pack(STRUCTS[kind], value)


def timestamp_us(raw):
    fields = {number: value for number, _, value in read_fields(raw)}
    return decode("int64", fields.get(1, 0)) * 10**6 + fields.get(2, 0) // 1000


# ----------------------------------------------------------------------------------------------------------- actions


def round_down(time, step, least):
    return max(time - time % step, least)


def rounded_timestamp(raw, step):
    time = round_down(timestamp_us(raw), step, YEAR_ONE_US)
    seconds, rest = time // 10**6, time % 10**6
    return ((write_field(1, 0, seconds) if seconds else b"") + (write_field(2, 0, rest * 1000) if rest else b""))


def seven_decimals(degrees):
    """Half away from zero, and no negative zero."""
    scaled = degrees * 1e7
    return math.copysign(math.floor(abs(scaled) + 0.5), scaled) / 1e7 + 0.0


def cell_centre(raw, metres):
    fields = {number: struct.unpack("<d", value)[0] for number, _, value in read_fields(raw)}
    size = metres / 111320.0
    centre = min(max((math.floor(fields.get(1, 0.0) / size) + 0.5) * size, -90.0), 90.0)
    cells = max(1.0, math.floor(360.0 * math.cos(centre * (math.pi / 180.0)) / size))
    cell = min(cells - 1.0, math.floor((fields.get(2, 0.0) + 180.0) * cells / 360.0))
    out = b""
    for number, degrees in ((1, centre), (2, -180.0 + (cell + 0.5) * 360.0 / cells)):
        degrees = seven_decimals(degrees)
        out += write_field(number, 1, struct.pack("<d", degrees)) if degrees != 0 else b""
    return out


def bucketed(kind, value, bucket):
    if isinstance(value, float) and math.isnan(value):
        return value
    bounds = [float(bound) for bound in bucket["bounds"]]
    if kind == "float":
        bounds = [struct.unpack("<f", struct.pack("<f", bound))[0] for bound in bounds]
    above = sum(1 for bound in bounds if value >= bound)
    if bucket.get("index"):
        result = above
    elif above > 0:
        result = bounds[above - 1]
    elif "below" in bucket:
        result = float(bucket["below"])
    elif bounds[0] > 0 or kind in ("uint32", "uint64", "fixed32", "fixed64"):
        result = 0
    elif kind in ("float", "double"):
        result = -math.inf
    else:
        result = -2**31 if kind.endswith("32") else -2**63
    return float(result) if kind in ("float", "double") else int(result)


PERIODS = {"AGREEMENT": 1, "YEAR": 2, "MONTH": 3, "DAY": 4}


def period_bytes(name, event_time_us):
    number = 0
    if name != "AGREEMENT":
        if event_time_us is None:
            number = -2**63
        else:
            days = event_time_us // (86400 * 10**6)
            date = datetime.date(1970, 1, 1) + datetime.timedelta(days=days)
            number = {"YEAR": date.year, "MONTH": date.year * 12 + date.month - 1, "DAY": days}[name]
    return struct.pack(">Bq", PERIODS[name], number)


def pseudonym(key, dataset_id, kind, period, event_time_us, rest):
    message = b"allmende pseudonym v1\x00" + dataset_id + bytes([kind]) + period_bytes(period, event_time_us) + rest
    return hmac.new(key, message, hashlib.sha256).digest()[:16]


class View:
    def __init__(self, schema, program, dataset_id, key):
        self.schema, self.program, self.dataset_id, self.key = schema, program, dataset_id, key

    def apply(self, record):
        """What a reader gets of a record, or None where the row filter keeps it back."""
        time = record.get("event_time_us")
        time = None if time is None else int(time)
        actions = {field["number"]: field for field in self.program.get("fields", [])}
        out = {}
        for field in self.schema:
            action = actions.get(field["number"], {})
            if field.get("event_time") and time is not None:
                if "keep" in action:
                    out["event_time_us"] = str(time)
                elif "roundTime" in action:
                    out["event_time_us"] = str(round_down(time, int(action["roundTime"]["stepUs"]), YEAR_ONE_US))
        keys = [actions.get(field["number"], {}) for field in self.schema if field.get("key")]
        if keys and all("keep" in action for action in keys):
            out.update(key=record["key"], key_is_pseudonym=False)
        elif keys:
            period = max(["AGREEMENT"] + [action["pseudonym"]["period"] for action in keys if "pseudonym" in action],
                         key=PERIODS.get)
            made = pseudonym(self.key, self.dataset_id, 2, period, time, bytes.fromhex(record["key"]))
            out.update(key=made.hex(), key_is_pseudonym=True)
        if record["operation"] == "delete":
            return dict(out, payload="")
        payload = bytes.fromhex(record["payload"])
        if "rows" in self.program and self.passes(self.program["rows"], payload) is not True:
            return None
        return dict(out, payload=self.message(self.schema, self.program.get("fields", []), payload, "", time).hex())

    def message(self, schema, instructions, payload, path, time):
        """`instructions` is None where all that the schema knows is kept."""
        actions = {} if instructions is None else {field["number"]: field for field in instructions}
        present = read_fields(payload)
        out = b""
        for field in sorted(schema, key=lambda field: field["number"]):
            action = {"keep": {}} if instructions is None else actions.get(field["number"])
            if action is None:
                continue
            values = [raw for number, _, raw in present if number == field["number"]]
            always = field.get("optional") or field.get("repeated") or field["type"] in MESSAGES
            if not values and "bucket" in action and not always:
                values = [encode(field["type"], decode(field["type"], 0 if wire_of(field["type"]) == 0 else
                                                       bytes(8 if wire_of(field["type"]) == 1 else 4)))]
            for raw in values:
                changed = self.change(field, action, raw, path + field["name"], time)
                zero = changed in (0, b"") or (isinstance(changed, bytes) and wire_of(field["type"]) != 2 and
                                               not any(changed))
                if always or not zero:
                    out += write_field(field["number"], wire_of(field["type"]), changed)
        return out

    def change(self, field, action, raw, path, time):
        kind = field["type"]
        if "nested" in action or kind == "message":
            inner = action["nested"].get("fields", []) if "nested" in action else None
            return self.message(field["fields"], inner, raw, path + ".", time)
        if "roundTime" in action:
            step = int(action["roundTime"]["stepUs"])
            if kind == "timestamp":
                return rounded_timestamp(raw, step)
            unit = {"us": 1, "ms": 1000, "s": 10**6}[field["unit"]]
            return round_down(decode(kind, raw), step // unit, -(-YEAR_ONE_US // unit))
        if "grid" in action:
            return cell_centre(raw, action["grid"]["metres"])
        if "bucket" in action:
            return encode(kind, bucketed(kind, decode(kind, raw), action["bucket"]))
        if "mask" in action:
            return action["mask"]["text"].encode() if raw or field.get("optional") else b""
        if "pseudonym" in action:
            if not raw and not field.get("optional"):
                return b""
            domain = action["pseudonym"].get("domain", path).encode()
            made = pseudonym(self.key, self.dataset_id, 1, action["pseudonym"]["period"], time,
                             struct.pack(">I", len(domain)) + domain + raw)
            return made.hex().encode() if kind == "string" else made
        return raw

    # True, false, or None for unknown.
    def passes(self, rows, payload):
        if "negated" in rows:
            inner = self.passes(rows["negated"], payload)
            return None if inner is None else not inner
        for name, decides in (("all", False), ("any", True)):
            if name in rows:
                found = [self.passes(inner, payload) for inner in rows[name]["of"]]
                return decides if decides in found else None if None in found else not decides
        if "member" in rows:
            value = self.value(rows["member"]["field"], payload)
            return None if value is None else value in [constant(each) for each in rows["member"]["values"]]
        value, other = self.value(rows["compare"]["field"], payload), constant(rows["compare"]["value"])
        if value is None or value != value:
            return None
        return {"EQUAL": value == other, "NOT_EQUAL": value != other, "LESS": value < other,
                "LESS_OR_EQUAL": value <= other, "GREATER": value > other,
                "GREATER_OR_EQUAL": value >= other}[rows["compare"]["operator"]]

    def value(self, numbers, payload, schema=None):
        field = next(field for field in schema or self.schema if field["number"] == numbers[0])
        values = [raw for number, _, raw in read_fields(payload) if number == numbers[0]]
        if len(numbers) > 1:
            return self.value(numbers[1:], values[0], field["fields"]) if values else None
        kind = field["type"]
        if not values:
            if field.get("optional") or kind in MESSAGES:
                return None
            return "" if kind == "string" else b"" if kind == "bytes" else 0
        if kind == "timestamp":
            return timestamp_us(values[0])
        if kind in ("string", "bytes"):
            return values[0].decode() if kind == "string" else values[0]
        return decode(kind, values[0])


def constant(value):
    (kind, text), = value.items()
    return text if kind in ("text", "truth", "number") else int(text)
