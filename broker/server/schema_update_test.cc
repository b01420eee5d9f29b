// Schemas that change under a policy in force.
#include "allmende/v1/catalogue.grpc.pb.h"
#include "allmende/v1/policy.grpc.pb.h"
#include "broker/testing/exchange_fixture.h"
#include "sdk/rpc/status.h"

namespace allmende::broker {
namespace {

using policy::testing::DescriptorSetOf;
using policy::testing::ProtoText;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kWithoutLevel[] =
    "message Record {"
    "  google.protobuf.Timestamp time = 1 [$t, $p];"
    "  string id = 2 [$k, $p];"
    "  reserved 3; reserved \"level\";"
    "  string shaft = 4 [(allmende.v1.class) = CRITICAL];"
    "}";

class SchemaUpdateTest : public ExchangeTest {
 protected:
  absl::StatusOr<v1::UpdateSchemaResponse> Update(const std::string& dataset, const std::string& body,
                                                  bool dry_run = false) {
    const auto stub = v1::CatalogueService::NewStub(broker_.Connect("amt"));
    v1::UpdateSchemaRequest request;
    request.set_name(dataset);
    request.set_schema(DescriptorSetOf(ProtoText(body)));
    request.set_message_name("test.Record");
    request.set_dry_run(dry_run);
    {
      v1::GetDatasetRequest get;
      get.set_name(dataset);
      grpc::ClientContext context;
      v1::Dataset before;
      const absl::Status got = rpc::FromGrpc(stub->GetDataset(&context, get, &before));
      if (!got.ok()) {
        return got;
      }
      request.set_expected_version(before.schema_version());
    }
    grpc::ClientContext context;
    v1::UpdateSchemaResponse response;
    const absl::Status updated = rpc::FromGrpc(stub->UpdateSchema(&context, request, &response));
    if (!updated.ok()) {
      return updated;
    }
    return response;
  }

  // What `navi` gets of the first record.
  std::vector<std::string> FieldsOfNavi(const std::string& dataset) {
    v1::SubscribeRequest request = Wanted(dataset);
    request.set_stop_at_head(true);
    const auto reader = Reader(request);
    const auto ended = reader->ReceiveAll();
    EXPECT_TRUE(ended.ok()) << ended.status();
    return {reader->opened().terms().fields().begin(), reader->opened().terms().fields().end()};
  }
};

TEST_F(SchemaUpdateTest, NoFieldThatThePolicyListsGoesBeforeThePolicyLetsItGo) {
  Store("amt/pegel", 0, 3, 3);
  for (const bool dry_run : {true, false}) {
    const absl::Status refused = Update("amt/pegel", kWithoutLevel, dry_run).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(refused.message()),
                AllOf(HasSubstr("release 1 of the policy of `amt/pegel` would not fit"),
                      ::testing::ContainsRegex("test.policy.yaml:[0-9]+:[0-9]+: the schema has no field `level`"),
                      HasSubstr("first release a policy that does not name the field")));
  }
  EXPECT_THAT(FieldsOfNavi("amt/pegel"), ElementsAre("time", "id", "level")) << "still in force";

  ASSERT_EQ(broker_.Release("amt/pegel", PolicyText("amt/pegel", "  public: [time, id]\n  critical: [shaft]\n",
                                                    kNavigationGetsPublic)),
            absl::OkStatus());
  const auto updated = Update("amt/pegel", kWithoutLevel);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->dataset().schema_version(), 2);
  EXPECT_THAT(updated->notices(), ElementsAre("`level`: removed and reserved; records stored before still carry it"));
  EXPECT_THAT(FieldsOfNavi("amt/pegel"), ElementsAre("time", "id"));
}

TEST_F(SchemaUpdateTest, AClassChangesOnlyWhileThePolicyDoesNotNameTheField) {
  std::string lowered = kRecordBody;
  lowered.replace(lowered.find("CRITICAL"), 8, "OPERATIONAL");
  EXPECT_THAT(std::string(Update("amt/orte", lowered).status().message()),
              HasSubstr("the schema says `shaft` is `operational`, not `critical`"));
  const std::string without = PolicyText("amt/orte", "  public: [time, id, level]\n", kNavigationGetsPublic);
  ASSERT_EQ(broker_.Release("amt/orte", without), absl::OkStatus());
  const auto updated = Update("amt/orte", lowered);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_THAT(updated->notices(), ElementsAre("`shaft`: its class was lowered from CRITICAL to OPERATIONAL"));
  EXPECT_EQ(broker_.Release("amt/orte", PolicyText("amt/orte", "  public: [time, id, level]\n  operational: [shaft]\n",
                                                   kNavigationGetsPublic)),
            absl::OkStatus());
}

TEST_F(SchemaUpdateTest, NoticesComeWithADryRunToo) {
  ASSERT_EQ(broker_.CreateDataset("amt/neu", "message Record { int32 a = 1 [$o]; }", false), absl::OkStatus());
  const std::string next = "message Record { int32 a = 1 [$p]; string b = 2; }";
  for (const bool dry_run : {true, false}) {
    const auto updated = Update("amt/neu", next, dry_run);
    ASSERT_TRUE(updated.ok()) << updated.status();
    EXPECT_EQ(updated->dataset().schema_version(), dry_run ? 1 : 2);
    EXPECT_THAT(updated->notices(), ElementsAre("`a`: its class was lowered from OPERATIONAL to PUBLIC",
                                                "`b`: new and without class: nobody will get it"));
  }
  const auto same = Update("amt/neu", next);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->dataset().schema_version(), 2);
  EXPECT_THAT(same->notices(), IsEmpty());
}

TEST_F(SchemaUpdateTest, ARetiredNumberIsNeverUsedAgain) {
  ASSERT_EQ(broker_.CreateDataset("amt/neu", "message Record { int32 a = 1 [$p]; string phone = 5 [$o]; }", false),
            absl::OkStatus());
  ASSERT_TRUE(Update("amt/neu", "message Record { int32 a = 1 [$p]; reserved 5; reserved \"phone\"; }").ok());
  EXPECT_THAT(
      std::string(Update("amt/neu", "message Record { int32 a = 1 [$p]; string note = 5 [$p]; }").status().message()),
      HasSubstr("`note`: its number 5 was reserved"));
  const auto same = Update("amt/neu", "message Record { int32 a = 1 [$p]; }");
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->dataset().schema_version(), 2) << "the reservation alone changes nothing, and stays";
  EXPECT_EQ(Update("amt/neu", "message Record { int32 a = 1 [$p]; string note = 5 [$p]; }").status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(SchemaUpdateTest, ASchemaThatGrowsBeyondItsBytesIsRefused) {
  std::string values;
  for (int i = 1; i <= 17'000; ++i) {
    absl::StrAppend(&values, "V", i, " = ", i, ";");
  }
  const absl::Status refused = broker_.CreateDataset(
      "amt/neu", absl::StrCat("enum K { NONE = 0;", values, "} message Record { K k = 1 [$p]; }"), false);
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("enum values; at most 16384 are allowed"));
}

TEST_F(SchemaUpdateTest, AListOfLongDescriptionsComesInPagesThatAClientTakes) {
  constexpr int kDatasets = 600;
  const auto stub = v1::CatalogueService::NewStub(broker_.Connect("amt"));
  v1::CreateDatasetRequest create;
  create.set_kind(v1::STREAM);
  create.set_schema(DescriptorSetOf(ProtoText("message Record { int32 a = 1 [$p]; }")));
  create.set_message_name("test.Record");
  create.set_title(std::string(4096, 't'));
  create.set_description(std::string(4096, 'd'));
  for (int i = 0; i < kDatasets; ++i) {
    create.set_name(absl::StrCat("lang/nr-", i));
    grpc::ClientContext context;
    v1::Dataset dataset;
    const grpc::Status created = stub->CreateDataset(&context, create, &dataset);
    ASSERT_TRUE(created.ok()) << created.error_message();
  }
  v1::ListDatasetsRequest list;
  list.set_page_size(1000);
  int seen = 0;
  do {
    grpc::ClientContext context;
    v1::ListDatasetsResponse page;
    const grpc::Status listed = stub->ListDatasets(&context, list, &page);
    ASSERT_TRUE(listed.ok()) << listed.error_message();
    for (const v1::Dataset& dataset : page.datasets()) {
      seen += dataset.name().starts_with("lang/") ? 1 : 0;
    }
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(seen, kDatasets);
}

TEST_F(SchemaUpdateTest, ACrisisIsNotDeclaredForAnArea) {
  const auto stub = v1::PolicyService::NewStub(broker_.Connect("feuerwehr"));
  v1::DeclareCrisisRequest request;
  request.set_kind("starkregen");
  request.set_until_us(absl::ToUnixMicros(absl::Now() + absl::Hours(1)));
  request.add_area("mitte");
  v1::Regime regime;
  {
    grpc::ClientContext context;
    const absl::Status refused = rpc::FromGrpc(stub->DeclareCrisis(&context, request, &regime));
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr("`area`"), HasSubstr("whole city")));
  }
  grpc::ClientContext context;
  ASSERT_TRUE(stub->GetRegime(&context, {}, &regime).ok());
  EXPECT_THAT(regime.crises(), IsEmpty());
  request.clear_area();
  grpc::ClientContext again;
  EXPECT_TRUE(stub->DeclareCrisis(&again, request, &regime).ok());
  EXPECT_EQ(regime.crises_size(), 1);
}

}  // namespace
}  // namespace allmende::broker
