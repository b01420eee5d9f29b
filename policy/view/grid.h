// The grid of allmende/v1/view.proto. Internal to policy/view.
#pragma once

#include <cstdint>

#include "policy/wire/well_known.h"

namespace allmende::policy::view {

// The centre of the cell that `position`, which must be in range, lies in.
PositionValue CellCentre(PositionValue position, uint32_t metres);

}  // namespace allmende::policy::view
