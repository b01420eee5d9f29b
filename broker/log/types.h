// What logs are made of. Values only; no storage.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/crypto/hash.h"

namespace allmende::broker {

// A log's short local number, chosen by the caller (dataset ids are global, this is not). A log exists from its first
// append on.
enum class LogId : std::uint32_t {};

inline constexpr LogId kControlLog{0};

// A record's number within its log: dense, from 1.
using Sequence = std::uint64_t;

// The statement hash of an entry: what makes an entry that entry, also after its bytes were redacted.
using LogHash = crypto::Digest;

// A place between two entries of one log, as a Log gave it out; a new one stands before the first entry. Places of one
// log may be compared, nothing else can be read from them. A place stays good when the log is reopened.
class LogPosition {
 public:
  LogPosition() = default;
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;

  // For implementations of Log, and for storing a place beside what was computed up to it.
  static LogPosition FromToken(std::uint64_t token) { return LogPosition(token); }
  std::uint64_t token() const { return token_; }

 private:
  explicit LogPosition(std::uint64_t token) : token_(token) {}

  std::uint64_t token_ = 0;
};

// What a writer appends. The log does not look inside `bytes`.
struct LogEntry {
  std::string bytes;
  std::uint32_t count = 1;  // sequences it covers: the records of a batch
  LogHash hash{};
};

// Where a log stands.
struct LogHead {
  LogPosition position;         // after the last entry: what the next append has to expect
  Sequence next_sequence = 1;   // of the next record
  Sequence first_sequence = 1;  // of the oldest entry still held; equals next_sequence if none is
  LogHash hash{};               // of the last entry; zeros if there was none yet
  std::uint64_t entries = 0;    // held, as far as they are in one piece with the head: after trimming fewer
  std::uint64_t bytes = 0;      // of the entries held, as they were appended

  friend bool operator==(const LogHead&, const LogHead&) = default;
};

// Indexes and other state that changes together with a log, in key spaces beside it. Keys and values are the caller's;
// keys begin with the log's number (SideKeyPrefix) where they belong to one.
enum class SideFamily : std::uint8_t {
  kKeyIndex,   // key of a table's record -> its latest sequence
  kTimeIndex,  // time -> sequence
  kState,      // anything else: producers' epochs, quarantine, checkpoints of projections
};

struct SideWrite {
  enum class Kind : std::uint8_t { kPut, kDelete, kDeletePrefix, kDeleteIf };

  static SideWrite Put(SideFamily family, std::string key, std::string value) {
    return {Kind::kPut, family, std::move(key), std::move(value)};
  }
  static SideWrite Delete(SideFamily family, std::string key) { return {Kind::kDelete, family, std::move(key), {}}; }
  // Every key that begins with `prefix`. Slows reads nearby for a while: for dropping an index, not for single keys.
  static SideWrite DeletePrefix(SideFamily family, std::string prefix) {
    return {Kind::kDeletePrefix, family, std::move(prefix), {}};
  }
  // The key, if `value` is what it has when the write's turn comes. In Log::WriteSide only, and not beside other writes
  // of the key. The log reads for it: no more than some thousands in one write.
  static SideWrite DeleteIf(SideFamily family, std::string key, std::string value) {
    return {Kind::kDeleteIf, family, std::move(key), std::move(value)};
  }

  Kind kind = Kind::kPut;
  SideFamily family = SideFamily::kState;
  std::string key;
  std::string value;
};

// The first four bytes of the side keys of one log.
std::string SideKeyPrefix(LogId log);

// "the control log" or "log 17", for messages.
std::string LogName(LogId log);

}  // namespace allmende::broker
