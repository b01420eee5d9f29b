// What `allmended --check` looks at before a broker serves: files, certificates, disk and ports.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "broker/config/config.h"

namespace allmende::broker {

struct Finding {
  enum class Level { kOk, kWarning, kError };
  Level level = Level::kOk;
  std::string what;  // what was looked at: `certificate broker/cert.pem`
  std::string why;   // what was found
  std::string next;  // what to do; empty when all is well
};

// Looks at everything and stops at nothing. Leaves nothing behind (a probe file in the data directory is removed). A
// broker that already runs on this configuration shows as ports in use.
std::vector<Finding> CheckConfig(const BrokerConfig& config, absl::Time now);

bool HasErrors(const std::vector<Finding>& findings);

// One line a finding, and a second one with what to do.
std::string FormatFindings(const std::vector<Finding>& findings);

}  // namespace allmende::broker
