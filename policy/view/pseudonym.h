// The pseudonyms of allmende/v1/view.proto. Internal to policy/view.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/view/mac.h"
#include "policy/view/view_plan.h"

namespace allmende::policy::view {

inline constexpr size_t kDatasetIdBytes = 16;
inline constexpr size_t kPseudonymBytes = 16;
inline constexpr size_t kPeriodBytes = 9;

// What a keyed hash begins with: `kind` is 1 for a field, 2 for a key.
std::string PseudonymPrefix(std::string_view dataset_id, char kind);

// A domain with its length in front.
std::string FramedDomain(std::string_view domain);

// The period that `event_time_us` lies in.
std::array<char, kPeriodBytes> PeriodOf(PseudonymPeriod period, std::optional<int64_t> event_time_us);

// Writes the keyed hash of a value to `out`, of which the first kPseudonymBytes are the pseudonym. `domain` is empty
// for a key.
bool ComputePseudonym(const Mac& mac, std::string_view prefix, const std::array<char, kPeriodBytes>& period,
                      std::string_view domain, std::string_view value, std::span<uint8_t, kMacBytes> out);

}  // namespace allmende::policy::view
