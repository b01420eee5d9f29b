#include "broker/config/config.h"

#include <filesystem>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/pki/endpoint.h"
#include "sdk/pki/pair.h"
#include "sdk/settings/settings.h"

namespace allmende::broker {
namespace {

using settings::MapReader;

constexpr size_t kFileBytesMax = 256 << 10;
constexpr int64_t kKiB = 1 << 10;
constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kTiB = int64_t{1} << 40;
constexpr absl::Duration kCentury = absl::Hours(24 * 36500);

// A Unix socket's path must fit into the kernel's structure.
constexpr size_t kSocketPathBytesMax = 107;

class Loader {
 public:
  Loader(const policy::Node& root, const std::string& file)
      : folder_(std::filesystem::path(file).parent_path()), problems_(file), reader_(root, problems_) {
    config_.file = file;
  }

  absl::StatusOr<BrokerConfig> Load() {
    config_.city = reader_.RequireText("city");
    if (!config_.city.empty()) reader_.Check("city", pki::CheckCityName(config_.city));
    ReadListen();
    config_.data = RequirePath("data");
    config_.policies = RequirePath("policies");
    config_.certificate = RequirePath("certificate");
    config_.key = RequirePath("key");
    config_.revocations = RequirePath("revocations");
    ReadTrust();
    ReadGroups();
    ReadLocal();
    ReadLog(reader_.Map("log"));
    ReadLimits(reader_.Map("limits"));
    ReadRetention(reader_.Map("retention"));
    reader_.Finish();
    ALLMENDE_RETURN_IF_ERROR(problems_.ToStatus());
    return std::move(config_);
  }

 private:
  std::string Join(const std::string& path) const {
    return path.empty() ? "" : (folder_ / path).lexically_normal().string();
  }

  std::string RequirePath(const std::string& key) { return Join(reader_.RequireText(key)); }

  void ReadListen() {
    reader_.Texts("listen", config_.listen);
    for (const std::string& address : config_.listen) reader_.Check("listen", pki::ParseEndpoint(address).status());
    if (config_.listen.empty()) {
      reader_.Report("listen", "`listen` must name at least one address, such as `127.0.0.1:7443`");
    }
  }

  void ReadTrust() {
    for (MapReader& entry : reader_.Maps("trust")) {
      TrustConfig trust;
      trust.authority = Join(entry.RequireText("authority"));
      trust.domain = config_.city;
      if (entry.Text("domain", trust.domain)) entry.Check("domain", pki::CheckCityName(trust.domain));
      for (auto& [id, reader] : entry.NamedMaps("participants")) {
        trust.participants.push_back(ReadParticipant(id, reader));
      }
      if (trust.domain != config_.city && trust.participants.empty()) {
        entry.Report("domain", absl::StrCat("an authority of `", trust.domain,
                                            "` needs `participants`: those it may name in this city"));
      }
      entry.Finish();
      config_.trust.push_back(std::move(trust));
    }
    if (config_.trust.empty()) {
      reader_.Report("trust", "`trust` must list at least one authority, or nobody could call");
    }
  }

  void ReadGroups() {
    for (auto& [group, entry] : reader_.NamedMaps("groups")) {
      std::vector<std::string>& participants = config_.groups[group];
      entry.Texts("participants", participants);
      for (const std::string& id : participants) entry.Check("participants", pki::CheckParticipantId(id));
      entry.Finish();
    }
  }

  pki::TrustedParticipant ReadParticipant(const std::string& id, MapReader& reader) {
    pki::TrustedParticipant participant;
    participant.id = id;
    reader.Check("", pki::CheckParticipantId(id));
    std::vector<std::string> roles;
    if (reader.Texts("roles", roles)) {
      absl::StatusOr<pki::RoleSet> parsed = pki::ParseRoles(roles);
      reader.Check("roles", parsed.status());
      if (parsed.ok()) participant.roles = *parsed;
    }
    reader.Texts("names", participant.names);
    for (const std::string& name : participant.names) {
      if (absl::StartsWith(name, "dns:") || absl::StartsWith(name, "uri:")) continue;
      reader.Report("names", absl::StrCat("`", name, "` is neither `dns:<name>` nor `uri:<uri>`"));
    }
    reader.Finish();
    return participant;
  }

  void ReadLocal() {
    std::string socket;
    reader_.Text("admin_socket", socket);
    config_.admin_socket = Join(socket);
    if (config_.admin_socket.size() > kSocketPathBytesMax) {
      reader_.Report("admin_socket", absl::StrCat("the socket's path has ", config_.admin_socket.size(),
                                                  " bytes, and the system takes ", kSocketPathBytesMax));
    }
    if (reader_.Text("metrics_listen", config_.metrics_listen)) {
      reader_.Check("metrics_listen", pki::ParseEndpoint(config_.metrics_listen).status());
    }
    reader_.Bool("reflection", config_.reflection);
  }

  void ReadLog(MapReader log) {
    size_t choice = 0;
    if (log.Choice("format", {"text", "json"}, choice)) config_.log_format = static_cast<LogFormat>(choice);
    if (log.Choice("level", {"debug", "info", "warning", "error"}, choice)) {
      config_.log_level = static_cast<Severity>(choice);
    }
    log.Finish();
  }

  void ReadLimits(MapReader limits) {
    LimitsConfig& out = config_.limits;
    // gRPC counts a message in 32 bits, and nothing here needs more than 64 MiB at once.
    limits.Bytes("message", 64 * kKiB, 64 * kMiB, out.message_bytes_max);
    limits.Bytes("memory", 16 * kMiB, kTiB, out.memory_bytes_max);
    limits.Integer("connections", 1, 1'000'000, out.connections_max);
    limits.Integer("connections_per_address", 1, 1'000'000, out.connections_per_address_max);
    limits.Integer("streams_per_connection", 1, 10'000, out.streams_per_connection_max);
    limits.Integer("calls_per_participant", 1, 100'000, out.calls_per_participant_max);
    limits.Duration("deadline", absl::Seconds(1), absl::Hours(1), out.deadline_max);
    limits.Bytes("free_disk", 0, kTiB, out.free_disk_bytes_min);
    if (out.memory_bytes_max < 2 * out.message_bytes_max) {
      limits.Report("memory", "`memory` must hold at least two messages of the largest size (`message`)");
    }
    limits.Finish();
  }

  void ReadRetention(MapReader retention) {
    RetentionConfig& out = config_.retention;
    retention.Duration("stream_age", absl::ZeroDuration(), kCentury, out.stream_age_max);
    retention.Bytes("stream_bytes", 0, std::numeric_limits<int64_t>::max(), out.stream_bytes_max);
    // Without tombstones a replica that was away longer would keep what was deleted, so a day is the least.
    retention.Duration("tombstone_age", absl::Hours(24), kCentury, out.tombstone_age_max);
    retention.Finish();
  }

  const std::filesystem::path folder_;
  settings::Problems problems_;
  MapReader reader_;
  BrokerConfig config_;
};

}  // namespace

absl::StatusOr<BrokerConfig> ParseConfig(const std::string& text, const std::string& path) {
  ALLMENDE_ASSIGN_OR_RETURN(const policy::Node root, settings::ReadTree(text, path));
  return Loader(root, path).Load();
}

absl::StatusOr<BrokerConfig> LoadConfig(const std::string& path) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kFileBytesMax));
  return ParseConfig(text, path);
}

absl::StatusOr<pki::TrustStore> LoadTrust(const BrokerConfig& config) {
  std::vector<pki::TrustEntry> entries;
  for (const TrustConfig& trust : config.trust) {
    pki::TrustEntry entry;
    ALLMENDE_ASSIGN_OR_RETURN(entry.authority_pem, pki::LoadAuthorities(trust.authority));
    entry.authority_name = trust.authority;
    entry.domain = trust.domain;
    entry.participants = trust.participants;
    entries.push_back(std::move(entry));
  }
  return pki::TrustStore::Create(config.city, std::move(entries));
}

}  // namespace allmende::broker
