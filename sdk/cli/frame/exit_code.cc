#include "sdk/cli/frame/exit_code.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sdk/cli/frame/error.h"

namespace allmende::cli {
namespace {

struct Row {
  ExitCode code;
  const char* name;
  const char* meaning;
};

constexpr Row kRows[] = {
    {ExitCode::kOk, "ok", "done"},
    {ExitCode::kProblemsFound, "problems-found",
     "the command did its work, and what it looked at is not in order: a policy with errors, bad rows"},
    {ExitCode::kUsage, "usage", "the command line is wrong; nothing was done"},
    {ExitCode::kBadInput, "bad-input", "a file or a value cannot be used; the message says where and why"},
    {ExitCode::kNotFound, "not-found", "no such file, dataset, profile or release"},
    {ExitCode::kNotAllowed, "not-allowed", "the certificate is not accepted, or its roles do not permit the call"},
    {ExitCode::kRefused, "refused", "the policy does not permit it; the message names the rule and what is missing"},
    {ExitCode::kWrongState, "wrong-state",
     "it exists already, it was changed meanwhile, or something must come first, such as the right to a file"},
    {ExitCode::kTryAgain, "try-again", "no broker could be reached, or none answered in time; try again later"},
    {ExitCode::kLimitReached, "limit-reached", "a bound was reached: disk, quota, queue; try again later"},
    {ExitCode::kDataDamaged, "data-damaged", "damage was found in stored data; a person must look"},
    {ExitCode::kInternal, "internal", "a fault in the program"},
    {ExitCode::kInterrupted, "interrupted", "ended by Ctrl-C"},
};

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  if (IsUsageError(status)) return ExitCode::kUsage;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kBadInput;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kNotAllowed;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kOutOfRange:
      return ExitCode::kWrongState;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kTryAgain;
    case absl::StatusCode::kResourceExhausted:
      return ExitCode::kLimitReached;
    case absl::StatusCode::kDataLoss:
      return ExitCode::kDataDamaged;
    case absl::StatusCode::kCancelled:
      return ExitCode::kInterrupted;
    default:
      return ExitCode::kInternal;
  }
}

std::string ExitCodeName(ExitCode code) {
  for (const Row& row : kRows) {
    if (row.code == code) return row.name;
  }
  return absl::StrCat(static_cast<int>(code));
}

std::string ExitCodeHelp() {
  std::string text =
      "What `allmende` answers to the shell. Errors go to standard error, results to standard output.\n\n";
  for (const Row& row : kRows) {
    absl::StrAppendFormat(&text, "  %3d  %-15s %s\n", static_cast<int>(row.code), row.name, row.meaning);
  }
  return text;
}

}  // namespace allmende::cli
