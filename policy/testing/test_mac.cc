#include "policy/testing/test_mac.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace allmende::policy::testing {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr int kRounds = 64;

// The first 32 bits of the fractional part of a root.
uint32_t Fraction(long double root) {
  return static_cast<uint32_t>(std::floor((root - std::floor(root)) * 4'294'967'296.0L));
}

struct Constants {
  std::array<uint32_t, 8> start;        // from the square roots of the first 8 primes
  std::array<uint32_t, kRounds> round;  // from the cube roots of the first 64
};

Constants MakeConstants() {
  Constants constants{};
  int found = 0;
  for (int number = 2; found < kRounds; ++number) {
    bool prime = true;
    for (int divisor = 2; divisor * divisor <= number; ++divisor) {
      prime = prime && number % divisor != 0;
    }
    if (prime) {
      if (found < 8) {
        constants.start[found] = Fraction(std::sqrt(static_cast<long double>(number)));
      }
      constants.round[found] = Fraction(std::cbrt(static_cast<long double>(number)));
      ++found;
    }
  }
  return constants;
}

void Compress(const Constants& constants, const uint8_t* block, std::array<uint32_t, 8>& state) {
  std::array<uint32_t, kRounds> words;
  for (int i = 0; i < kRounds; ++i) {
    if (i < 16) {
      words[i] = uint32_t{block[4 * i]} << 24 | uint32_t{block[4 * i + 1]} << 16 | uint32_t{block[4 * i + 2]} << 8 |
                 block[4 * i + 3];
      continue;
    }
    const uint32_t a = words[i - 15];
    const uint32_t b = words[i - 2];
    words[i] = words[i - 16] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) + words[i - 7] +
               (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
  }
  std::array<uint32_t, 8> s = state;
  for (int i = 0; i < kRounds; ++i) {
    const uint32_t choose = (s[4] & s[5]) ^ (~s[4] & s[6]);
    const uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
    const uint32_t one = s[7] + (std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25)) + choose +
                         constants.round[i] + words[i];
    const uint32_t two = (std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22)) + majority;
    std::copy_backward(s.begin(), s.end() - 1, s.end());
    s[4] += one;
    s[0] = one + two;
  }
  for (size_t i = 0; i < s.size(); ++i) {
    state[i] += s[i];
  }
}

}  // namespace

std::array<uint8_t, kMacBytes> Sha256(std::string_view message) {
  static const Constants constants = MakeConstants();
  std::string padded(message);
  padded.push_back('\x80');
  padded.resize((padded.size() + 8 + kBlockBytes - 1) / kBlockBytes * kBlockBytes - 8);
  for (int shift = 56; shift >= 0; shift -= 8) {
    padded.push_back(static_cast<char>(uint64_t{message.size()} * 8 >> shift));
  }
  std::array<uint32_t, 8> state = constants.start;
  for (size_t at = 0; at < padded.size(); at += kBlockBytes) {
    Compress(constants, reinterpret_cast<const uint8_t*>(padded.data()) + at, state);
  }
  std::array<uint8_t, kMacBytes> digest;
  for (size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

TestMac::TestMac(std::string_view key) : inner_pad_(kBlockBytes, '\x36'), outer_pad_(kBlockBytes, '\x5c') {
  std::string block(key);
  if (key.size() > kBlockBytes) {
    const auto digest = Sha256(key);
    block.assign(digest.begin(), digest.end());
  }
  for (size_t i = 0; i < block.size(); ++i) {
    inner_pad_[i] = static_cast<char>(inner_pad_[i] ^ block[i]);
    outer_pad_[i] = static_cast<char>(outer_pad_[i] ^ block[i]);
  }
}

bool TestMac::Compute(std::span<const std::string_view> parts, std::span<uint8_t, kMacBytes> out) const {
  std::string message = inner_pad_;
  for (const std::string_view part : parts) {
    message.append(part);
  }
  const auto inner = Sha256(message);
  const auto outer = Sha256(outer_pad_ + std::string(inner.begin(), inner.end()));
  std::copy(outer.begin(), outer.end(), out.begin());
  return true;
}

}  // namespace allmende::policy::testing
