#include "tests/bench/sample.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "policy/key/key.h"
#include "policy/testing/test_schema.h"

namespace allmende::bench {
namespace {

constexpr int64_t kFirstSecond = 1'750'000'000;

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void AppendDouble(int field, double value, std::string& out) {
  AppendVarint(static_cast<uint64_t>(field) << 3 | 1, out);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof bytes);
}

void AppendText(int field, const std::string& text, std::string& out) {
  AppendVarint(static_cast<uint64_t>(field) << 3 | 2, out);
  AppendVarint(text.size(), out);
  out.append(text);
}

}  // namespace

std::string SampleSchema() {
  return policy::testing::DescriptorSetOf(
      policy::testing::ProtoText("message Record {"
                                 "  google.protobuf.Timestamp time = 1 [$t, $p];"
                                 "  string sensor = 2 [$k, $p];"
                                 "  double level = 3 [$p];"
                                 "  double flow = 4 [$p];"
                                 "  int64 counter = 5 [$p];"
                                 "  double battery = 6 [$o];"
                                 "  string operator_note = 7 [$o];"
                                 "  string note = 8 [$p];"
                                 "}"));
}

std::string SamplePolicy(const std::string& dataset) {
  return absl::StrCat("language: en\ndataset: ", dataset,
                      "\n"
                      "publisher: amt\n"
                      "valid: {from: 2024-01-01}\n"
                      "fields:\n"
                      "  public: [time, sensor, level, flow, counter, note]\n"
                      "  operational: [battery, operator_note]\n"
                      "rules:\n"
                      "  - rule: everything\n"
                      "    for: [identity]\n"
                      "    purpose: any\n"
                      "    licence: cc-by/4.0\n"
                      "    source: Amt\n"
                      "    deliver: [public, operational]\n"
                      "    replica: {without_contact: 7 days}\n"
                      "  - rule: coarser\n"
                      "    for: [changed]\n"
                      "    purpose: any\n"
                      "    licence: cc-by/4.0\n"
                      "    source: Amt\n"
                      "    deliver: [sensor, level, flow, counter, note, time: {round: 5 minutes}]\n"
                      "    replica: {without_contact: 7 days}\n"
                      "tests:\n"
                      "  - {who: identity, gets: [public, operational]}\n"
                      "  - {who: changed, never: [operational]}\n");
}

const NewRecord& Sample::Make(uint64_t number, uint64_t keys) {
  const std::string sensor = absl::StrFormat("sensor-%09d", number % keys);
  const int64_t second = kFirstSecond + static_cast<int64_t>(number / 16);
  payload_.clear();
  std::string time;
  AppendVarint(1 << 3, time);
  AppendVarint(static_cast<uint64_t>(second), time);
  AppendText(1, time, payload_);
  AppendText(2, sensor, payload_);
  AppendDouble(3, 1.25 + static_cast<double>(number % 1000), payload_);
  AppendDouble(4, 0.5 + static_cast<double>(number % 77), payload_);
  AppendVarint(5 << 3, payload_);
  AppendVarint(number + 1, payload_);
  AppendDouble(6, 3.3, payload_);
  AppendText(7, "checked by the night shift", payload_);
  const size_t left = kPayloadBytes - payload_.size();
  const size_t head = left - 2 < 128 ? 2 : 3;  // tag and length
  AppendText(8, std::string(left - head, 'x'), payload_);

  policy::KeyWriter key;
  key.AddBytes(sensor);
  key_ = std::string(key.bytes());
  record_.key = key_;
  record_.event_time = absl::FromUnixSeconds(second);
  record_.payload = payload_;
  return record_;
}

}  // namespace allmende::bench
