#include "broker/telemetry/metrics_page.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace allmende::broker {
namespace {

http::Answer Refuse(int status, const std::string& why) {
  return {status, "text/plain; charset=utf-8", absl::StrCat(why, "\n")};
}

}  // namespace

http::Pages MetricsPages(const Metrics& metrics, const pki::TrustStore& trust,
                         const pki::RevocationRegister& revocations, const Clock& clock) {
  const auto page = [&metrics, &trust, &revocations, &clock](const http::Call& call) -> http::Answer {
    if (!call.local) {
      const absl::StatusOr<pki::Identity> identity =
          trust.Identify(call.peer.certificate_pem, call.peer.chain_pem, clock.Now());
      if (!identity.ok()) return Refuse(401, std::string(identity.status().message()));
      if (const absl::Status welcome = revocations.Check(*identity); !welcome.ok()) {
        return Refuse(401, std::string(welcome.message()));
      }
      if (!identity->roles.Has(pki::Role::kAuditor) && !identity->roles.Has(pki::Role::kOfficer)) {
        return Refuse(403, absl::StrCat("`", identity->Name(),
                                        "` is neither auditor nor officer; metrics tell about others. Use a "
                                        "certificate with the role `auditor`"));
      }
    }
    return {200, kMetricsContentType, metrics.Text()};
  };
  return {{kMetricsPath, page}};
}

}  // namespace allmende::broker
