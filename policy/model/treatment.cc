#include "policy/model/treatment.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>
#include <type_traits>
#include <utility>

namespace allmende::policy {
namespace {

// Steps over 400 days show little that a mask would hide.
constexpr int64_t kStepMaxUs = int64_t{400} * 24 * 3600 * 1'000'000;

// The least common multiple, or none where it is beyond `max`.
std::optional<int64_t> BoundedLcm(int64_t a, int64_t b, int64_t max) {
  if (a <= 0 || b <= 0) {
    return std::nullopt;
  }
  const int64_t factor = b / std::gcd(a, b);
  if (a > max / factor) {
    return std::nullopt;
  }
  return a * factor;
}

bool Contains(const std::vector<double>& bounds, const std::vector<double>& subset) {
  return std::includes(bounds.begin(), bounds.end(), subset.begin(), subset.end());
}

bool SameKindAtLeast(const RoundTime& a, const RoundTime& b) {
  const int64_t fine = absl::ToInt64Microseconds(a.step);
  return fine > 0 && absl::ToInt64Microseconds(b.step) % fine == 0;
}
// The cells of two grids do not nest; wider ones still show less of where something is.
bool SameKindAtLeast(const Grid& a, const Grid& b) {
  return a.metres <= b.metres;
}
bool SameKindAtLeast(const Buckets& a, const Buckets& b) {
  return Contains(a.bounds, b.bounds);
}
// Pseudonyms of a shorter period cannot be computed from those of a longer one, but they show less: links end sooner.
bool SameKindAtLeast(const Pseudonym& a, const Pseudonym& b) {
  return a.period <= b.period;
}
template <typename T>
bool SameKindAtLeast(const T&, const T&) {
  return true;
}

Treatment SameKindMeet(const RoundTime& a, const RoundTime& b) {
  const auto step = BoundedLcm(absl::ToInt64Microseconds(a.step), absl::ToInt64Microseconds(b.step), kStepMaxUs);
  return step ? Treatment(RoundTime{absl::Microseconds(*step)}) : Treatment(Mask{});
}
Treatment SameKindMeet(const Grid& a, const Grid& b) {
  return Grid{std::max(a.metres, b.metres)};
}
Treatment SameKindMeet(const Buckets& a, const Buckets& b) {
  Buckets common;
  std::set_intersection(a.bounds.begin(), a.bounds.end(), b.bounds.begin(), b.bounds.end(),
                        std::back_inserter(common.bounds));
  return common.bounds.empty() ? Treatment(Mask{}) : Treatment(common);
}
Treatment SameKindMeet(const Pseudonym& a, const Pseudonym& b) {
  return a.period < b.period ? Treatment(b) : Treatment(a);
}
template <typename T>
Treatment SameKindMeet(const T& a, const T&) {
  return a;
}

bool Coarser(const RoundTime& a, const RoundTime& b) {
  return a.step > b.step;
}
bool Coarser(const Buckets& a, const Buckets& b) {
  return a.bounds.size() != b.bounds.size() ? a.bounds.size() < b.bounds.size() : a.bounds < b.bounds;
}
template <typename T>
bool Coarser(const T&, const T&) {
  return false;
}

// Calls `same(a, b)` with the alternatives of two treatments of one kind.
template <typename Result, typename Same>
Result VisitSameKind(const Treatment& a, const Treatment& b, Same same) {
  return std::visit([&](const auto& left) -> Result { return same(left, std::get<std::decay_t<decltype(left)>>(b)); },
                    a);
}

// A total order that picks one of several treatments of which none contains another.
bool Stricter(const Treatment& a, const Treatment& b) {
  if (a.index() != b.index()) {
    return a.index() > b.index();
  }
  return VisitSameKind<bool>(a, b, [](const auto& x, const auto& y) { return Coarser(x, y); });
}

}  // namespace

bool AtLeastAsGenerous(const Treatment& a, const Treatment& b) {
  if (a.index() == b.index()) {
    return VisitSameKind<bool>(a, b, [](const auto& x, const auto& y) { return SameKindAtLeast(x, y); });
  }
  if (std::holds_alternative<Keep>(a) || std::holds_alternative<Drop>(b)) {
    return true;
  }
  return std::holds_alternative<Mask>(b) && !std::holds_alternative<Drop>(a);
}

Treatment Union(std::span<const Treatment> treatments) {
  // Many rules give a field in few ways: each way is compared once.
  std::vector<const Treatment*> different;
  for (const Treatment& treatment : treatments) {
    if (std::holds_alternative<Keep>(treatment)) {
      return treatment;
    }
    if (std::none_of(different.begin(), different.end(), [&](const Treatment* other) { return *other == treatment; })) {
      different.push_back(&treatment);
    }
  }
  const Treatment* best = nullptr;
  for (const Treatment* candidate : different) {
    const bool contained = std::any_of(different.begin(), different.end(), [&](const Treatment* other) {
      return AtLeastAsGenerous(*other, *candidate) && !AtLeastAsGenerous(*candidate, *other);
    });
    if (!contained && (best == nullptr || Stricter(*candidate, *best))) {
      best = candidate;
    }
  }
  return best == nullptr ? Treatment(Drop{}) : *best;
}

Treatment Meet(const Treatment& a, const Treatment& b) {
  if (a.index() == b.index()) {
    return VisitSameKind<Treatment>(a, b, [](const auto& x, const auto& y) { return SameKindMeet(x, y); });
  }
  if (AtLeastAsGenerous(a, b)) {
    return b;
  }
  if (AtLeastAsGenerous(b, a)) {
    return a;
  }
  return Mask{};
}

}  // namespace allmende::policy
