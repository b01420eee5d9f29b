// The metrics as a page, and who may see it.
#pragma once

#include "broker/telemetry/metrics.h"
#include "sdk/base/clock.h"
#include "sdk/http/server.h"
#include "sdk/pki/revocation.h"
#include "sdk/pki/trust.h"

namespace allmende::broker {

inline constexpr char kMetricsPath[] = "/metrics";

// The page at kMetricsPath. Over the local socket whoever may open it sees it; over HTTPS a participant of this city in
// the role of auditor or officer does, as long as its certificate is not revoked. Answers 401 or 403 with the reason to
// anybody else. Borrows everything.
http::Pages MetricsPages(const Metrics& metrics, const pki::TrustStore& trust,
                         const pki::RevocationRegister& revocations, const Clock& clock);

}  // namespace allmende::broker
