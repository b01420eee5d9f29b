// The YAML of a policy file as a tree with places. The only unit that sees the YAML library.
//
// It is stricter than YAML: UTF-8 without hidden characters, no duplicate keys, no anchors and aliases, no tags, keys
// that are single words, one document, bounded size and depth. What passes means the same to every YAML reader.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/language/report.h"
#include "policy/model/refusal.h"

namespace allmende::policy {

inline constexpr size_t kFileBytesMax = size_t{1} << 20;
inline constexpr int kDepthMax = 32;

struct NodeEntry;

struct Node {
  enum class Kind { kNull, kScalar, kSequence, kMapping };

  Kind kind = Kind::kNull;
  FilePosition position;
  int length = 1;       // characters to underline
  bool quoted = false;  // a scalar in quotes
  bool flow = false;    // `[…]` or `{…}`
  std::string scalar;
  std::vector<Node> items;         // of a sequence
  std::vector<NodeEntry> entries;  // of a mapping; keys are scalars and differ

  bool IsScalar() const { return kind == Kind::kScalar; }
  bool IsSequence() const { return kind == Kind::kSequence; }
  bool IsMapping() const { return kind == Kind::kMapping; }
  bool IsNull() const { return kind == Kind::kNull; }
};

// A structure of its own, because clang does not take a pair of a type that is not complete yet.
struct NodeEntry {
  Node first;   // the key
  Node second;  // the value
};

// Reads the text of `report`'s file. Reports every problem; where the tree cannot be trusted, the answer is empty. The
// root is a mapping. Never throws.
std::optional<Node> ReadYaml(Report& report);

}  // namespace allmende::policy
