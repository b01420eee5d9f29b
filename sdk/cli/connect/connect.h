// The way from the command line to the brokers.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/client.h"
#include "sdk/cli/frame/context.h"

namespace allmende::cli {

struct ConnectOptions {
  std::string profile;  // a name or a path; empty: the one that counts for the command
  std::string purpose;  // empty: the profile's
  absl::Duration deadline = absl::Seconds(10);
};

// Errors as ChosenProfile (sdk/cli/profile/profiles.h) and Client::Connect. Does not wait for a broker.
absl::StatusOr<std::unique_ptr<Client>> Connect(const Context& context, const ConnectOptions& options = {});

}  // namespace allmende::cli
