#include "sdk/session/refusal_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace allmende::session {

std::string RefusalText(const v1::Refusal& refusal) {
  std::string text = refusal.code().empty() ? "no reason given" : refusal.code();
  if (!refusal.rule_file().empty()) {
    absl::StrAppend(&text, " (", refusal.rule_file(), ":", refusal.rule_line());
    if (!refusal.rule().empty()) absl::StrAppend(&text, ", rule `", refusal.rule(), "`");
    absl::StrAppend(&text, ")");
  }
  const char* separator = "; needed: ";
  for (const v1::Missing& missing : refusal.missing()) {
    absl::StrAppend(&text, separator, missing.kind());
    if (!missing.any_of().empty()) absl::StrAppend(&text, " `", absl::StrJoin(missing.any_of(), "` or `"), "`");
    separator = ", ";
  }
  return text;
}

}  // namespace allmende::session
