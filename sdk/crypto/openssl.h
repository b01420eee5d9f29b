// For the sources of this folder only: how they treat OpenSSL.
#pragma once

#include <openssl/err.h>

#include <memory>
#include <string>
#include <string_view>

namespace allmende::crypto {

// Ends the process. For failures that no caller can do anything about: no memory, no randomness, or an installation of
// OpenSSL that lacks what every installation has.
[[noreturn]] void Fatal(std::string_view why);

// Returns `result`, or ends the process where OpenSSL reports failure.
template <typename T>
T* Require(T* result, std::string_view why) {
  if (result == nullptr) {
    Fatal(why);
  }
  return result;
}

inline void Require(int result, std::string_view why) {
  if (result != 1) {
    Fatal(why);
  }
}

// An owner that frees with an OpenSSL function: OpenSslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>.
template <auto kFree>
struct OpenSslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <typename T, auto kFree>
using OpenSslPtr = std::unique_ptr<T, OpenSslFree<kFree>>;

}  // namespace allmende::crypto
