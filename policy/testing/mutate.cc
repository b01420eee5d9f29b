#include "policy/testing/mutate.h"

#include <algorithm>

namespace allmende::policy::testing {

std::string Mutated(std::string bytes, Random& random) {
  for (uint64_t i = 1 + random.Below(3); i > 0; --i) {
    if (bytes.empty()) {
      bytes.push_back(static_cast<char>(random.Bits()));
      continue;
    }
    const size_t at = random.Below(bytes.size());
    const size_t other = random.Below(bytes.size());
    const size_t begin = std::min(at, other);
    const size_t count = std::min<size_t>(std::max(at, other) - begin, 16);
    switch (random.Below(7)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(random.OneIn(2) ? random.Bits() : random.Below(4));
        break;
      case 2:
        bytes.insert(at, 1, static_cast<char>(random.OneIn(2) ? random.Bits() : 0));
        break;
      case 3:
        bytes.erase(begin, std::max<size_t>(count, 1));
        break;
      case 4:
        bytes.insert(at, bytes.substr(begin, count));
        break;
      case 5:
        std::swap(bytes[at], bytes[other]);
        break;
      default:
        bytes.resize(random.OneIn(3) ? at : bytes.size() - 1);
        break;
    }
  }
  return bytes;
}

}  // namespace allmende::policy::testing
