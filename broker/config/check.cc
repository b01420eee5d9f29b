#include "broker/config/check.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "policy/language/parse.h"
#include "sdk/base/file.h"
#include "sdk/base/unique_fd.h"
#include "sdk/pki/endpoint.h"
#include "sdk/pki/pair.h"
#include "sdk/pki/revocation.h"

namespace allmende::broker {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kExpiryWarning = absl::Hours(24 * 30);

class Checker {
 public:
  Checker(const BrokerConfig& config, absl::Time now) : config_(config), now_(now) {}

  std::vector<Finding> Run() {
    CheckCertificate();
    CheckKeyMode();
    CheckTrust();
    CheckRegister();
    CheckPolicies();
    CheckData();
    for (const std::string& address : config_.listen) CheckPort(address);
    if (!config_.metrics_listen.empty()) CheckPort(config_.metrics_listen);
    CheckSocket();
    return std::move(findings_);
  }

 private:
  void Ok(std::string what, std::string why) {
    findings_.push_back({Finding::Level::kOk, std::move(what), std::move(why), ""});
  }
  void Warn(std::string what, std::string why, std::string next) {
    findings_.push_back({Finding::Level::kWarning, std::move(what), std::move(why), std::move(next)});
  }
  void Fail(std::string what, std::string why, std::string next) {
    findings_.push_back({Finding::Level::kError, std::move(what), std::move(why), std::move(next)});
  }

  static std::string Text(const absl::Status& status) { return std::string(status.message()); }

  void CheckCertificate() {
    const std::string what = absl::StrCat("certificate ", config_.certificate);
    const absl::StatusOr<pki::Pair> pair =
        pki::LoadPair({config_.certificate, config_.key}, crypto::CertificateUse::kServer, now_);
    if (!pair.ok()) {
      Fail(what, Text(pair.status()), "put a key and its certificate (with the extended key usage serverAuth) there");
      return;
    }
    const absl::Duration left = pair->info.not_after - now_;
    const std::string until = absl::StrCat("valid until ", pki::FormatMinute(pair->info.not_after));
    if (left < kExpiryWarning) {
      Warn(what, absl::StrCat(until, ", for ", absl::ToInt64Hours(left) / 24, " more days"),
           "renew it; a running broker takes a new one up by itself");
    } else {
      Ok(what, until);
    }
    if (pair->info.dns_sans.empty() && pair->info.ip_sans.empty()) {
      Fail(what, "it names no host, so every client will refuse it",
           "have it issued with the names and addresses that clients use");
    }
  }

  void CheckKeyMode() {
    const std::string what = absl::StrCat("key ", config_.key);
    struct stat status = {};
    if (stat(config_.key.c_str(), &status) != 0) {
      Fail(what, std::strerror(errno), "put the certificate's key there, with mode 0600");
      return;
    }
    const mode_t mode = status.st_mode & 07777;
    if ((mode & 0077) != 0) {
      Fail(what, absl::StrFormat("others may read it (mode %04o)", mode), absl::StrCat("chmod 600 ", config_.key));
    } else {
      Ok(what, absl::StrFormat("only its owner may read it (mode %04o)", mode));
    }
  }

  void CheckTrust() {
    const absl::StatusOr<pki::TrustStore> store = LoadTrust(config_);
    if (!store.ok()) {
      Fail("trust", Text(store.status()), "mend `trust` or the files it names");
      return;
    }
    for (const TrustConfig& trust : config_.trust) CheckAuthority(trust);
  }

  // The file can be read: LoadTrust has done so.
  void CheckAuthority(const TrustConfig& trust) {
    const std::string what = absl::StrCat("authority ", trust.authority);
    const absl::StatusOr<std::string> pem = pki::LoadAuthorities(trust.authority);
    const auto infos = pem.ok() ? crypto::ParseCertificates(*pem) : pem.status();
    if (!infos.ok()) return;
    absl::Time last = absl::InfinitePast();
    for (const crypto::CertificateInfo& info : *infos) last = std::max(last, info.not_after);
    const std::string until = absl::StrCat("valid until ", pki::FormatMinute(last));
    if (last <= now_) {
      Fail(what, absl::StrCat("it expired at ", pki::FormatMinute(last)),
           "add its successor's certificate to the file");
    } else if (last - now_ < kExpiryWarning) {
      Warn(what, until, "add its successor's certificate to the file before");
    } else {
      Ok(what, until);
    }
  }

  void CheckRegister() {
    const std::string what = absl::StrCat("revocations ", config_.revocations);
    const absl::StatusOr<std::vector<pki::Revocation>> entries = pki::LoadRevocations(config_.revocations);
    if (entries.ok()) {
      Ok(what, absl::StrCat(entries->size(), entries->size() == 1 ? " entry" : " entries"));
    } else {
      Fail(what, Text(entries.status()), "restore it from a backup; an empty one would welcome everybody back");
    }
  }

  void CheckPolicies() {
    const std::string what = absl::StrCat("policies ", config_.policies);
    const std::string baseline = absl::StrCat(config_.policies, "/city.baseline.yaml");
    // A broker that has run before has released its baseline, and does not need the file to start.
    std::error_code unknown;
    const bool has_run = fs::exists(fs::path(config_.data) / "log", unknown);
    const auto complain = [this, has_run](std::string about, std::string why, std::string next) {
      has_run ? Warn(std::move(about), std::move(why), std::move(next))
              : Fail(std::move(about), std::move(why), std::move(next));
    };
    const absl::StatusOr<std::string> text = ReadFile(baseline, size_t{1} << 20);
    if (!text.ok()) {
      complain(what, Text(text.status()), "write the city baseline there; `allmende city init` makes a first one");
      return;
    }
    const policy::BaselineParseResult parsed = policy::ParseBaseline(*text, baseline);
    if (parsed.baseline.has_value()) {
      Ok(what, "the city baseline can be released");
      return;
    }
    const auto error =
        std::find_if(parsed.diagnostics.begin(), parsed.diagnostics.end(),
                     [](const policy::Diagnostic& found) { return found.severity == policy::Severity::kError; });
    std::string why = absl::StrCat("the city baseline `", baseline, "` is wrong");
    if (error != parsed.diagnostics.end()) {
      absl::StrAppend(&why, ", at first in line ", error->line, ": ",
                      policy::Message(*error, policy::Language::kEnglish));
    }
    complain(what, why, absl::StrCat("`allmende policy check ", baseline, "` shows everything"));
  }

  void CheckData() {
    const std::string what = absl::StrCat("data ", config_.data);
    // A broker makes the directory when it first starts, but not its parents.
    std::error_code error;
    const bool exists = fs::exists(config_.data, error);
    const fs::path parent = fs::path(config_.data).parent_path();
    const std::string directory = exists ? config_.data : parent.empty() ? "." : parent.string();
    const std::string probe = absl::StrCat(directory, "/.check-", getpid());
    const absl::Status written = WriteFileAtomically(probe, "probe\n", FileAccess::kOwnerOnly);
    unlink(probe.c_str());
    if (!written.ok()) {
      Fail(what, Text(written), "make the directory, and let the broker's user write to it");
      return;
    }
    const fs::space_info space = fs::space(directory, error);
    if (error) {
      Warn(what, absl::StrCat("how much space is free cannot be read: ", error.message()),
           "look after the file system");
      return;
    }
    const auto free_bytes = static_cast<int64_t>(space.available);
    const std::string free = absl::StrCat(free_bytes >> 20, " MiB free");
    const int64_t least = config_.limits.free_disk_bytes_min;
    // No error: such a broker refuses records but serves what it has, and trims what is due, which may make room.
    if (free_bytes < least) {
      Warn(what, absl::StrCat(free, ", and below ", least >> 20, " MiB publishing is refused"),
           "free space, or lower `limits: {free_disk: …}`");
    } else if (free_bytes < 4 * least) {
      Warn(what, absl::StrCat(free, "; below ", least >> 20, " MiB publishing is refused"), "free space soon");
    } else {
      Ok(what, absl::StrCat("writable, ", free));
    }
  }

  void CheckPort(const std::string& address) {
    const std::string what = absl::StrCat("port ", address);
    const absl::StatusOr<pki::Endpoint> endpoint = pki::ParseEndpoint(address);
    if (!endpoint.ok()) return;  // reading the configuration has refused it
    addrinfo hints = {};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(endpoint->host.c_str(), absl::StrCat(endpoint->port).c_str(), &hints, &found);
        error != 0) {
      Fail(what, absl::StrCat("`", endpoint->host, "` has no address here: ", gai_strerror(error)),
           "listen on an address of this machine");
      return;
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
    const UniqueFd fd(socket(addresses->ai_family, addresses->ai_socktype | SOCK_CLOEXEC, 0));
    // As the broker itself does: connections of a broker that just stopped must not count as a port in use.
    const int reuse = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
    if (fd.valid() && bind(fd.get(), addresses->ai_addr, addresses->ai_addrlen) == 0) {
      Ok(what, "free");
      return;
    }
    const int error = errno;
    Fail(what, std::strerror(error),
         error == EADDRINUSE ? "stop what listens there (perhaps this broker), or choose another port"
                             : "listen on an address of this machine and a port that its user may use");
  }

  void CheckSocket() {
    if (config_.admin_socket.empty()) return;
    const std::string what = absl::StrCat("admin socket ", config_.admin_socket);
    std::error_code error;
    const fs::path folder = fs::path(config_.admin_socket).parent_path();
    if (!folder.empty() && !fs::is_directory(folder, error)) {
      Fail(what, absl::StrCat("`", folder.string(), "` is no directory"), absl::StrCat("mkdir -p ", folder.string()));
    } else if (access(folder.empty() ? "." : folder.c_str(), W_OK) != 0) {
      Fail(what, std::strerror(errno), "let the broker's user write to its folder");
    } else {
      Ok(what, "its folder is writable");
    }
  }

  const BrokerConfig& config_;
  const absl::Time now_;
  std::vector<Finding> findings_;
};

std::string LevelName(Finding::Level level) {
  switch (level) {
    case Finding::Level::kOk:
      return "ok";
    case Finding::Level::kWarning:
      return "warning";
    case Finding::Level::kError:
      return "error";
  }
  return "";
}

}  // namespace

std::vector<Finding> CheckConfig(const BrokerConfig& config, absl::Time now) {
  return Checker(config, now).Run();
}

bool HasErrors(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.level == Finding::Level::kError; });
}

std::string FormatFindings(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    absl::StrAppend(&text, absl::StrFormat("%-8s", LevelName(finding.level)), finding.what, ": ", finding.why, "\n");
    if (!finding.next.empty()) absl::StrAppend(&text, "        → ", finding.next, "\n");
  }
  return text;
}

}  // namespace allmende::broker
