// The proof for people: the table, and what it shows.
#pragma once

#include "examples/heavy_rain/night/night.h"
#include "examples/heavy_rain/play.h"
#include "examples/heavy_rain/stage/narrator.h"
#include "examples/heavy_rain/witness.h"

namespace heavy_rain {

// True: everything that the demo claims was seen to be so.
bool TellEnding(const Night& night, const Witness& witness, const Events& events, Narrator& narrator);

}  // namespace heavy_rain
