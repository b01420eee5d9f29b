// RFC 6962 Merkle trees with SHA-256.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sdk/crypto/hash.h"

namespace allmende::format {

// RFC 6962 keeps leaves and inner nodes apart by the first byte of what is hashed.
inline constexpr char kLeafPrefix = 0x00;
inline constexpr char kNodePrefix = 0x01;

// The root over any number of leaves, computed as they come: memory is one hash a level, nothing is allocated. Not
// thread-safe. Borrows the hasher, which others may use between two calls.
class MerkleRoot {
 public:
  explicit MerkleRoot(crypto::Sha256& hasher) : hasher_(hasher) {}

  // Takes the hash of a leaf (HashLeaf). At most 2^32 - 1 leaves.
  void Add(const crypto::Digest& leaf);

  // Starts a new tree.
  void Clear() { size_ = height_ = 0; }

  uint32_t size() const { return size_; }

  // The root over the leaves so far; over none, the hash of the empty string. More leaves may follow.
  crypto::Digest Root() const;

 private:
  crypto::Sha256& hasher_;
  uint32_t size_ = 0;
  // INVARIANT: the first `height_` hold one root for each bit set in `size_`, of the subtree with that many leaves, the
  // largest first.
  std::array<crypto::Digest, 32> stack_;
  uint32_t height_ = 0;
};

crypto::Digest HashLeaf(crypto::Sha256& hasher, std::string_view data);
crypto::Digest HashNode(crypto::Sha256& hasher, const crypto::Digest& left, const crypto::Digest& right);

}  // namespace allmende::format
