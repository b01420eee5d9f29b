// What facts make of policies: in force, or not and why.
#include "broker/control/projection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "policy/decide/decide.h"
#include "policy/testing/test_schema.h"

namespace allmende::broker {
namespace {

using policy::testing::DescriptorSetOf;
using policy::testing::ProtoText;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kBaseline[] =
    "language: en\n"
    "baseline: city\n"
    "publisher: officer\n"
    "valid: {from: 2024-01-01}\n"
    "purposes: [traffic]\n"
    "limits:\n"
    "  - {limit: none, for: everyone, never: [personal]}\n"
    "tests:\n"
    "  - {who: navi, never: [personal]}\n";
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
constexpr char kBody[] = "message Record { string id = 1 [$p]; int32 level = 2 [$p]; }";
constexpr char kWithoutLevel[] = "message Record { string id = 1 [$p]; reserved 2; reserved \"level\"; }";

class ProjectionTest : public ::testing::Test {
 protected:
  void Add(v1::Fact fact) {
    fact.set_sequence(state_.version + 1);
    const absl::Status applied = Apply(fact, state_);
    ASSERT_TRUE(applied.ok()) << applied;
    CompilePolicies(state_);
  }
  void Create() {
    v1::Fact fact;
    v1::DatasetCreated& created = *fact.mutable_dataset_created();
    created.set_id(std::string(16, 'i'));
    created.set_log(1);
    created.set_name("amt/pegel");
    created.set_provider("amt");
    created.set_schema(DescriptorSetOf(ProtoText(kBody)));
    created.set_message_name("test.Record");
    Add(fact);
  }
  void Update(const std::string& body) {
    v1::Fact fact;
    v1::SchemaUpdated& updated = *fact.mutable_schema_updated();
    updated.set_dataset_id(std::string(16, 'i'));
    updated.set_version(state_.Find("amt/pegel")->schema->version + 1);
    updated.set_schema(DescriptorSetOf(ProtoText(body)));
    updated.set_message_name("test.Record");
    Add(fact);
  }
  void Release(const std::string& dataset, const std::string& text, uint64_t number = 1) {
    v1::Fact fact;
    v1::PolicyReleased& released = *fact.mutable_policy_released();
    released.set_dataset(dataset);
    released.set_number(number);
    released.set_file_name(dataset.empty() ? "city.yaml" : "pegel.yaml");
    released.set_text(text);
    Add(fact);
  }
  policy::Decision Ask() const {
    policy::Request request;
    request.caller.participant = policy::ParticipantId("navi");
    request.dataset = policy::DatasetId("amt/pegel");
    request.action = policy::Action::kRead;
    request.purpose = policy::Purpose("traffic");
    request.now = absl::FromUnixSeconds(1'800'000'000);
    return policy::Decide(state_.policies, request);
  }
  std::string Refused() const {
    const policy::Decision decision = Ask();
    if (decision.allowed()) {
      return "allowed";
    }
    const v1::Refusal refusal = policy::ToProto(decision.refusal());
    const auto problem = refusal.arguments().find("problem");
    return refusal.code() + " " + refusal.rule_file() + ":" + std::to_string(refusal.rule_line()) + " " +
           (problem == refusal.arguments().end() ? "" : problem->second);
  }

  State state_;
};

TEST_F(ProjectionTest, APolicyIsInForceUnderABaseline) {
  Create();
  EXPECT_EQ(Refused(), "not-released :0 ");
  Release("amt/pegel", kPolicy);
  EXPECT_EQ(Refused(), "policy-unusable :0 no city baseline was released");
  Release("", kBaseline);
  EXPECT_EQ(Refused(), "allowed");
}

TEST_F(ProjectionTest, APolicyThatNoLongerFitsItsSchemaSaysSoUntilItDoesAgain) {
  Release("", kBaseline);
  Create();
  Release("amt/pegel", kPolicy);
  Update(kWithoutLevel);
  EXPECT_EQ(Refused(), "policy-unusable pegel.yaml:7 pegel.yaml:7:16: the schema has no field `level`");
  std::string mended = kPolicy;
  mended.erase(mended.find(", level"), 7);
  Release("amt/pegel", mended, 2);
  EXPECT_EQ(Refused(), "allowed");
}

TEST_F(ProjectionTest, ATextThatThisVersionCannotReadIsNoPolicy) {
  Release("", kBaseline);
  Create();
  Release("amt/pegel", "language: en\n");
  EXPECT_EQ(Refused(), "policy-unusable pegel.yaml:0 release 1 cannot be read by this version");
  EXPECT_EQ(PolicyMisfits(*state_.Find("amt/pegel"), *state_.Find("amt/pegel")->schema->table), "");
}

TEST_F(ProjectionTest, ABaselineThatCannotBeReadAllowsNothing) {
  Release("", kBaseline);
  Create();
  Release("amt/pegel", kPolicy);
  Release("", "language: en\n", 2);
  EXPECT_THAT(Refused(), StartsWith("policy-unusable :0 release 2 of the city baseline cannot be read"));
  Release("", kBaseline, 3);
  EXPECT_EQ(Refused(), "allowed");
}

TEST_F(ProjectionTest, ManyMisfitsAreCounted) {
  Create();
  std::string policy = kPolicy;
  policy.replace(policy.find("[id, level]"), 11, "[a, b, c, d, e, f, g]");
  Release("amt/pegel", policy);
  EXPECT_THAT(PolicyMisfits(*state_.Find("amt/pegel"), *state_.Find("amt/pegel")->schema->table),
              ::testing::AllOf(StartsWith("pegel.yaml:7:12: the schema has no field `a`; 7:15: "),
                               HasSubstr("`e`; and 2 more")));
}

}  // namespace
}  // namespace allmende::broker
