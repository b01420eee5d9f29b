// The first release of the city baseline: a new broker takes it from its configuration's policies directory.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "broker/config/config.h"
#include "broker/control/control_log.h"
#include "broker/telemetry/log.h"

namespace allmende::broker {

// Releases `city.baseline.yaml` where no baseline was ever released. Later versions come through PolicyService.Release.
//   kInvalidArgument  the file has errors; the message lists them
//   others            it cannot be read or recorded
absl::Status ReleaseFirstBaseline(const BrokerConfig& config, ControlLog& control, absl::Time now, Logger& logger);

}  // namespace allmende::broker
