#include "broker/data/keys.h"

#include <algorithm>

#include "absl/status/status.h"
#include "sdk/base/endian.h"

namespace allmende::broker {
namespace {

constexpr char kEnvelopeVersion = 2;
constexpr size_t kPreviousCountAt = 4;
constexpr size_t kAcceptedAtAt = 8;
constexpr size_t kPreviousAt = 16;
// The kinds of kState keys of a dataset.
constexpr char kLargestEventTime = 't';
constexpr char kQuarantineCount = 'Q';
constexpr char kQuarantined = 'q';
constexpr char kLatestThrough = 'c';
constexpr char kLatestLive = 'l';
constexpr char kErasedTombstone = 'd';
constexpr char kErasureCount = 'e';
constexpr char kNewestExpired = 'x';

std::string StateKey(LogId log, char kind) {
  return SideKeyPrefix(log) + kind;
}

}  // namespace

std::string KeyIndexKey(LogId log, std::string_view record_key) {
  std::string key = SideKeyPrefix(log);
  key.append(record_key);
  return key;
}

std::string EncodeSequence(Sequence sequence) {
  std::string value;
  AppendBigEndian(sequence, value);
  return value;
}

absl::StatusOr<Sequence> DecodeSequence(std::string_view value) {
  if (value.size() != sizeof(Sequence)) {
    return absl::DataLossError("an index entry has the wrong size: restore the broker's directory from a backup");
  }
  return LoadBigEndian<Sequence>(value.data());
}

std::string TimeIndexKey(LogId log, int64_t event_time_us) {
  std::string key = SideKeyPrefix(log);
  AppendBigEndian(static_cast<uint64_t>(event_time_us) ^ (uint64_t{1} << 63), key);  // negative times first
  return key;
}

std::string LargestEventTimeKey(LogId log) {
  return StateKey(log, kLargestEventTime);
}
std::string QuarantineCountKey(LogId log) {
  return StateKey(log, kQuarantineCount);
}
std::string QuarantinePrefix(LogId log) {
  return StateKey(log, kQuarantined);
}

std::string LatestThroughKey(LogId log) {
  return StateKey(log, kLatestThrough);
}
std::string LatestLiveKey(LogId log) {
  return StateKey(log, kLatestLive);
}
std::string ErasedTombstoneKey(LogId log) {
  return StateKey(log, kErasedTombstone);
}
std::string NewestExpiredKey(LogId log) {
  return StateKey(log, kNewestExpired);
}
std::string ErasureCountKey(LogId log) {
  return StateKey(log, kErasureCount);
}

std::string QuarantineKey(LogId log, uint64_t number) {
  std::string key = QuarantinePrefix(log);
  AppendBigEndian(number, key);
  return key;
}

std::string EncodeEnvelope(const Envelope& envelope, std::span<const Sequence> previous) {
  if (std::all_of(previous.begin(), previous.end(), [](Sequence sequence) { return sequence == 0; })) {
    previous = {};
  }
  std::string bytes(1, kEnvelopeVersion);
  bytes.reserve(kPreviousAt + previous.size() * sizeof(Sequence));
  bytes.append(3, '\0');
  AppendBigEndian(static_cast<uint32_t>(previous.size()), bytes);
  AppendBigEndian(static_cast<uint64_t>(absl::ToUnixMicros(envelope.accepted_at)), bytes);
  for (const Sequence sequence : previous) {
    AppendBigEndian(sequence, bytes);
  }
  return bytes;
}

Sequence StoredBatch::Previous(size_t index) const {
  const size_t at = kPreviousAt + index * sizeof(Sequence);
  return at < envelope_bytes.size() ? LoadBigEndian<Sequence>(&envelope_bytes[at]) : 0;
}

absl::StatusOr<StoredBatch> SplitStored(std::string_view entry_bytes) {
  const absl::Status cut_off =
      absl::DataLossError("a stored batch is cut off: restore the broker's directory from a backup");
  if (entry_bytes.size() < kPreviousAt) {
    return cut_off;
  }
  if (entry_bytes[0] != kEnvelopeVersion) {
    return absl::UnimplementedError("a stored batch was written by another version of the broker: start that one");
  }
  const size_t bytes = kPreviousAt + LoadBigEndian<uint32_t>(&entry_bytes[kPreviousCountAt]) * sizeof(Sequence);
  if (entry_bytes.size() < bytes) {
    return cut_off;
  }
  StoredBatch stored;
  stored.envelope.accepted_at =
      absl::FromUnixMicros(static_cast<int64_t>(LoadBigEndian<uint64_t>(&entry_bytes[kAcceptedAtAt])));
  stored.envelope_bytes = entry_bytes.substr(0, bytes);
  stored.batch = entry_bytes.substr(bytes);
  return stored;
}

}  // namespace allmende::broker
