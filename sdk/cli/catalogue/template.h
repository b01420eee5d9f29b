// Policies to begin with.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "policy/schema/schema_table.h"

namespace allmende::cli {

struct OpenTemplate {
  std::string dataset;
  std::string publisher;
  std::string licence;
  std::string source;  // the line to show with the data
};

// A policy that gives every field of class public to everyone, for any purpose, copies included. It has a test, so that
// the broker refuses it where the city baseline takes something away.
//   kInvalidArgument  the schema has no public field
absl::StatusOr<std::string> OpenPolicyText(const OpenTemplate& open, const policy::SchemaTable& schema, absl::Time now);

}  // namespace allmende::cli
