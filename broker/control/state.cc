#include "broker/control/state.h"

namespace allmende::broker {

const DatasetState* State::Find(std::string_view name) const {
  const auto found = datasets.find(name);
  return found == datasets.end() ? nullptr : found->second.get();
}

v1::Regime State::RegimeAt(absl::Time now) const {
  v1::Regime in_force;
  in_force.set_number(regime.number());
  for (const v1::Crisis& crisis : regime.crises()) {
    if (absl::FromUnixMicros(crisis.from_us()) <= now && now < absl::FromUnixMicros(crisis.until_us())) {
      *in_force.add_crises() = crisis;
    }
  }
  return in_force;
}

}  // namespace allmende::broker
