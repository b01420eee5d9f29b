#include "sdk/format/merkle.h"

#include <algorithm>

namespace allmende::format {
crypto::Digest HashLeaf(crypto::Sha256& hasher, std::string_view data) {
  return hasher.Update({&kLeafPrefix, 1}).Update(data).Finish();
}

crypto::Digest HashNode(crypto::Sha256& hasher, const crypto::Digest& left, const crypto::Digest& right) {
  std::array<char, 1 + 2 * sizeof(crypto::Digest)> node;  // one buffer: one Update is cheaper than three
  node[0] = kNodePrefix;
  std::copy(left.begin(), left.end(), node.begin() + 1);
  std::copy(right.begin(), right.end(), node.begin() + 1 + left.size());
  return hasher.Update({node.data(), node.size()}).Finish();
}

void MerkleRoot::Add(const crypto::Digest& leaf) {
  // As a binary counter: adding one carries through the low bits that are set, and each carry joins two subtrees of
  // the same size.
  crypto::Digest subtree = leaf;
  for (uint32_t carry = size_; (carry & 1) != 0; carry >>= 1) {
    subtree = HashNode(hasher_, stack_[--height_], subtree);
  }
  stack_[height_++] = subtree;
  ++size_;
}

crypto::Digest MerkleRoot::Root() const {
  if (size_ == 0) {
    return hasher_.Finish();
  }
  size_t height = height_;
  crypto::Digest root = stack_[--height];
  while (height > 0) {
    root = HashNode(hasher_, stack_[--height], root);
  }
  return root;
}

}  // namespace allmende::format
