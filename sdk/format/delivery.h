// A transformed delivery: records as a view makes them, with the broker's attestation of where they come from.
// docs/formats.md, Transformed delivery. It carries no salts and no leaves of the original batches. Every sequence from
// the first to the last is accounted for, as a record or inside a skipped run, so there are no gaps to wonder about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/crypto/ed25519.h"
#include "sdk/crypto/hash.h"
#include "sdk/crypto/random.h"
#include "sdk/format/dataset_id.h"
#include "sdk/format/delivery_entry.h"
#include "sdk/format/signature.h"

namespace allmende::format {

inline constexpr size_t kAttestationBytes = 160;
inline constexpr size_t kDeliveryHeaderBytes = kAttestationBytes + kSignatureAreaBytes + 16 + 4;
inline constexpr size_t kDeliveryBodyBytesMax = 2 << 20;
inline constexpr uint32_t kDeliveryEntriesMax = 16'384;

// What the broker attests. `view_id` and `source_hash` are 32 bytes each.
struct Attestation {
  DatasetId dataset;
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;  // DeliveryBuilder counts it
  uint64_t release = 0;
  uint64_t regime = 0;
  bool snapshot = false;
  crypto::Digest view_id{};
  crypto::Digest source_hash{};  // statement hash of the original batch that holds the last sequence
  // DeliveryBuilder computes it. Absent: nothing but the connection vouches for the entries.
  std::optional<crypto::Digest> content_hash;
};

// Collects entries in sequence order. Borrows `salts`, which must outlive it. Not thread-safe.
class DeliveryBuilder {
 public:
  explicit DeliveryBuilder(crypto::SaltSource& salts) : salts_(salts) {}

  // Adds a copy of `entry`; its `first_sequence` is not looked at, it stands right behind the one before.
  //   kInvalidArgument    a value that no delivery can carry
  //   kResourceExhausted  the delivery is full: Finish it and add the entry to the next
  absl::Status Add(const DeliveryEntry& entry);

  bool empty() const { return entry_count_ == 0; }
  uint64_t sequences() const { return sequences_; }  // accounted for so far
  size_t body_bytes() const { return bytes_.empty() ? 0 : bytes_.size() - kDeliveryHeaderBytes; }

  // Makes room for entries of that many bytes at once.
  void Reserve(size_t body_bytes) { bytes_.reserve(kDeliveryHeaderBytes + body_bytes); }

  // Returns the delivery, unsigned where `signer` is null, and starts the next one.
  //   kFailedPrecondition  nothing was added
  //   kInvalidArgument     no dataset, a first sequence of 0, or a superseded run outside a snapshot
  absl::StatusOr<std::string> Finish(const Attestation& attestation, const crypto::Ed25519PrivateKey* signer = nullptr);

  // The same without content hash and signature, for a reader whom the connection tells where the bytes come from.
  // Hashing them would cost more than everything else that makes a delivery.
  absl::StatusOr<std::string> FinishWithoutHash(const Attestation& attestation);

 private:
  absl::Status CheckFinished(const Attestation& attestation) const;
  std::string Assemble(Attestation attestation, const crypto::Salt& salt, const crypto::Ed25519PrivateKey* signer);

  crypto::SaltSource& salts_;
  std::string bytes_;  // of the delivery: room for its header, then the entries; empty before the first one
  uint32_t entry_count_ = 0;
  uint64_t sequences_ = 0;
  bool has_superseded_ = false;
};

// A delivery whose bytes are well-formed throughout. Borrows the bytes. Immutable; thread-safe.
class DeliveryView {
 public:
  //   kInvalidArgument  malformed; the message says where and why
  //   kUnimplemented    made by a newer program
  static absl::StatusOr<DeliveryView> Parse(std::string_view bytes);

  const Attestation& attestation() const { return attestation_; }
  uint32_t entry_count() const { return entry_count_; }

  // Calls `visit(const DeliveryEntry&)` for each entry in order.
  template <typename Visit>
  void ForEach(Visit visit) const;

  // OK when the entries are those that were attested.
  //   kDataLoss            an entry was changed
  //   kFailedPrecondition  the attestation has no content hash
  absl::Status CheckContent() const;

  // OK when `key` signed the attestation.
  //   kUnauthenticated  not signed, signed with another key, or changed
  absl::Status CheckSignature(const crypto::Ed25519PublicKey& key) const;

 private:
  DeliveryView() = default;

  std::string_view bytes_;
  Attestation attestation_;
  uint32_t entry_count_ = 0;
};

template <typename Visit>
void DeliveryView::ForEach(Visit visit) const {
  std::string_view rest = bytes_.substr(kDeliveryHeaderBytes);
  uint64_t sequence = attestation_.first_sequence;
  while (!rest.empty()) {
    DeliveryEntry entry = TakeKnownEntry(rest);
    entry.first_sequence = sequence;
    sequence += entry.count;
    visit(static_cast<const DeliveryEntry&>(entry));
  }
}

}  // namespace allmende::format
