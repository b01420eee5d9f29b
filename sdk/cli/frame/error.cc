#include "sdk/cli/frame/error.h"

#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sdk/cli/frame/exit_code.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {
namespace {

constexpr char kUsageUrl[] = "allmende/usage";
constexpr char kHintUrl[] = "allmende/hint";

// What helps with most errors of a code, where the message says nothing better.
std::string UsualHint(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
      return "`allmende profile show` shows where it was looked for; on the broker's machine, `allmended --config "
             "broker.yaml "
             "--check` says whether it would serve";
    case absl::StatusCode::kDeadlineExceeded:
      return "try again; `allmende status` shows how the broker is";
    case absl::StatusCode::kUnauthenticated:
      return "ask the city for a new certificate (`allmende pki issue`)";
    case absl::StatusCode::kPermissionDenied:
      return "`allmende status` shows who you are to the broker and in which roles";
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kUnimplemented:
      return "this is a fault in the program; please report it with the command line";
    default:
      return "";
  }
}

}  // namespace

absl::Status UsageError(const std::string& message, const std::string& hint) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsageUrl, absl::Cord("1"));
  return hint.empty() ? status : WithHint(std::move(status), hint);
}

bool IsUsageError(const absl::Status& status) {
  return status.GetPayload(kUsageUrl).has_value();
}

absl::Status WithHint(absl::Status status, const std::string& hint) {
  if (!status.ok()) status.SetPayload(kHintUrl, absl::Cord(hint));
  return status;
}

std::string HintOf(const absl::Status& status) {
  const absl::optional<absl::Cord> hint = status.GetPayload(kHintUrl);
  return hint.has_value() ? std::string(*hint) : UsualHint(status);
}

std::string ErrorText(const absl::Status& status, bool colours) {
  std::string message(status.message());
  if (message.empty()) message = absl::StatusCodeToString(status.code());
  const std::vector<std::string> lines = absl::StrSplit(message, '\n', absl::SkipEmpty());
  std::string text = absl::StrCat(Styled("error:", Style::kError, colours), " ");
  if (lines.size() == 1) {
    absl::StrAppend(&text, Printable(lines[0]), "\n");
  } else {
    absl::StrAppend(&text, lines.size(), " problems\n");
    for (const std::string& line : lines) absl::StrAppend(&text, "  ", Printable(line), "\n");
  }
  const std::string hint = HintOf(status);
  if (!hint.empty()) absl::StrAppend(&text, "  ", Styled("hint:", Style::kHint, colours), " ", Printable(hint), "\n");
  return text;
}

std::string ErrorJson(const absl::Status& status) {
  std::string text = absl::StrCat("{\"error\":{\"code\":", JsonText(ExitCodeName(ExitCodeOf(status))),
                                  ",\"message\":", JsonText(std::string(status.message())));
  const std::string hint = HintOf(status);
  if (!hint.empty()) absl::StrAppend(&text, ",\"hint\":", JsonText(hint));
  return absl::StrCat(text, "}}\n");
}

}  // namespace allmende::cli
