// The way to a city's brokers: who you are, where they are, and the calls that need no stream of their own. Start here;
// publisher.h, subscriber.h, replica.h and schema.h stand beside it.
//
// Link `allmende::sdk`: in a project outside after `find_package(allmende)`, in this tree as it is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/v1/catalogue.pb.h"
#include "allmende/v1/exchange.pb.h"
#include "allmende/v1/policy.pb.h"
#include "allmende/v1/status.pb.h"

namespace allmende {

struct ClientOptions {
  // A profile: its file, or the folder that holds `profile.yaml`, `cert.pem`, `key.pem` and `ca.pem`.
  std::string profile = {};

  // Each one that is not empty replaces what the profile says; with all of them no profile is needed.
  std::vector<std::string> endpoints = {};  // `host:port`, in the order to try
  std::string certificate_file = {};        // read again when it is replaced
  std::string key_file = {};
  std::string authority_file = {};  // who signs the brokers' certificates
  std::string purpose = {};         // stated by reads and subscriptions that name none

  absl::Duration deadline = absl::Seconds(10);        // of one call, over all its tries
  absl::Duration connect_timeout = absl::Seconds(3);  // how long one endpoint is waited for before the next is tried
};

// Thread-safe. Must outlive every Publisher, Subscriber and Replica sync made with it.
//
// Calls go to the endpoint that answered last; where it cannot be reached, to the next ones in order. Calls that change
// something and are not safe to repeat are sent once, to an endpoint that is connected; when their answer is lost, also
// by the deadline, they report kUnavailable and the message says to look before trying again.
//
// Certificate, key and authority may be renewed while the program runs: each call and each connection of a stream looks
// whether the files changed, and uses the new ones once they pass the checks of Connect and fit together. A
// publisher's stream stays on its old certificate until that expires, then connects again; a subscription ends then
// (kUnauthenticated) and has to be opened again.
//
// Errors of every call (absl codes of the same names as in proto/allmende/v1/exchange.proto), and
//   kUnavailable       no endpoint could be reached; names each with its reason
//   kDeadlineExceeded  ClientOptions::deadline passed
//
// The first Connect of a process sets the environment variable GRPC_SSL_CIPHER_SUITES, so that all of gRPC in the
// process speaks TLS 1.3 only: your own secure channels too. Call it before other threads read the environment.
class Client {
 public:
  // Reads and checks profile and certificates. Does not need a broker: connections are made when they are used.
  //   kNotFound, kFailedPrecondition  a file is missing or unreadable
  //   kInvalidArgument              a file or an endpoint is not what it should be
  //   kFailedPrecondition           certificate expired, or key and certificate do not match
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const ClientOptions& options);

  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Status and catalogue.
  absl::StatusOr<v1::BrokerStatus> Status();
  absl::StatusOr<v1::Dataset> GetDataset(const std::string& name, bool with_schema = false);
  absl::StatusOr<v1::ListDatasetsResponse> ListDatasets(const v1::ListDatasetsRequest& page);
  // All pages. At most 100,000 datasets: kResourceExhausted beyond.
  absl::StatusOr<std::vector<v1::Dataset>> ListAllDatasets();
  // Safe to repeat: an equal request answers the same dataset.
  absl::StatusOr<v1::Dataset> CreateDataset(const v1::CreateDatasetRequest& request);
  absl::StatusOr<v1::UpdateSchemaResponse> UpdateSchema(const v1::UpdateSchemaRequest& request);
  absl::StatusOr<v1::ListQuarantineResponse> ListQuarantine(const v1::ListQuarantineRequest& page);
  absl::StatusOr<v1::DropQuarantineResponse> DropQuarantine(const v1::DropQuarantineRequest& request);

  // Policy and regime. Sent once.
  absl::StatusOr<v1::ReleaseResponse> Release(const v1::ReleaseRequest& request);
  absl::StatusOr<v1::ListReleasesResponse> ListReleases(const v1::ListReleasesRequest& page);
  absl::StatusOr<v1::ExplainResponse> Explain(const v1::ExplainRequest& request);
  absl::StatusOr<v1::Regime> DeclareCrisis(const v1::DeclareCrisisRequest& request);
  absl::StatusOr<v1::Regime> LiftCrisis(const v1::LiftCrisisRequest& request);
  absl::StatusOr<v1::Regime> GetRegime();

  // Reading through the caller's view. A refusal by policy is an answer, in `refused`. An empty `purpose` becomes
  // purpose().
  absl::StatusOr<v1::ReadResponse> Read(v1::ReadRequest request);
  absl::StatusOr<v1::LookupResponse> Lookup(v1::LookupRequest request);

  std::vector<std::string> endpoints() const;
  const std::string& purpose() const;
  // Id out of the profile; empty without one.
  const std::string& participant() const;

  // For the library itself.
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace allmende
