#include "sdk/cli/connect/connect.h"

#include "sdk/base/status.h"
#include "sdk/cli/profile/profiles.h"

namespace allmende::cli {

absl::StatusOr<std::unique_ptr<Client>> Connect(const Context& context, const ConnectOptions& options) {
  ClientOptions client;
  ALLMENDE_ASSIGN_OR_RETURN(client.profile,
                            options.profile.empty() ? ChosenProfile(context) : FindProfile(context, options.profile));
  client.purpose = options.purpose;
  client.deadline = options.deadline;
  return Client::Connect(client);
}

}  // namespace allmende::cli
