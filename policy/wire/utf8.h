// UTF-8 as Unicode defines it: no surrogates, nothing over U+10FFFF, no longer forms than needed.
#pragma once

#include <string_view>

namespace allmende::policy {

bool IsValidUtf8(std::string_view text);

}  // namespace allmende::policy
