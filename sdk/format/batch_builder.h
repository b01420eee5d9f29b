// Making a batch. First its records get their salts and become a body; once the place in the log is known, the body is
// sealed under a statement. An outbox keeps the body and seals it anew when the place changes (another epoch, a batch
// before it that was dropped): salts and root stay.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/crypto/ed25519.h"
#include "sdk/crypto/hash.h"
#include "sdk/crypto/random.h"
#include "sdk/format/batch.h"
#include "sdk/format/dataset_id.h"
#include "sdk/format/merkle.h"
#include "sdk/format/record.h"

namespace allmende::format {

// Encoded records with their salts, and the root over them. Immutable; thread-safe.
class BatchBody {
 public:
  // Takes records that were encoded before (BatchView::body), and computes the root.
  //   kInvalidArgument  malformed, no record, or over a limit
  static absl::StatusOr<BatchBody> Parse(std::string bytes);

  std::string_view bytes() const { return bytes_; }
  uint32_t record_count() const { return record_count_; }
  const crypto::Digest& root() const { return root_; }

 private:
  friend class BatchBuilder;
  BatchBody(std::string bytes, uint32_t record_count, const crypto::Digest& root)
      : bytes_(std::move(bytes)), record_count_(record_count), root_(root) {}

  std::string bytes_;
  uint32_t record_count_;
  crypto::Digest root_;
};

// Collects records. Borrows `salts`, which must outlive it. Not thread-safe.
class BatchBuilder {
 public:
  explicit BatchBuilder(crypto::SaltSource& salts) : salts_(salts), tree_(hasher_) {}
  BatchBuilder(const BatchBuilder&) = delete;
  BatchBuilder& operator=(const BatchBuilder&) = delete;

  // Adds a copy of the record.
  //   kInvalidArgument    as CheckContent, or too large for any batch; nothing was added
  //   kResourceExhausted  the batch is full: Finish it and add the record to the next
  absl::Status Add(const RecordContent& content);

  bool empty() const { return record_count_ == 0; }
  uint32_t record_count() const { return record_count_; }
  size_t body_bytes() const { return bytes_.size(); }

  // Returns the body and starts the next one.
  //   kFailedPrecondition  no record was added
  absl::StatusOr<BatchBody> Finish();

 private:
  crypto::SaltSource& salts_;
  crypto::Sha256 hasher_;
  MerkleRoot tree_;
  std::string bytes_;
  size_t counted_bytes_ = 0;  // docs/formats.md, Limits
  uint32_t record_count_ = 0;
};

// Where a batch stands, and when it was made. The fields are those of Statement.
struct BatchPlace {
  DatasetId dataset = {};
  uint64_t epoch = 0;
  uint64_t first_sequence = 0;
  int64_t created_us = 0;
  crypto::Digest schema_hash{};
  crypto::Digest previous_hash{};
};

// Returns the batch. The same body, place and key always give the same bytes, so a batch that is sent again after a
// crash is a repeat and not an equivocation. Without a `signer` (null) the batch is not signed. Thread-safe.
//   kInvalidArgument  a field of `place` is out of its bounds
absl::StatusOr<std::string> Seal(const BatchBody& body, const BatchPlace& place,
                                 const crypto::Ed25519PrivateKey* signer = nullptr);

}  // namespace allmende::format
