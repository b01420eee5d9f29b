#include "sdk/crypto/openssl.h"

#include <cstdio>
#include <cstdlib>

namespace allmende::crypto {

void Fatal(std::string_view why) {
  std::fprintf(stderr, "fatal: cryptography: %.*s\n", static_cast<int>(why.size()), why.data());
  ERR_print_errors_fp(stderr);
  std::abort();
}

}  // namespace allmende::crypto
