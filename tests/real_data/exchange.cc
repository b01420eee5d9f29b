#include "tests/real_data/exchange.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "allmende/publisher.h"
#include "allmende/subscriber.h"
#include "policy/schema/schema_table.h"
#include "sdk/base/file.h"
#include "sdk/pki/layout.h"

namespace allmende::real_data {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(2);

// The city's outer limit leaves everything to the policies of the datasets.
constexpr char kBaseline[] =
    "language: en\n"
    "baseline: teststadt\n"
    "publisher: beauftragte\n"
    "valid: {from: 2018-01-01}\n"
    "purposes: [verkehrslenkung, gefahrenabwehr, forschung, planung, baumpflege, badeinformation]\n"
    "groups: [navigation, hochschule]\n"
    "crises: [starkregen]\n"
    "limits:\n"
    "  - limit: nothing-critical\n"
    "    for: everyone\n"
    "    never: [critical]\n"
    "tests:\n"
    "  - {who: navi, role: operator, never: [critical]}\n";

absl::Time Deadline() {
  return absl::Now() + kPatience;
}

const char* ClassWord(v1::FieldClass field_class) {
  switch (field_class) {
    case v1::PUBLIC:
      return "public";
    case v1::OPERATIONAL:
      return "operational";
    case v1::LOCATION:
      return "location";
    case v1::IDENTIFIER:
      return "identifier";
    default:
      return "personal";
  }
}

}  // namespace

void ExchangeTest::SetUp() {
  ALLMENDE_NEEDS_REAL_DATA();
  const pki::CityLayout layout(broker_.directory());
  ASSERT_TRUE(WriteFileAtomically(layout.Baseline(), kBaseline, FileAccess::kEverybody).ok());
  ASSERT_EQ(broker_.Start(), absl::OkStatus());
  agency_ = Connect("amt");
  operator_ = Connect("navi");
  ASSERT_TRUE(agency_ != nullptr && operator_ != nullptr);
}

void ExchangeTest::TearDown() {
  agency_.reset();
  operator_.reset();
}

std::unique_ptr<Client> ExchangeTest::Connect(const std::string& participant) {
  auto client = Client::Connect({.profile = broker_.Profile(participant), .endpoints = {broker_.endpoint()}});
  EXPECT_TRUE(client.ok()) << client.status();
  return client.ok() ? *std::move(client) : nullptr;
}

void ExchangeTest::Create(const std::string& dataset, const Source& source, v1::DatasetKind kind) {
  const tabular::TestSchema schema = SchemaOf(source);
  v1::CreateDatasetRequest request;
  request.set_name(dataset);
  request.set_kind(kind);
  request.set_schema(schema.compiled.files.SerializeAsString());
  request.set_message_name(schema.compiled.message);
  const auto created = agency_->CreateDataset(request);
  ASSERT_TRUE(created.ok()) << created.status();
}

void ExchangeTest::Release(const std::string& dataset, const std::string& policy) {
  ASSERT_EQ(broker_.Release(dataset, policy), absl::OkStatus()) << policy;
}

std::string ExchangeTest::EverythingFor(const std::string& dataset, const tabular::TestSchema& schema) {
  std::map<std::string, std::vector<std::string>> fields;
  for (const policy::FieldInfo& field : schema.table->record().fields) {
    fields[ClassWord(field.field_class)].push_back(field.name);
  }
  std::string text = absl::StrCat("language: en\ndataset: ", dataset,
                                  "\npublisher: amt\n"
                                  "legal_basis: {norm: \"a law\", controller: amt, personal_data: for a test}\n"
                                  "valid: {from: 2018-01-01, review_by: 2090-01-01, ends: 2099-01-01}\nfields:\n");
  std::vector<std::string> classes;
  for (const auto& [name, names] : fields) {
    classes.push_back(name);
    absl::StrAppend(&text, "  ", name, ": [", absl::StrJoin(names, ", "), "]\n");
  }
  absl::StrAppend(&text, "rules:\n  - rule: everything\n    for: [navi]\n    purpose: any\n    licence: cc-by/4.0\n",
                  "    source: Amt\n    deliver: [", absl::StrJoin(classes, ", "),
                  "]\n    replica: {without_contact: 7 days}\ntests:\n  - {who: navi, role: operator, gets: [",
                  absl::StrJoin(classes, ", "), "]}\n");
  return text;
}

std::string ExchangeTest::ExamplePolicy(const std::string& file, const std::string& dataset) {
  const auto text = ReadFile(absl::StrCat(ALLMENDE_SOURCE_DIR "/examples/policies/", file), 1 << 20);
  EXPECT_TRUE(text.ok()) << text.status();
  std::vector<std::string> lines = absl::StrSplit(text.value_or(""), '\n');
  for (std::string& line : lines) {
    if (line.starts_with("dataset:")) line = absl::StrCat("dataset: ", dataset);
    if (line.starts_with("datensatz:")) line = absl::StrCat("datensatz: ", dataset);
    if (line.starts_with("publisher:")) line = "publisher: amt";
    if (line.starts_with("herausgeber:")) line = "herausgeber: amt";
  }
  return absl::StrJoin(lines, "\n");
}

void ExchangeTest::Publish(const std::string& dataset, const std::vector<tabular::ImportedRecord>& records) {
  auto publisher = Publisher::Open(
      *agency_, {.dataset = dataset, .outbox_directory = folder_.File(absl::StrReplaceAll(dataset, {{"/", "."}}))});
  ASSERT_TRUE(publisher.ok()) << publisher.status();
  for (const tabular::ImportedRecord& record : records) {
    const absl::Status status =
        (*publisher)
            ->Append(
                {.operation = record.operation == tabular::Operation::kDelete ? Operation::kDelete : Operation::kUpsert,
                 .key = record.key,
                 .event_time = record.event_time,
                 .payload = record.payload});
    ASSERT_EQ(status, absl::OkStatus());
  }
  ASSERT_EQ((*publisher)->Close(Deadline()), absl::OkStatus());
}

std::vector<StoredRecord> ExchangeTest::Subscribe(const std::string& dataset, const std::string& participant,
                                                  v1::Terms* terms) {
  std::vector<StoredRecord> records;
  const std::unique_ptr<Client> client = Connect(participant);
  auto subscriber = Subscriber::Open(*client, {.dataset = dataset, .start = StartAtOldest{}, .stop_at_head = true});
  EXPECT_TRUE(subscriber.ok()) << subscriber.status();
  while (subscriber.ok()) {
    absl::StatusOr<SubscriptionEvent> event = (*subscriber)->Next(Deadline());
    if (!event.ok()) {
      ADD_FAILURE() << event.status();
      break;
    }
    if (const auto* opened = std::get_if<SubscriptionOpened>(&*event); opened != nullptr && terms != nullptr) {
      *terms = opened->opened.terms();
    } else if (const auto* batch = std::get_if<RecordBatch>(&*event)) {
      for (const RecordView& record : batch->records()) records.emplace_back(record);
    } else if (const auto* ended = std::get_if<SubscriptionEnded>(&*event)) {
      EXPECT_TRUE(ended->complete) << ended->refused.ShortDebugString();
      break;
    }
  }
  return records;
}

std::vector<StoredRecord> ExchangeTest::Replicate(const std::string& dataset, v1::DatasetKind kind) {
  const std::string directory = folder_.File(absl::StrCat("replica.", absl::StrReplaceAll(dataset, {{"/", "."}})));
  {
    auto replica = Replica::Open(directory, {.dataset = dataset});
    EXPECT_TRUE(replica.ok()) << replica.status();
    if (!replica.ok()) return {};
    EXPECT_EQ((*replica)->StartSync(*operator_), absl::OkStatus());
    EXPECT_EQ((*replica)->WaitUntilSynced(Deadline()), absl::OkStatus());
  }
  // Opened again, with nobody to talk to: a cold start without a broker.
  std::vector<StoredRecord> records;
  auto replica = Replica::Open(directory, {.dataset = dataset});
  EXPECT_TRUE(replica.ok()) << replica.status();
  if (!replica.ok()) return {};
  auto cursor = kind == v1::TABLE ? (*replica)->Scan() : (*replica)->ScanSequences();
  EXPECT_TRUE(cursor.ok()) << cursor.status();
  if (!cursor.ok()) return {};
  EXPECT_EQ((*cursor)->info().source, ReadInfo::Source::kOffline);
  while ((*cursor)->Next()) records.emplace_back((*cursor)->record());
  EXPECT_EQ((*cursor)->status(), absl::OkStatus());
  return records;
}

}  // namespace allmende::real_data
