#pragma once

namespace allmende::broker {

// As in CMakeLists.txt; a test compares the two.
inline constexpr char kVersion[] = "0.1.0";

}  // namespace allmende::broker
