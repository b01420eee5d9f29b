// Channels to a city's endpoints, under the certificate that its files hold at the time.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "sdk/base/mutex.h"
#include "sdk/pki/pair.h"

namespace allmende {

struct Endpoint {
  std::string name;  // `host:port`
  std::shared_ptr<grpc::Channel> channel;
};

// Thread-safe.
class Channels {
 public:
  // Connects nowhere yet. Errors as rpc::ClientCredentials.
  static absl::StatusOr<std::unique_ptr<Channels>> Open(std::vector<std::string> endpoints, pki::PairFiles pair,
                                                        std::string authority);

  const std::vector<std::string>& names() const { return names_; }

  // For one call or stream; ask anew for the next. Looks at the files: once they changed and pass every check, there
  // are new channels for all endpoints, while what runs on the old ones goes on there. Files that are not good (two of
  // them cannot be replaced at one instant) change nothing, and the next call looks again.
  Endpoint Get(size_t index);

 private:
  Channels(std::vector<std::string> endpoints, pki::PairFiles pair, std::string authority)
      : names_(std::move(endpoints)), pair_(std::move(pair)), authority_(std::move(authority)) {}

  std::string Stamp() const;
  absl::Status Load() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const std::vector<std::string> names_;
  const pki::PairFiles pair_;
  const std::string authority_;

  Mutex mutex_;
  std::string seen_ ABSL_GUARDED_BY(mutex_);  // the files' stamp when the channels were made
  std::vector<std::shared_ptr<grpc::Channel>> channels_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende
