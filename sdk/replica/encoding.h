// How a replica writes records and what it knows about them. All numbers big-endian; version 1 of the replica's format.
//
//   record key    8 copy, then the canonical key (tables) or 8 sequence (streams)
//   record value  1 flags, 8 event time us, then 8 sequence (tables) or 2 key bytes and the key (streams), then the
//   payload state         see EncodeState
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "allmende/record.h"
#include "sdk/session/replica_state.h"

namespace allmende::replica {

inline constexpr size_t kCopyBytes = 8;

// What the keys of a copy's records begin with. The end of its key range is CopyPrefix(copy + 1).
std::string CopyPrefix(uint64_t copy);
std::string TableKey(uint64_t copy, std::string_view key);
std::string StreamKey(uint64_t copy, uint64_t sequence);

// Replaces `value`, whose memory is kept.
void EncodeTableRecord(const RecordView& record, std::string& value);
void EncodeStreamRecord(const RecordView& record, std::string& value);

// Both borrow from their arguments. kDataLoss: not what was written.
absl::StatusOr<RecordView> DecodeTableRecord(std::string_view database_key, std::string_view value);
absl::StatusOr<RecordView> DecodeStreamRecord(std::string_view database_key, std::string_view value);

// Everything but `opened`.
std::string EncodeState(const session::ReplicaState& state);
absl::StatusOr<session::ReplicaState> DecodeState(std::string_view bytes);

std::string EncodeTime(absl::Time time);
absl::StatusOr<absl::Time> DecodeTime(std::string_view bytes);

}  // namespace allmende::replica
