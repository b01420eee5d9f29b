// How the statements of a dataset hang together: each names the hash of the one before, and sequences are dense.
// Stateless; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "sdk/crypto/hash.h"
#include "sdk/format/dataset_id.h"
#include "sdk/format/statement.h"

namespace allmende::format {

// Where a dataset's log ends. As made here: where an empty one does.
struct ChainHead {
  DatasetId dataset;
  uint64_t epoch = 0;  // of the last statement; 0: there is none
  uint64_t next_sequence = 1;
  crypto::Digest statement_hash{};  // of the last statement

  friend bool operator==(const ChainHead&, const ChainHead&) = default;
};

// OK when `next` may stand right behind `head`.
//   kInvalidArgument     another dataset
//   kPermissionDenied    an older epoch: the writer has been fenced
//   kOutOfRange          another first sequence
//   kFailedPrecondition  another previous hash: the two logs differ before this batch
absl::Status CheckFollows(const ChainHead& head, const Statement& next);

// The head once a batch is appended. `statement_bytes` as stored, at least kStatementBytes long.
ChainHead HeadAfter(const Statement& statement, std::string_view statement_bytes);

}  // namespace allmende::format
