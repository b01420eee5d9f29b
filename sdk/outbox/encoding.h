// How an outbox writes what it knows besides the records. All numbers big-endian; version 1 of the outbox's format.
//
//   base        16 dataset id, 8 epoch, 8 first number, 8 next sequence, 32 previous hash, 32 schema hash
//   descriptor  4 record count, 4 encoded bytes, 8 created us, 32 root, 32 schema hash
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sdk/session/publish_types.h"

namespace allmende::outbox {

std::string EncodeNumber(uint64_t number);  // as key: 8 bytes
std::string EncodeBase(const session::SendBase& base);
std::string EncodeDescriptor(const session::PendingBatch& batch);

// kDataLoss: not what was written.
absl::StatusOr<uint64_t> DecodeNumber(std::string_view bytes);
absl::StatusOr<session::SendBase> DecodeBase(std::string_view bytes);
absl::StatusOr<session::PendingBatch> DecodeDescriptor(uint64_t number, std::string_view bytes);

}  // namespace allmende::outbox
