// A city on this machine's disk with a real `allmended` process, and clients with its certificates.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/client.h"
#include "grpcpp/channel.h"
#include "sdk/pki/pair.h"
#include "tests/bench/process.h"

namespace allmende::bench {

class Stage {
 public:
  // Makes the city in a new folder below the working folder, which is removed at the end.
  static absl::StatusOr<std::unique_ptr<Stage>> Make();
  ~Stage();

  // Starts `allmended`, which stands beside this program; returns when it says that it serves.
  absl::Status StartBroker();
  Process& broker() { return *broker_; }
  const std::string& folder() const { return folder_; }
  std::string Profile(const std::string& participant) const;
  const std::string& endpoint() const { return endpoint_; }

  absl::StatusOr<std::unique_ptr<Client>> Connect(const std::string& participant) const;
  // To any listener with the broker's certificate.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> Channel(const std::string& participant,
                                                         const std::string& endpoint) const;
  absl::Status CreateDataset(const std::string& name, bool table);

 private:
  explicit Stage(std::string folder) : folder_(std::move(folder)) {}
  absl::Status MakeCity();

  const std::string folder_;
  std::string endpoint_;
  std::unique_ptr<Process> broker_;
};

}  // namespace allmende::bench
