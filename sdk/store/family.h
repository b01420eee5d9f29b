// The number of a key space within its database: its index in DatabaseOptions::families.
#pragma once

#include <cstdint>

namespace allmende::store {

enum class Family : std::uint32_t {};

}  // namespace allmende::store
