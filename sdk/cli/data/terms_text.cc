#include "sdk/cli/data/terms_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {

std::string TermsText(const v1::Terms& terms) {
  std::string text;
  const auto add = [&](const char* label, const auto& values) {
    if (!values.empty()) absl::StrAppend(&text, label, Printable(absl::StrJoin(values, ", ")), "\n");
  };
  add("fields:   ", terms.fields());
  add("changed:  ", terms.changed_fields());
  add("licence:  ", terms.licences());
  add("show:     ", terms.attributions());
  add("duties:   ", terms.duties());
  if (terms.change_note())
    absl::StrAppend(&text, "note:     the view changes records; say so where you pass them on\n");
  return text;
}

}  // namespace allmende::cli
