// A broker's configuration, as `broker.yaml` says it:
//
//   city: musterstadt
//   listen: [127.0.0.1:7443]        one or more
//   data: data                      paths are relative to the file
//   policies: policies
//   certificate: broker/cert.pem
//   key: broker/key.pem
//   revocations: revoked.list
//   trust:
//     - authority: ca/cert.pem
//       domain: musterstadt         default: the city
//       participants:               default: whomever it names; required for another domain
//         bwb: {roles: [agency], names: ["dns:austausch.bwb.de"]}
//   groups:                         which participants a policy's groups mean
//     navigation: {participants: [navi-ag, stadtnavi]}
//   admin_socket: run/admin.sock    default: none
//   metrics_listen: 127.0.0.1:9443  default: over the admin socket only
//   reflection: false
//   log: {format: text, level: info}
//   limits: {message: 4 MiB, memory: 256 MiB, connections: 1000,
//            connections_per_address: 500, streams_per_connection: 100, calls_per_participant: 200,
//            deadline: 1 min, free_disk: 256 MiB}
//   retention: {stream_age: 0, stream_bytes: 0, tombstone_age: 90 d}   0: without bound
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/telemetry/log.h"
#include "sdk/pki/trust.h"

namespace allmende::broker {

struct TrustConfig {
  std::string authority;  // path of one or more certificates
  std::string domain;
  std::vector<pki::TrustedParticipant> participants;
};

struct LimitsConfig {
  int64_t message_bytes_max = 4 << 20;             // of one message that is received
  int64_t memory_bytes_max = 256 << 20;            // of all connections' buffers
  int64_t connections_max = 1000;                  // of all peers together
  int64_t connections_per_address_max = 500;       // of one IPv4 address, or one IPv6 network of 64 bits
  int64_t streams_per_connection_max = 100;        // calls at once
  int64_t calls_per_participant_max = 200;         // at once, over all its connections
  absl::Duration deadline_max = absl::Minutes(1);  // of a call that is no stream
  int64_t free_disk_bytes_min = 256 << 20;         // below it publishing is refused
};

struct RetentionConfig {  // of datasets that do not say otherwise; zero: without bound
  absl::Duration stream_age_max = absl::ZeroDuration();
  int64_t stream_bytes_max = 0;
  absl::Duration tombstone_age_max = absl::Hours(24 * 90);
};

// Paths are ready to open: relative ones have been joined to the file's folder.
struct BrokerConfig {
  std::string file;                 // where it was read from
  std::string city;                 // also the default trust domain
  std::vector<std::string> listen;  // `host:port`, at least one; port 0 lets the system choose
  std::string data;                 // directory of the logs
  std::string certificate;
  std::string key;
  std::vector<TrustConfig> trust;                          // at least one
  std::map<std::string, std::vector<std::string>> groups;  // name -> participants
  std::string revocations;                                 // the register; must exist
  std::string policies;                                    // directory with city.baseline.yaml
  LimitsConfig limits;
  RetentionConfig retention;
  LogFormat log_format = LogFormat::kText;
  Severity log_level = Severity::kInfo;  // the least that is written
  std::string metrics_listen;            // `host:port` of the HTTPS endpoint; empty: only over the local socket
  std::string admin_socket;              // Unix socket that serves the metrics to this machine; empty: none
  bool reflection = false;
};

// Reads and checks the file's words; touches no other file.
//   kNotFound, kFailedPrecondition  the file cannot be read
//   kInvalidArgument              everything that is wrong, one `file:line:column: …` a line
absl::StatusOr<BrokerConfig> LoadConfig(const std::string& path);

// As LoadConfig, from text. `path` names the file and anchors relative paths.
absl::StatusOr<BrokerConfig> ParseConfig(const std::string& text, const std::string& path);

// Reads the authorities' files and builds what the listener and the identification use. Errors name the file.
absl::StatusOr<pki::TrustStore> LoadTrust(const BrokerConfig& config);

}  // namespace allmende::broker
