#include "sdk/format/merkle.h"

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"

namespace allmende::format {
namespace {

std::string Hex(const crypto::Digest& digest) {
  return absl::BytesToHexString(std::string(crypto::AsBytes(digest)));
}

crypto::Digest RootOf(std::span<const crypto::Digest> leaves) {
  crypto::Sha256 hasher;
  MerkleRoot tree(hasher);
  for (const crypto::Digest& leaf : leaves) {
    tree.Add(leaf);
  }
  EXPECT_EQ(tree.size(), leaves.size());
  return tree.Root();
}

// The definition, word for word.
crypto::Digest PlainRootOf(std::span<const crypto::Digest> leaves) {
  crypto::Sha256 hasher;
  if (leaves.empty()) {
    return hasher.Finish();
  }
  if (leaves.size() == 1) {
    return leaves[0];
  }
  size_t split = 1;
  while (split * 2 < leaves.size()) {
    split *= 2;
  }
  return HashNode(hasher, PlainRootOf(leaves.first(split)), PlainRootOf(leaves.subspan(split)));
}

// The leaves that implementations of RFC 6962 are commonly tried with.
std::vector<crypto::Digest> CommonLeaves() {
  std::vector<crypto::Digest> leaves;
  crypto::Sha256 hasher;
  for (const char* data :
       {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}) {
    leaves.push_back(HashLeaf(hasher, absl::HexStringToBytes(data)));
  }
  return leaves;
}

TEST(MerkleRoot, IsThatOfTheStandardsTrees) {
  const std::vector<crypto::Digest> leaves = CommonLeaves();
  EXPECT_EQ(Hex(RootOf({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(RootOf({leaves.data(), 1})), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  const std::string six = Hex(RootOf({leaves.data(), 6}));
  EXPECT_EQ(six.substr(0, 8), "76e67dad");
  EXPECT_EQ(six.substr(60), "87ef");
  const std::string eight = Hex(RootOf({leaves.data(), 8}));
  EXPECT_EQ(eight.substr(0, 8), "5dc9da79");
  EXPECT_EQ(eight.substr(60), "4328");
}

TEST(MerkleRoot, IsThatOfTheDefinitionForEverySize) {
  std::vector<crypto::Digest> leaves;
  for (int size = 0; size <= 130; ++size) {
    ASSERT_EQ(RootOf(leaves), PlainRootOf(leaves)) << size;
    leaves.push_back(crypto::Sha256Of(std::string(1, static_cast<char>(size))));
  }
}

TEST(MerkleRoot, MayBeAskedForBetweenLeaves) {
  const std::vector<crypto::Digest> leaves = CommonLeaves();
  crypto::Sha256 hasher;
  MerkleRoot tree(hasher);
  for (size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_EQ(tree.Root(), PlainRootOf({leaves.data(), i}));
    tree.Add(leaves[i]);
  }
  EXPECT_EQ(tree.Root(), PlainRootOf(leaves));
}

TEST(MerkleRoot, ClearStartsANewTree) {
  const std::vector<crypto::Digest> leaves = CommonLeaves();
  crypto::Sha256 hasher;
  MerkleRoot tree(hasher);
  tree.Add(leaves[0]);
  tree.Add(leaves[1]);
  tree.Clear();
  tree.Add(leaves[2]);
  EXPECT_EQ(tree.Root(), leaves[2]);
}

TEST(MerkleRoot, LeavesCannotPassForNodes) {
  crypto::Sha256 hasher;
  const std::vector<crypto::Digest> leaves = CommonLeaves();
  const std::string children = std::string(crypto::AsBytes(leaves[0])) + std::string(crypto::AsBytes(leaves[1]));
  EXPECT_NE(HashLeaf(hasher, children), HashNode(hasher, leaves[0], leaves[1]));
}

}  // namespace
}  // namespace allmende::format
