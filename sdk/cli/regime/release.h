// Putting a policy in force.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "allmende/client.h"
#include "sdk/cli/frame/context.h"

namespace allmende::cli {

struct ReleaseOptions {
  std::string dataset;  // empty: the city baseline
  std::string path;     // the broker keeps the file's name
  std::string text;
  std::optional<int64_t> based_on;  // none: whichever is in force
  bool dry_run = false;
};

// An answer with errors has released nothing.
absl::StatusOr<v1::ReleaseResponse> ReleasePolicy(Client& client, const ReleaseOptions& options);

// What the broker found, for people as text, for programs as JSON lines.
void ShowDiagnostics(Context& context, const v1::ReleaseResponse& response);

}  // namespace allmende::cli
