// Pseudonyms as a view makes them, with the HMAC that a broker hands in, are those of the published vectors.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "policy/view/pseudonym.h"
#include "sdk/base/endian.h"
#include "tests/vectors/hmac_mac.h"

namespace allmende {
namespace {

using nlohmann::json;
using Pseudonym = v1::FieldInstruction::Pseudonym;

std::string Bytes(const json& hex) {
  return absl::HexStringToBytes(hex.get<std::string>());
}

int64_t Number(const json& decimal) {
  int64_t number = 0;
  EXPECT_TRUE(absl::SimpleAtoi(decimal.get<std::string>(), &number)) << decimal;
  return number;
}

policy::view::PseudonymPeriod PeriodNamed(const std::string& name) {
  if (name == "agreement") return Pseudonym::AGREEMENT;
  if (name == "year") return Pseudonym::YEAR;
  return name == "month" ? Pseudonym::MONTH : Pseudonym::DAY;
}

// From the case's event time, or with the number that it gives.
std::array<char, policy::view::kPeriodBytes> PeriodOfCase(const json& example) {
  std::optional<int64_t> event_time_us;
  if (example.contains("event_time_us")) event_time_us = Number(example.at("event_time_us"));
  auto period = policy::view::PeriodOf(PeriodNamed(example.at("period")), event_time_us);
  if (example.contains("period_number")) {
    StoreBigEndian(static_cast<uint64_t>(Number(example.at("period_number"))), &period[1]);
  }
  return period;
}

TEST(Vectors, KeyPseudonyms) {
  std::ifstream stream(ALLMENDE_SOURCE_DIR "/tests/vectors/pseudonyms.json");
  const json vectors = json::parse(stream);
  ASSERT_FALSE(vectors.at("cases").empty());
  for (const json& example : vectors.at("cases")) {
    const HmacMac mac(Bytes(example.at("hmac_key")));
    std::array<uint8_t, policy::kMacBytes> code;
    ASSERT_TRUE(policy::view::ComputePseudonym(mac,
                                               policy::view::PseudonymPrefix(Bytes(example.at("dataset_id")), '\2'),
                                               PeriodOfCase(example), "", Bytes(example.at("key")), code));
    const std::string pseudonym(reinterpret_cast<const char*>(code.data()), policy::view::kPseudonymBytes);
    EXPECT_EQ(absl::BytesToHexString(pseudonym), example.at("expected").at("pseudonym")) << example.at("name");
  }
}

}  // namespace
}  // namespace allmende
