// A row as `publish` takes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

namespace allmende::tabular {

enum class Operation { kUpsert, kDelete };

struct ImportedRecord {
  Operation operation = Operation::kUpsert;
  std::string key = {};  // canonical (docs/formats.md); empty if the schema has no key
  std::optional<absl::Time> event_time =
      {};                    // whole microseconds; none if the schema has no event time, or for a delete
  std::string payload = {};  // protobuf wire bytes, canonical; empty for a delete
  int64_t line = 0;          // of the file it comes from, to name it when it is refused later
};

}  // namespace allmende::tabular
