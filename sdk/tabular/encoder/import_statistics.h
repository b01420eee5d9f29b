// What an import has done so far, for progress and for the report of a dry run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"

namespace allmende::tabular {

struct ImportStatistics {
  int64_t rows = 0;     // read from files, bad ones included
  int64_t records = 0;  // handed out: upserts and deletes
  int64_t deletes = 0;
  int64_t skipped_rows = 0;  // by a rule of the spec
  int64_t blank_lines = 0;
  int64_t bad_rows = 0;
  int64_t payload_bytes = 0;
  int64_t absent_values = 0;
  std::map<std::string, int64_t> absent_by_field = {};
  // How often a rule of the spec changed or decided a value: (field, rule). Rules: `default`, `replaced`,
  // `zero fraction dropped`, `doubled hour: first`, `doubled hour: second`, `missing hour: shifted`,
  // `cut to precision` (digits finer than the field can hold).
  std::map<std::pair<std::string, std::string>, int64_t> rule_uses = {};
  std::optional<absl::Time> earliest = {};  // event times
  std::optional<absl::Time> latest = {};

  // Adds what another file's import did.
  void Add(const ImportStatistics& other);

  // Several lines for a person, each ending with a line break.
  std::string ToText() const;
};

}  // namespace allmende::tabular
