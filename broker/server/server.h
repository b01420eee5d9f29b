// A broker in one object: storage, control log, services and listener, put together from a configuration.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/config/config.h"
#include "broker/telemetry/log.h"
#include "sdk/base/clock.h"

namespace allmende::broker {

struct ServerOptions {
  bool accept_loss = false;  // see StoreLogOptions
};

// Thread-safe.
class Server {
 public:
  // Opens everything and listens; the broker serves when this returns. Borrows clock and logger.
  //   kFailedPrecondition  another broker uses the data directory, a certificate does not fit, a port is in use
  //   kDataLoss            the storage is damaged; the message says what to do
  //   others               as the parts say: a file is missing, unreadable or wrong
  static absl::StatusOr<std::unique_ptr<Server>> Start(const BrokerConfig& config, const ServerOptions& options,
                                                       const Clock& clock, Logger& logger);

  // Stop(), with no patience.
  ~Server();

  // Tells subscribers to go elsewhere, waits up to `grace` for calls to end, then cuts them. What was acknowledged
  // stays.
  void Stop(absl::Duration grace);

  // Has the disk failed? Then nothing is stored any more, the health service says NOT_SERVING, and only a new start
  // helps. Noticed within about a second.
  bool failed() const;

  // `host:port` of each listener, with the real port where the system chose it.
  const std::vector<std::string>& listening() const;
  // The port of the metrics over HTTPS; 0 where there are none.
  int metrics_port() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace allmende::broker
