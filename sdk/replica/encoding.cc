#include "sdk/replica/encoding.h"

#include <concepts>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/endian.h"

namespace allmende::replica {

namespace {

constexpr uint8_t kHasEventTime = 1;
constexpr uint8_t kIsPseudonym = 2;
constexpr uint8_t kIsDelete = 4;

constexpr uint8_t kNarrowed = 1;
constexpr uint8_t kEnded = 2;

// Reads fields one after the other; what runs over the end shows in Done().
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral T>
  T Number() {
    const std::string_view field = Bytes(sizeof(T));
    return field.empty() ? 0 : LoadBigEndian<T>(field.data());
  }
  std::string_view Bytes(size_t size) {
    if (rest_.size() < size) {
      short_ = true;
      return {};
    }
    const std::string_view field = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return field;
  }
  std::string_view Rest() { return std::exchange(rest_, {}); }
  bool Done() const { return !short_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool short_ = false;
};

absl::Status Damaged(const char* what) {
  return absl::DataLossError(absl::StrCat("the replica is damaged: ", what, " has a wrong length"));
}

void AppendHead(const RecordView& record, std::string& value) {
  uint8_t flags = 0;
  if (record.event_time.has_value()) flags |= kHasEventTime;
  if (record.key_is_pseudonym) flags |= kIsPseudonym;
  if (record.operation == Operation::kDelete) flags |= kIsDelete;
  AppendBigEndian(flags, value);
  const int64_t event_time_us = record.event_time.has_value() ? absl::ToUnixMicros(*record.event_time) : 0;
  AppendBigEndian(static_cast<uint64_t>(event_time_us), value);
}

void ReadHead(FieldReader& reader, RecordView& record) {
  const uint8_t flags = reader.Number<uint8_t>();
  const auto event_time_us = static_cast<int64_t>(reader.Number<uint64_t>());
  if ((flags & kHasEventTime) != 0) record.event_time = absl::FromUnixMicros(event_time_us);
  record.key_is_pseudonym = (flags & kIsPseudonym) != 0;
  record.operation = (flags & kIsDelete) != 0 ? Operation::kDelete : Operation::kUpsert;
}

void AppendCopy(const session::ReplicaCopy& copy, std::string& bytes) {
  AppendBigEndian(copy.number, bytes);
  AppendBigEndian(copy.applied, bytes);
  AppendBigEndian(copy.records, bytes);
}

session::ReplicaCopy ReadCopy(FieldReader& reader) {
  session::ReplicaCopy copy;
  copy.number = reader.Number<uint64_t>();
  copy.applied = reader.Number<uint64_t>();
  copy.records = reader.Number<uint64_t>();
  return copy;
}

void AppendTime(absl::Time time, std::string& bytes) {
  AppendBigEndian(static_cast<uint64_t>(absl::ToUnixMicros(time)), bytes);  // the infinities are the outermost numbers
}

absl::Time ReadTime(FieldReader& reader) {
  const auto us = static_cast<int64_t>(reader.Number<uint64_t>());
  if (us == std::numeric_limits<int64_t>::min()) return absl::InfinitePast();
  if (us == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  return absl::FromUnixMicros(us);
}

}  // namespace

std::string CopyPrefix(uint64_t copy) {
  std::string key;
  AppendBigEndian(copy, key);
  return key;
}

std::string TableKey(uint64_t copy, std::string_view key) {
  return CopyPrefix(copy).append(key);
}

std::string StreamKey(uint64_t copy, uint64_t sequence) {
  std::string key = CopyPrefix(copy);
  AppendBigEndian(sequence, key);
  return key;
}

void EncodeTableRecord(const RecordView& record, std::string& value) {
  value.clear();
  AppendHead(record, value);
  AppendBigEndian(record.sequence, value);
  value.append(record.payload);
}

void EncodeStreamRecord(const RecordView& record, std::string& value) {
  value.clear();
  AppendHead(record, value);
  AppendBigEndian(static_cast<uint16_t>(record.key.size()), value);
  value.append(record.key);
  value.append(record.payload);
}

absl::StatusOr<RecordView> DecodeTableRecord(std::string_view database_key, std::string_view value) {
  RecordView record;
  FieldReader reader(value);
  ReadHead(reader, record);
  record.sequence = reader.Number<uint64_t>();
  record.payload = reader.Rest();
  if (!reader.Done() || database_key.size() < kCopyBytes) return Damaged("a record");
  record.key = database_key.substr(kCopyBytes);
  return record;
}

absl::StatusOr<RecordView> DecodeStreamRecord(std::string_view database_key, std::string_view value) {
  RecordView record;
  FieldReader reader(value);
  ReadHead(reader, record);
  record.key = reader.Bytes(reader.Number<uint16_t>());
  record.payload = reader.Rest();
  if (!reader.Done() || database_key.size() != kCopyBytes + sizeof(uint64_t)) return Damaged("a record");
  record.sequence = LoadBigEndian<uint64_t>(database_key.data() + kCopyBytes);
  return record;
}

// 3 x 8 served, 3 x 8 made, 8 made target, 1 flags, 8 token sequence, 8 head, 8 epoch, 8 as of, 8 level at, 8 lease
// until, 8 clock seen, then the token.
std::string EncodeState(const session::ReplicaState& state) {
  std::string bytes;
  AppendCopy(state.served, bytes);
  AppendCopy(state.made, bytes);
  AppendBigEndian(state.made_target, bytes);
  AppendBigEndian(static_cast<uint8_t>((state.narrowed ? kNarrowed : 0) | (state.ended ? kEnded : 0)), bytes);
  AppendBigEndian(state.token_sequence, bytes);
  AppendBigEndian(state.head, bytes);
  AppendBigEndian(state.epoch, bytes);
  AppendTime(state.as_of, bytes);
  AppendTime(state.level_at, bytes);
  AppendTime(state.lease_until, bytes);
  AppendTime(state.clock_seen, bytes);
  bytes.append(state.resume_token);
  return bytes;
}

absl::StatusOr<session::ReplicaState> DecodeState(std::string_view bytes) {
  session::ReplicaState state;
  FieldReader reader(bytes);
  state.served = ReadCopy(reader);
  state.made = ReadCopy(reader);
  state.made_target = reader.Number<uint64_t>();
  const uint8_t flags = reader.Number<uint8_t>();
  state.narrowed = (flags & kNarrowed) != 0;
  state.ended = (flags & kEnded) != 0;
  state.token_sequence = reader.Number<uint64_t>();
  state.head = reader.Number<uint64_t>();
  state.epoch = reader.Number<uint64_t>();
  state.as_of = ReadTime(reader);
  state.level_at = ReadTime(reader);
  state.lease_until = ReadTime(reader);
  state.clock_seen = ReadTime(reader);
  state.resume_token = reader.Rest();
  if (!reader.Done()) return Damaged("its state");
  return state;
}

std::string EncodeTime(absl::Time time) {
  std::string bytes;
  AppendTime(time, bytes);
  return bytes;
}

absl::StatusOr<absl::Time> DecodeTime(std::string_view bytes) {
  FieldReader reader(bytes);
  const absl::Time time = ReadTime(reader);
  if (!reader.Done()) return Damaged("its clock");
  return time;
}

}  // namespace allmende::replica
