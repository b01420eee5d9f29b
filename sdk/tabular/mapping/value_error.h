#pragma once

#include <string>

namespace allmende::tabular {

// Why one value could not be read; the place is added by whoever knows it.
struct ValueError {
  std::string why = {};     // continues after the value: is not a number
  std::string advice = {};  // may be empty
};

}  // namespace allmende::tabular
