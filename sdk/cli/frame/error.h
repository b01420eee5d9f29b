// What errors carry besides code and message on their way to the person: that the command line is wrong, and what to do
// next.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace allmende::cli {

// The command line is wrong: exit code 2.
absl::Status UsageError(const std::string& message, const std::string& hint = "");
bool IsUsageError(const absl::Status& status);

// `status` with a line that says what to do next; replaces the one that it had. OK stays OK.
absl::Status WithHint(absl::Status status, const std::string& hint);
// What WithHint attached, or what usually helps with such an error; may be empty.
std::string HintOf(const absl::Status& status);

// For people: `error: ` and the message, one indented line each where it has several, then the hint. Control characters
// are shown, not sent to the terminal. Ends with a line feed.
std::string ErrorText(const absl::Status& status, bool colours);

// For programs: {"error":{"code":"not-found","message":"...","hint":"..."}} and a line feed.
std::string ErrorJson(const absl::Status& status);

}  // namespace allmende::cli
