#include "sdk/session/refusal_text.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace allmende::session {
namespace {

constexpr char kRefusalUrl[] = "allmende/refusal";

}  // namespace

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

absl::Status RefusedStatus(const v1::Refusal& refusal) {
  absl::Status status =
      absl::PermissionDeniedError(absl::StrCat("the subscription was refused: ", RefusalText(refusal)));
  status.SetPayload(kRefusalUrl, absl::Cord(refusal.SerializeAsString()));
  return status;
}

std::optional<v1::Refusal> RefusalOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kRefusalUrl);
  v1::Refusal refusal;
  if (!payload.has_value() || !refusal.ParseFromString(std::string(*payload))) return std::nullopt;
  return refusal;
}

}  // namespace allmende::session
