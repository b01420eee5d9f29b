// The datasets of both nights. Internal to this folder.
#pragma once

#include "examples/heavy_rain/proof/proof.h"

namespace heavy_rain {

DatasetPlan RainPlan();
DatasetPlan LevelPlan();
DatasetPlan OverflowPlan();
DatasetPlan TrafficPlan();
DatasetPlan WellPlan();

}  // namespace heavy_rain
