// Two macros for code that passes errors on. Use them only where nothing can be added to the message.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define ALLMENDE_RETURN_IF_ERROR(expression)                  \
  do {                                                        \
    if (absl::Status status_ = (expression); !status_.ok()) { \
      return status_;                                         \
    }                                                         \
  } while (false)

#define ALLMENDE_STATUS_CONCAT_INNER(a, b) a##b
#define ALLMENDE_STATUS_CONCAT(a, b) ALLMENDE_STATUS_CONCAT_INNER(a, b)

// ALLMENDE_ASSIGN_OR_RETURN(auto value, MakeValue());
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses
#define ALLMENDE_ASSIGN_OR_RETURN(lhs, expression) \
  ALLMENDE_ASSIGN_OR_RETURN_IMPL(ALLMENDE_STATUS_CONCAT(status_or_, __LINE__), lhs, expression)
#define ALLMENDE_ASSIGN_OR_RETURN_IMPL(holder, lhs, expression) \
  auto holder = (expression);                                   \
  if (!holder.ok()) {                                           \
    return std::move(holder).status();                          \
  }                                                             \
  lhs = *std::move(holder)
// NOLINTEND(bugprone-macro-parentheses)
