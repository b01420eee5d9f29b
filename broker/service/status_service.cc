#include "broker/service/status_service.h"

#include <filesystem>
#include <memory>
#include <system_error>

#include "broker/service/unary.h"
#include "broker/service/version.h"

namespace allmende::broker {

grpc::ServerUnaryReactor* StatusServiceImpl::GetStatus(grpc::CallbackServerContext* context,
                                                       const v1::GetStatusRequest*, v1::BrokerStatus* response) {
  return RunUnaryNow(exchange_, context, "GetStatus", [this, response](const Caller& caller) {
    const std::shared_ptr<const State> state = exchange_.control.state();
    const absl::Time now = exchange_.clock.Now();
    response->set_city(city_);
    response->set_version(kVersion);
    response->set_started_at_us(absl::ToUnixMicros(started_at_));
    response->set_now_us(absl::ToUnixMicros(now));
    *response->mutable_regime() = state->RegimeAt(now);
    response->set_control_head(state->version);
    response->set_datasets(state->datasets.size());
    if (caller->roles.Has(policy::Role::kAuditor) || caller->roles.Has(policy::Role::kOfficer)) {
      response->set_publishers(exchange_.counters.publishers);
      response->set_subscriptions(exchange_.counters.subscriptions);
      std::error_code unknown;
      const std::filesystem::space_info space = std::filesystem::space(data_, unknown);
      response->set_free_disk_bytes(unknown ? 0 : space.available);
    }
    response->set_caller(caller->Name());
    for (const std::string& role : caller->roles.Names()) {
      response->add_roles(role);
    }
    return absl::OkStatus();
  });
}

}  // namespace allmende::broker
