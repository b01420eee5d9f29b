// Views do to records what the published vectors say.
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "policy/testing/test_schema.h"
#include "policy/view/view.h"
#include "tests/vectors/hmac_mac.h"

namespace allmende {
namespace {

using nlohmann::json;

std::string Bytes(const json& hex) {
  return absl::HexStringToBytes(hex.get<std::string>());
}

// The message as .proto text; `messages` gets those inside it.
std::string MessageText(const std::string& name, const json& fields, std::string& messages) {
  std::string text = absl::StrCat("message ", name, " {\n");
  for (const json& field : fields) {
    std::string type = field.at("type").get<std::string>();
    if (type == "message") {
      type = absl::StrCat("Inner", field.at("number").get<int>());
      messages += MessageText(type, field.at("fields"), messages);
    } else if (type == "timestamp") {
      type = "google.protobuf.Timestamp";
    } else if (type == "position") {
      type = "allmende.v1.Position";
    }
    const char* const label = field.value("repeated", false)   ? "repeated "
                              : field.value("optional", false) ? "optional "
                                                               : "";
    const std::string unit = field.contains("unit")
                                 ? absl::StrCat(", (allmende.v1.unit) = \"", field.at("unit").get<std::string>(), "\"")
                                 : std::string();
    absl::StrAppend(&text, "  ", label, type, " ", field.at("name").get<std::string>(), " = ",
                    field.at("number").get<int>(), " [$p", field.value("key", false) ? ", $k" : "",
                    field.value("event_time", false) ? ", $t" : "", unit, "];\n");
  }
  return text + "}\n";
}

policy::testing::TestSchema SchemaOf(const json& fields) {
  std::string messages;
  const std::string record = MessageText("Record", fields, messages);
  return policy::testing::TestSchema(policy::testing::ProtoText(messages + record));
}

std::optional<int64_t> TimeOf(const json& record) {
  int64_t time_us = 0;
  if (!record.contains("event_time_us")) return std::nullopt;
  EXPECT_TRUE(absl::SimpleAtoi(record.at("event_time_us").get<std::string>(), &time_us));
  return time_us;
}

// What came out, in the form of `expected`.
json Described(policy::ViewResult result, const policy::ViewOutput& output) {
  if (result == policy::ViewResult::kFiltered) return {{"result", "filtered"}};
  if (result == policy::ViewResult::kError) return {{"result", "error"}};
  json described = {{"result", "deliver"},
                    {"key", absl::BytesToHexString(std::string(output.key))},
                    {"key_is_pseudonym", output.key_is_pseudonym},
                    {"payload", absl::BytesToHexString(std::string(output.payload))}};
  if (output.event_time_us) described["event_time_us"] = std::to_string(*output.event_time_us);
  return described;
}

TEST(Vectors, Views) {
  std::ifstream stream(ALLMENDE_SOURCE_DIR "/tests/vectors/view.json");
  const json vectors = json::parse(stream);
  ASSERT_FALSE(vectors.at("cases").empty());
  const policy::testing::TestSchema schema = SchemaOf(vectors.at("schema"));
  const auto mac = std::make_shared<const HmacMac>(Bytes(vectors.at("key")));
  for (const json& example : vectors.at("cases")) {
    SCOPED_TRACE(example.at("name"));
    v1::ViewProgram program;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(example.at("program").dump(), &program).ok());
    program.set_dataset_id(Bytes(vectors.at("dataset_id")));
    const auto view = policy::CompiledView::Compile(program, schema.table(), mac);
    ASSERT_TRUE(view.ok()) << view.status();
    const json& record = example.at("record");
    const std::string key = Bytes(record.at("key"));
    const std::string payload = Bytes(record.at("payload"));
    const bool deleted = record.at("operation") == "delete";
    policy::ViewOutput output;
    const policy::ViewResult result = view->Apply(
        {deleted ? policy::RecordOperation::kDelete : policy::RecordOperation::kUpsert, key, TimeOf(record), payload},
        output);
    EXPECT_EQ(Described(result, output), example.at("expected"));
  }
}

}  // namespace
}  // namespace allmende
