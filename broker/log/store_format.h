// What a StoreLog writes: keys and values in its database, and the mark beside it. Format 1; integers are big-endian.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "broker/log/records.h"
#include "broker/log/types.h"
#include "sdk/crypto/hash.h"
#include "sdk/store/database.h"

namespace allmende::broker {

// Families, in the order in which the database is opened with them.
//   entries  log u32, first sequence u64 -> header (EntryHeader), bytes
//   heads    log u32                     -> HeadRecord
//   commits  "last"                      -> CommitMark of the last commit
//            number modulo kCommitsKept u16 -> CommitMark
//   keys, times, state                   -> side keys, the callers'
inline constexpr store::Family kEntryFamily{0};
inline constexpr store::Family kHeadFamily{1};
inline constexpr store::Family kCommitFamily{2};
store::Family FamilyOf(SideFamily family);

// `memory_bytes_max` is for the cache and for what is not in files yet, together.
store::DatabaseOptions StoreOptions(const std::string& path, std::size_t memory_bytes_max);

std::string EntryKey(LogId log, Sequence first);
// The end of all entry keys of a log.
std::string EntryKeysEnd(LogId log);
//   kDataLoss  no entry key
absl::StatusOr<Sequence> SequenceOfEntryKey(std::string_view key);

inline constexpr std::size_t kEntryHeaderBytes = 57;
std::string EncodeEntryHeader(const EntryHeader& header);
struct EncodedEntry {
  EntryHeader header;
  std::string_view bytes;  // borrows
};
//   kDataLoss  of another format
absl::StatusOr<EncodedEntry> DecodeEntry(std::string_view value);

std::string HeadKey(LogId log);
absl::StatusOr<LogId> LogOfHeadKey(std::string_view key);
std::string EncodeHead(const HeadRecord& head);
absl::StatusOr<HeadRecord> DecodeHead(std::string_view value);

// Commits form a chain, whatever logs they write to: two databases that went different ways differ from there on.
struct CommitMark {
  std::uint64_t number = 0;  // from 1
  crypto::Digest chain{};

  friend bool operator==(const CommitMark&, const CommitMark&) = default;
};

// How many of the last commits the database knows the marks of. The mark beside it must never be older than that.
inline constexpr std::uint64_t kCommitsKept = 16'384;

inline constexpr std::string_view kLastCommitKey = "last";
std::string CommitKey(std::uint64_t number);
std::string EncodeMark(const CommitMark& mark);
absl::StatusOr<CommitMark> DecodeMark(std::string_view value);

}  // namespace allmende::broker
