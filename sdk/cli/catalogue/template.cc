#include "sdk/cli/catalogue/template.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sdk/cli/catalogue/commands_internal.h"
#include "sdk/settings/settings.h"

namespace allmende::cli {

absl::StatusOr<std::string> OpenPolicyText(const OpenTemplate& open, const policy::SchemaTable& schema,
                                           absl::Time now) {
  const std::vector<std::string> fields = ValuePaths(schema, v1::PUBLIC);
  if (fields.empty()) {
    return absl::InvalidArgumentError(
        "no field of the schema is of class public, so the template `open` would give nothing");
  }
  return absl::StrCat(
      "# Everything public of this dataset, for everyone. `allmende policy check` reads a changed file before it "
      "counts,\n"
      "# `allmende policy release` puts it in force.\n"
      "language: en\n"
      "dataset: ",
      settings::QuoteValue(open.dataset), "\npublisher: ", settings::QuoteValue(open.publisher),
      "\nvalid: {from: ", absl::FormatTime("%Y-%m-%d", now, absl::UTCTimeZone()), "}\n\nfields:\n  public: [",
      absl::StrJoin(fields, ", "),
      "]\n\n"
      "rules:\n"
      "  - rule: open\n"
      "    for: everyone\n"
      "    purpose: any\n"
      "    licence: ",
      settings::QuoteValue(open.licence), "\n    source: ", settings::QuoteValue(open.source),
      "\n    deliver: [public]\n"
      "    replica: {without_contact: 7 days}\n"
      "\n"
      "tests:\n"
      "  - {who: anybody, gets: [public]}\n");
}

}  // namespace allmende::cli
