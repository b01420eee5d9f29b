// For tests: a whole broker in this process, on real sockets, in a city of its own.
//
// The city has the participants `amt` (agency), `navi` and `logistik` (operators), `feuerwehr` (operator and crisis
// authority), `beauftragte` (officer) and `pruefer` (auditor). `navi` is in the group `navigation`.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "broker/config/config.h"
#include "broker/server/server.h"
#include "broker/telemetry/log.h"
#include "grpcpp/channel.h"
#include "sdk/base/clock.h"
#include "sdk/testing/test_directory.h"

namespace allmende::broker {

class TestBroker {
 public:
  // Makes the city; Start starts the broker.
  TestBroker();
  ~TestBroker();

  absl::Status Start();
  void Stop() { server_.reset(); }
  // Null while it is stopped.
  const Server* server() const { return server_.get(); }

  // To be changed before Start.
  BrokerConfig& config() { return config_; }
  // Of the city.
  std::string directory() const { return directory_.File("city"); }
  std::string endpoint() const;  // `localhost:port`; keeps its port over restarts
  // Folder of a participant's profile, or of its member's.
  std::string Profile(const std::string& participant, const std::string& member = "") const;
  // A connection with that certificate. A new one each time.
  std::shared_ptr<grpc::Channel> Connect(const std::string& participant, const std::string& member = "") const;

  // The calls that most tests begin with.
  // Creates `name` as `amt`, with the message `test.Record` of `proto_body` (policy/testing/test_schema.h).
  absl::Status CreateDataset(const std::string& name, const std::string& proto_body, bool table,
                             bool quarantine = false);
  // Releases `text` as the next policy of `dataset`; errors of the text come as kInvalidArgument.
  absl::Status Release(const std::string& dataset, const std::string& text);

 private:
  const TestDirectory directory_;
  const SystemClock clock_;
  const std::unique_ptr<Logger> logger_;
  BrokerConfig config_;
  std::unique_ptr<Server> server_;
  int port_ = 0;
};

// A policy of `dataset`, published by `amt`, whose `rules` are YAML list items indented by two spaces.
std::string PolicyText(const std::string& dataset, const std::string& fields, const std::string& rules);

}  // namespace allmende::broker
