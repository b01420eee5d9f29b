// The most that each class of fields may be shown.
#pragma once

#include <array>

#include "policy/model/baseline.h"

namespace allmende::policy {

// By v1::FieldClass.
using ClassBounds = std::array<Treatment, v1::FieldClass_ARRAYSIZE>;

// What a limit leaves of each class.
ClassBounds BoundsOf(const Limit& limit);

// What a crisis ceiling leaves of each class.
ClassBounds BoundsOf(const CrisisCeiling& ceiling);

}  // namespace allmende::policy
