// Mutual TLS for both ends. Only TLS 1.3 is negotiated.
//
// The first use in a process sets gRPC's cipher list through its environment variable (there is no other way); call one
// of these functions before starting threads that read the environment.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"
#include "sdk/base/mutex.h"
#include "sdk/pki/pair.h"

namespace allmende::rpc {

// Credentials that present `files` and believe brokers whose certificate was issued by one of `authority` (a path) for
// the host that is called. Errors as pki::LoadPair. Thread-safe.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientCredentials(const pki::PairFiles& files,
                                                                            const std::string& authority,
                                                                            absl::Time now);

// What a listener presents, replaceable while it runs. Thread-safe.
class ServerTls {
 public:
  // `roots_pem`: anchors for the clients' certificates. Errors as pki::LoadPair.
  static absl::StatusOr<std::unique_ptr<ServerTls>> Create(pki::PairFiles files, std::string roots_pem, absl::Time now);

  ~ServerTls();

  // Credentials that require and verify a client certificate. This object must outlive every server built with them.
  std::shared_ptr<grpc::ServerCredentials> credentials() const { return credentials_; }

  // Reads the files again if they changed. New handshakes use the new pair once it passes every check; otherwise the
  // old one stays in use and the error says why. Call it about once a second, from a thread that may block.
  absl::Status Refresh(absl::Time now);

  // The pair in use, for other listeners of this process.
  crypto::KeyAndCertificate pem() const;

  // When the certificate in use expires, for metrics and warnings.
  absl::Time not_after() const;

 private:
  struct Shared;
  class Credentials;

  ServerTls(pki::PairFiles files, std::unique_ptr<Shared> shared, std::string seen);

  // Constant after construction.
  const pki::PairFiles files_;
  const std::unique_ptr<Shared> shared_;  // what handshakes read
  std::shared_ptr<grpc::ServerCredentials> credentials_;

  Mutex refresh_mutex_;                               // one Refresh at a time; taken before Shared's
  std::string seen_ ABSL_GUARDED_BY(refresh_mutex_);  // the files' size, inode and time when they were last read
};

}  // namespace allmende::rpc
