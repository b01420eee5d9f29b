#include "broker/log/store_format.h"

#include <cstddef>

#include "absl/status/status.h"
#include "sdk/base/endian.h"

namespace allmende::broker {
namespace {

constexpr char kEntryVersion = 1;
constexpr char kHeadVersion = 1;
constexpr std::size_t kHeadBytes = 1 + 9 * 8 + 32;
constexpr std::size_t kMarkBytes = 8 + 32;

// Reads one value after the other; the size was checked before.
class Reader {
 public:
  explicit Reader(const char* at) : at_(at) {}

  template <std::unsigned_integral T>
  T Next() {
    const T value = LoadBigEndian<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  crypto::Digest NextDigest() {
    crypto::Digest digest;
    for (std::uint8_t& byte : digest) {
      byte = static_cast<std::uint8_t>(*at_++);
    }
    return digest;
  }

 private:
  const char* at_;
};

absl::Status Damaged(std::string_view what) {
  return absl::DataLossError(std::string(what).append(" is damaged, or of a newer format"));
}

}  // namespace

store::Family FamilyOf(SideFamily family) {
  return store::Family{3 + static_cast<std::uint32_t>(family)};
}

store::DatabaseOptions StoreOptions(const std::string& path, std::size_t memory_bytes_max) {
  store::DatabaseOptions options;
  options.path = path;
  options.purpose = "broker log";
  options.format_version = 1;
  options.cache_bytes = memory_bytes_max / 4;
  options.families = {{.name = "entries", .buffer_bytes = memory_bytes_max / 4},
                      {.name = "heads", .buffer_bytes = std::size_t{1} << 20},
                      {.name = "commits", .buffer_bytes = std::size_t{1} << 20},
                      {.name = "keys", .buffer_bytes = memory_bytes_max / 8},
                      {.name = "times", .buffer_bytes = std::size_t{1} << 20},
                      {.name = "state", .buffer_bytes = std::size_t{1} << 20}};
  options.wal_bytes_max = std::size_t{32} << 20;
  return options;
}

std::string EntryKey(LogId log, Sequence first) {
  std::string key = SideKeyPrefix(log);
  AppendBigEndian(first, key);
  return key;
}

std::string EntryKeysEnd(LogId log) {
  std::string key = SideKeyPrefix(log);
  key.append(sizeof(Sequence) + 1, '\xff');
  return key;
}

absl::StatusOr<Sequence> SequenceOfEntryKey(std::string_view key) {
  if (key.size() != sizeof(std::uint32_t) + sizeof(Sequence)) {
    return Damaged("the key of an entry");
  }
  return LoadBigEndian<Sequence>(key.data() + sizeof(std::uint32_t));
}

std::string EncodeEntryHeader(const EntryHeader& header) {
  std::string value;
  value.reserve(kEntryHeaderBytes);
  value.push_back(kEntryVersion);
  AppendBigEndian(header.count, value);
  AppendBigEndian(header.bytes, value);
  AppendBigEndian(header.entries_before, value);
  AppendBigEndian(header.bytes_before, value);
  value.append(crypto::AsBytes(header.hash));
  return value;
}

absl::StatusOr<EncodedEntry> DecodeEntry(std::string_view value) {
  if (value.size() < kEntryHeaderBytes || value[0] != kEntryVersion) {
    return Damaged("an entry");
  }
  Reader reader(value.data() + 1);
  EncodedEntry entry;
  entry.header.count = reader.Next<std::uint32_t>();
  entry.header.bytes = reader.Next<std::uint32_t>();
  entry.header.entries_before = reader.Next<std::uint64_t>();
  entry.header.bytes_before = reader.Next<std::uint64_t>();
  entry.header.hash = reader.NextDigest();
  entry.bytes = value.substr(kEntryHeaderBytes);
  return entry;
}

std::string HeadKey(LogId log) {
  return SideKeyPrefix(log);
}

absl::StatusOr<LogId> LogOfHeadKey(std::string_view key) {
  if (key.size() != sizeof(std::uint32_t)) {
    return Damaged("the key of a log's head");
  }
  return LogId{LoadBigEndian<std::uint32_t>(key.data())};
}

std::string EncodeHead(const HeadRecord& head) {
  std::string value;
  value.reserve(kHeadBytes);
  value.push_back(kHeadVersion);
  for (const std::uint64_t number :
       {head.next_sequence, head.first_sequence, head.last_entry, head.entries_end, head.entries_start, head.bytes_end,
        head.bytes_start, head.reclaimed_to, head.reclaimed_bytes}) {
    AppendBigEndian(number, value);
  }
  value.append(crypto::AsBytes(head.hash));
  return value;
}

absl::StatusOr<HeadRecord> DecodeHead(std::string_view value) {
  if (value.size() != kHeadBytes || value[0] != kHeadVersion) {
    return Damaged("a log's head");
  }
  Reader reader(value.data() + 1);
  HeadRecord head;
  for (std::uint64_t* number :
       {&head.next_sequence, &head.first_sequence, &head.last_entry, &head.entries_end, &head.entries_start,
        &head.bytes_end, &head.bytes_start, &head.reclaimed_to, &head.reclaimed_bytes}) {
    *number = reader.Next<std::uint64_t>();
  }
  head.hash = reader.NextDigest();
  return head;
}

std::string CommitKey(std::uint64_t number) {
  std::string key;
  AppendBigEndian(static_cast<std::uint16_t>(number % kCommitsKept), key);
  return key;
}

std::string EncodeMark(const CommitMark& mark) {
  std::string value;
  AppendBigEndian(mark.number, value);
  value.append(crypto::AsBytes(mark.chain));
  return value;
}

absl::StatusOr<CommitMark> DecodeMark(std::string_view value) {
  if (value.size() != kMarkBytes) {
    return Damaged("the mark of a commit");
  }
  Reader reader(value.data());
  CommitMark mark;
  mark.number = reader.Next<std::uint64_t>();
  mark.chain = reader.NextDigest();
  return mark;
}

}  // namespace allmende::broker
