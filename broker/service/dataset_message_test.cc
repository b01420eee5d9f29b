#include "broker/service/dataset_message.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "policy/testing/test_schema.h"

namespace allmende::broker {
namespace {

void AddDataset(State& state, const std::string& name, const std::string& provider, size_t schema_bytes) {
  auto schema = std::make_shared<Schema>();
  schema->descriptor_set = std::string(schema_bytes, 's');
  auto dataset = std::make_shared<DatasetState>();
  dataset->name = name;
  dataset->provider = provider;
  dataset->schema = std::move(schema);
  state.datasets[name] = std::move(dataset);
}

absl::StatusCode Propose(const State& state, const std::string& provider) {
  v1::CreateDatasetRequest request;
  request.set_name("neu/daten");
  request.set_kind(v1::STREAM);
  request.set_schema(
      policy::testing::DescriptorSetOf(policy::testing::ProtoText("message Record { int32 a = 1 [$p]; }")));
  request.set_message_name("test.Record");
  return ProposeDataset(state, request, provider).status().code();
}

TEST(ProposeDataset, AProviderHasABoundedNumberOfDatasets) {
  State state;
  for (int i = 0; i < 999; ++i) {
    AddDataset(state, absl::StrCat("amt/d", i), "amt", 10);
  }
  EXPECT_EQ(Propose(state, "amt"), absl::StatusCode::kOk);
  AddDataset(state, "amt/last", "amt", 10);
  EXPECT_EQ(Propose(state, "amt"), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Propose(state, "navi"), absl::StatusCode::kOk) << "others are not concerned";
}

TEST(ProposeDataset, TheSchemasOfAProviderAreBoundedTogether) {
  State state;
  for (int i = 0; i < 32; ++i) {
    AddDataset(state, absl::StrCat("amt/d", i), "amt", 1'040'000);
  }
  EXPECT_EQ(Propose(state, "amt"), absl::StatusCode::kOk);
  AddDataset(state, "amt/last", "amt", 300'000);
  EXPECT_EQ(Propose(state, "amt"), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Propose(state, "navi"), absl::StatusCode::kOk);
}

}  // namespace
}  // namespace allmende::broker
