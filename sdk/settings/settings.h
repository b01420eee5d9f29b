// Reads settings files (broker.yaml, profile.yaml) and collects everything that is wrong instead of stopping at the
// first:
//
//   ASSIGN_OR_RETURN(policy::Node root, ReadTree(text, "broker.yaml"));
//   Problems problems("broker.yaml");
//   MapReader reader(root, problems);
//   config.city = reader.RequireText("city");
//   MapReader limits = reader.Map("limits");
//   limits.Bytes("message_bytes_max", 1, 64 << 20, config.message_bytes_max);
//   limits.Finish();
//   reader.Finish();                 // keys that nobody asked for are errors, with a suggestion
//   return problems.ToStatus();
//
// The tree itself is read as strictly as a policy file: no duplicate keys, anchors, tags or hidden characters.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "policy/language/yaml_tree.h"

namespace allmende::settings {

// Reads `text`, at most 1 MiB; `file` names it in messages. The root is a map.
//   kInvalidArgument  one `file:line:column: what is wrong` a line
absl::StatusOr<policy::Node> ReadTree(const std::string& text, const std::string& file);

// `text` as a YAML value: plain where that is safe, else in double quotes.
std::string QuoteValue(const std::string& text);

class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void Add(policy::FilePosition position, std::string message);

  // OK, or kInvalidArgument with one `file:line:column: message` a line, in the file's order, the first 50.
  absl::Status ToStatus() const;

 private:
  struct Found {
    policy::FilePosition position;
    std::string message;
  };
  std::string file_;
  std::vector<Found> found_;
};

// The values of one map. A getter whose key is missing, or whose value is wrong (then reported), leaves `out` as it
// was, so defaults stand in the option structs. Getters return whether the key is there with a value that is right.
// Borrows the node and the problems. Not thread-safe.
class MapReader {
 public:
  // A node that is no map is reported once; every key then reads as missing.
  MapReader(const policy::Node& node, Problems& problems);

  bool Has(const std::string& key) const;

  bool Text(const std::string& key, std::string& out);
  // A missing or empty text is reported, and empty.
  std::string RequireText(const std::string& key);
  // `true` or `false`; YAML's other words for them are refused with that advice.
  bool Bool(const std::string& key, bool& out);
  bool Integer(const std::string& key, int64_t min, int64_t max, int64_t& out);
  // `250 ms`, `30 s`, `10 min`, `6 h`, `90 d`, or 0.
  bool Duration(const std::string& key, absl::Duration min, absl::Duration max, absl::Duration& out);
  // `512 B`, `64 KiB`, `4 MiB`, `2 GiB`, `1 TiB`, or 0.
  bool Bytes(const std::string& key, int64_t min, int64_t max, int64_t& out);
  // A list of texts without repetition, or a single text for a list of one.
  bool Texts(const std::string& key, std::vector<std::string>& out);
  // One of `words`; anything else is reported with the list. Gives the index.
  bool Choice(const std::string& key, const std::vector<std::string>& words, size_t& out);

  // The map under `key`; an empty one if it is missing.
  MapReader Map(const std::string& key);
  // The maps in the list under `key`.
  std::vector<MapReader> Maps(const std::string& key);
  // Name and map of each entry under `key`, for maps whose keys are the writer's own words.
  std::vector<std::pair<std::string, MapReader>> NamedMaps(const std::string& key);

  // Reports `message` at the value of `key`, or at the map if it is missing.
  void Report(const std::string& key, std::string message);
  // Reports at `key` what a check found, if it found something.
  void Check(const std::string& key, const absl::Status& status);

  // Reports each key that no getter asked for. Call it once, last.
  void Finish();

 private:
  const policy::Node* Find(const std::string& key);
  // The value if it is a single one; reports anything else.
  const policy::Node* FindValue(const std::string& key);
  policy::FilePosition PositionOf(const std::string& key) const;

  const policy::Node* node_;
  Problems* problems_;
  std::vector<std::string> asked_;
};

}  // namespace allmende::settings
