#include "policy/view/pseudonym.h"

#include <limits>

#include "absl/time/civil_time.h"

namespace allmende::policy::view {
namespace {

using Pseudonym = v1::FieldInstruction::Pseudonym;

constexpr std::string_view kLabel("allmende pseudonym v1\0", 22);
constexpr int64_t kMicrosecondsPerDay = 86'400'000'000;

int64_t DaysSince1970(int64_t time_us) {
  const int64_t days = time_us / kMicrosecondsPerDay;
  return time_us % kMicrosecondsPerDay < 0 ? days - 1 : days;
}

int64_t PeriodNumber(PseudonymPeriod period, std::optional<int64_t> event_time_us) {
  if (period == Pseudonym::AGREEMENT) {
    return 0;
  }
  if (!event_time_us.has_value()) {
    return std::numeric_limits<int64_t>::min();
  }
  const int64_t days = DaysSince1970(*event_time_us);
  if (period == Pseudonym::DAY) {
    return days;
  }
  const absl::CivilDay day = absl::CivilDay(1970, 1, 1) + days;
  return period == Pseudonym::YEAR ? day.year() : day.year() * 12 + day.month() - 1;
}

}  // namespace

std::string PseudonymPrefix(std::string_view dataset_id, char kind) {
  std::string prefix(kLabel);
  prefix.append(dataset_id);
  prefix.push_back(kind);
  return prefix;
}

std::string FramedDomain(std::string_view domain) {
  std::string framed;
  for (int shift = 24; shift >= 0; shift -= 8) {
    framed.push_back(static_cast<char>(domain.size() >> shift));
  }
  return framed.append(domain);
}

std::array<char, kPeriodBytes> PeriodOf(PseudonymPeriod period, std::optional<int64_t> event_time_us) {
  std::array<char, kPeriodBytes> bytes;
  bytes[0] = static_cast<char>(period);
  const auto number = static_cast<uint64_t>(PeriodNumber(period, event_time_us));
  for (size_t i = 0; i < 8; ++i) {
    bytes[1 + i] = static_cast<char>(number >> (56 - 8 * i));
  }
  return bytes;
}

bool ComputePseudonym(const Mac& mac, std::string_view prefix, const std::array<char, kPeriodBytes>& period,
                      std::string_view domain, std::string_view value, std::span<uint8_t, kMacBytes> out) {
  const std::array<std::string_view, 4> parts = {prefix, std::string_view(period.data(), period.size()), domain, value};
  return mac.Compute(parts, out);
}

}  // namespace allmende::policy::view
