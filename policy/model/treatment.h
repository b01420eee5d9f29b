// What happens to a field that a rule delivers. Treatments form a partial order from generous to strict; two rules of
// one layer are united by the more generous one, two layers meet in the stricter one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"

namespace allmende::policy {

// The value as it is.
struct Keep {
  friend bool operator==(const Keep&, const Keep&) = default;
};

// A time rounded down to a multiple of `step` since 1970-01-01T00:00:00Z. Whole microseconds, greater than zero.
struct RoundTime {
  absl::Duration step;
  friend bool operator==(const RoundTime&, const RoundTime&) = default;
};

// A place moved to its cell in a grid of this width. Greater than zero.
struct Grid {
  int64_t metres = 0;
  friend bool operator==(const Grid&, const Grid&) = default;
};

// A number replaced by the bucket it lies in. `bounds` are finite and ascending; n bounds make n + 1 buckets, and a
// value equal to a bound lies in the bucket above it.
struct Buckets {
  std::vector<double> bounds;
  friend bool operator==(const Buckets&, const Buckets&) = default;
};

// Replaced by a keyed hash: equal values stay equal for one recipient within one period, and for nobody else.
struct Pseudonym {
  enum class Period { kAgreement, kYear, kMonth, kDay };  // from longest to shortest
  Period period = Period::kAgreement;
  friend bool operator==(const Pseudonym&, const Pseudonym&) = default;
};

// Only that there was a value is shown.
struct Mask {
  friend bool operator==(const Mask&, const Mask&) = default;
};

// Nothing is delivered: what a field gets that no rule names.
struct Drop {
  friend bool operator==(const Drop&, const Drop&) = default;
};

using Treatment = std::variant<Keep, RoundTime, Grid, Buckets, Pseudonym, Mask, Drop>;

// True if `a` shows everything that `b` shows (pseudonyms count as showing less the sooner they change).
bool AtLeastAsGenerous(const Treatment& a, const Treatment& b);

// The most generous of `treatments`, whatever their order; Drop where there are none. Where several are not contained
// in any other, the one that comes last in the list above (of two of a kind, the coarsest): a union must not show more
// than one of its rules would.
Treatment Union(std::span<const Treatment> treatments);

// A treatment that shows nothing which one of the two would hide: the more coarse one, a common multiple of two steps
// or two grids, the bounds that two sets of buckets share, otherwise Mask.
Treatment Meet(const Treatment& a, const Treatment& b);

}  // namespace allmende::policy
