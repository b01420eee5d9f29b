#include "broker/service/release.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "broker/control/projection.h"
#include "policy/testing/test_schema.h"

namespace allmende::broker {
namespace {

using policy::testing::DescriptorSetOf;
using policy::testing::ProtoText;
using ::testing::HasSubstr;

constexpr char kPolicy[] =
    "language: en\n"
    "dataset: amt/pegel\n"
    "publisher: amt\n"
    "legal_basis: {norm: \"BWG\", controller: amt}\n"
    "valid: {from: 2024-01-01}\n"
    "fields:\n"
    "  public: [id, level]\n"
    "rules:\n"
    "  - {rule: open, for: everyone, purpose: any, licence: cc-by/4.0, source: Amt, deliver: [public]}\n"
    "tests:\n"
    "  - {who: nobody, never: [personal]}\n";

State StateWith(const std::string& body) {
  v1::Fact fact;
  fact.set_sequence(1);
  v1::DatasetCreated& created = *fact.mutable_dataset_created();
  created.set_id(std::string(16, 'i'));
  created.set_name("amt/pegel");
  created.set_provider("amt");
  created.set_schema(DescriptorSetOf(ProtoText(body)));
  created.set_message_name("test.Record");
  State state;
  EXPECT_EQ(Apply(fact, state), absl::OkStatus());
  return state;
}

v1::ReleaseRequest Request() {
  v1::ReleaseRequest request;
  request.set_dataset("amt/pegel");
  request.set_file_name("pegel.yaml");
  request.set_text(kPolicy);
  return request;
}

TEST(Release, ATextThatFitsBecomesTheNextRelease) {
  const auto fact =
      ProposeRelease(StateWith("message Record { string id = 1 [$p]; int32 level = 2 [$p]; }"), Request());
  ASSERT_TRUE(fact.ok()) << fact.status();
  EXPECT_EQ((*fact)->policy_released().number(), 1);
  EXPECT_EQ((*fact)->policy_released().text(), kPolicy);
}

TEST(Release, ASchemaThatChangedAfterTheCheckAbortsIt) {
  const auto fact = ProposeRelease(StateWith("message Record { string id = 1 [$p]; }"), Request());
  EXPECT_EQ(fact.status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(
      std::string(fact.status().message()),
      HasSubstr("the schema of `amt/pegel` changed meanwhile: pegel.yaml:7:16: the schema has no field `level`"));
}

TEST(Release, AnotherReleaseInForceAbortsIt) {
  v1::ReleaseRequest request = Request();
  request.set_expected_release(3);
  const auto fact = ProposeRelease(StateWith("message Record { string id = 1 [$p]; int32 level = 2 [$p]; }"), request);
  EXPECT_EQ(fact.status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(fact.status().message()), HasSubstr("release 0 is in force, not 3"));
}

}  // namespace
}  // namespace allmende::broker
