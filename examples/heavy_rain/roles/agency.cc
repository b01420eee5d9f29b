#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "allmende/client.h"
#include "allmende/publisher.h"
#include "allmende/schema.h"
#include "examples/heavy_rain/night/night.h"
#include "examples/heavy_rain/roles/console.h"
#include "examples/heavy_rain/roles/roles.h"

namespace heavy_rain {
namespace {

constexpr size_t kFaultStep = 6;

class Agency {
 public:
  explicit Agency(const RoleOptions& options) : options_(options) {}

  // Until `finish`, or until whoever commands is gone.
  absl::Status Run();

 private:
  absl::Status Open();
  absl::Status Do(const Report& command);
  struct Output {
    std::unique_ptr<allmende::Publisher> publisher;
    allmende::Schema schema;
    uint64_t published = 0;
  };

  absl::Status DoStep(size_t number);
  absl::Status Publish(Output& output, const Item& item, bool spoil);
  absl::Status Append(Output& output, const std::string& payload);
  std::string Spoilt(const Item& item) const;
  void StoreAll(absl::Duration patience);
  absl::Status ReadBack(const std::string& dataset);

  const RoleOptions options_;
  Console console_;
  Night night_;
  std::unique_ptr<allmende::Client> client_;
  std::map<std::string, Output> outputs_;  // by dataset
};

absl::Status Agency::Run() {
  if (absl::Status status = Open(); !status.ok()) return status;
  while (const std::optional<Report> command = console_.Hear()) {
    if (command->kind() == "finish") break;
    if (absl::Status status = Do(*command); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Agency::Open() {
  absl::StatusOr<Night> night = MakeNight(options_.data);
  if (!night.ok()) return night.status();
  night_ = *std::move(night);
  allmende::ClientOptions client_options;
  client_options.profile = options_.profile;
  client_options.purpose = options_.purpose;
  absl::StatusOr<std::unique_ptr<allmende::Client>> client = allmende::Client::Connect(client_options);
  if (!client.ok()) return client.status();
  client_ = *std::move(client);
  for (const DatasetPlan& plan : night_.datasets) {
    if (plan.provider != options_.participant) continue;
    const absl::StatusOr<allmende::Schema> schema = allmende::Schema::Create(*plan.prototype->GetDescriptor());
    if (!schema.ok()) return schema.status();
    allmende::PublisherOptions publisher_options;
    publisher_options.dataset = plan.name;
    publisher_options.outbox_directory = absl::StrCat(options_.directory, "/outbox-", outputs_.size());
    absl::StatusOr<std::unique_ptr<allmende::Publisher>> publisher =
        allmende::Publisher::Open(*client_, publisher_options);
    if (!publisher.ok()) return publisher.status();
    outputs_.emplace(plan.name, Output{*std::move(publisher), *schema});
  }
  console_.Tell(Report("ready"));
  return absl::OkStatus();
}

absl::Status Agency::Do(const Report& command) {
  if (command.kind() == "step") return DoStep(command.Number("number"));
  if (command.kind() == "store_all") {
    StoreAll(absl::Seconds(command.Number("seconds")));
    return absl::OkStatus();
  }
  if (command.kind() == "read_back") {
    for (const auto& [dataset, output] : outputs_) {
      if (absl::Status status = ReadBack(dataset); !status.ok()) return status;
    }
    console_.Tell(Report("read_back_done"));
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("`", command.kind(), "` is no command"));
}

// Publishes what belongs to the step. Nothing is said to be published before it is safe on this machine's disk.
absl::Status Agency::DoStep(size_t number) {
  if (number >= night_.steps.size()) return absl::InvalidArgumentError("there is no such step");
  bool spoil = number == kFaultStep && outputs_.count(night_.shown_dataset) > 0;
  std::vector<Report> published;
  for (const Item& item : night_.steps[number].items) {
    const auto output = outputs_.find(item.dataset);
    if (output == outputs_.end()) continue;
    const bool spoil_this = spoil && item.dataset == night_.shown_dataset;
    const std::string payload = spoil_this && options_.fault == "leak" ? Spoilt(item) : item.payload;
    if (absl::Status status = Publish(output->second, {item.dataset, payload}, spoil_this); !status.ok()) return status;
    published.push_back(Report("published")
                            .With("dataset", item.dataset)
                            .With("number", ++output->second.published)
                            .With("payload", payload));
    spoil = spoil && !spoil_this;
  }
  uint64_t unsent = 0;
  bool connected = true;
  for (const auto& [dataset, output] : outputs_) {
    if (absl::Status status = output.publisher->Flush(); !status.ok()) return status;
    const allmende::Publisher::Stats stats = output.publisher->stats();
    console_.Tell(Report("appended").With("dataset", dataset).With("count", stats.appended_records));
    unsent += stats.outbox_records;
    connected = connected && !stats.connected_to.empty();
  }
  for (const Report& report : published) console_.Tell(report);
  console_.Tell(Report("stepped").With("number", number).With("unsent", unsent).With("connected", connected));
  return absl::OkStatus();
}

absl::Status Agency::Publish(Output& output, const Item& item, bool spoil) {
  if (spoil && options_.fault == "lose") return absl::OkStatus();
  if (absl::Status status = Append(output, item.payload); !status.ok()) return status;
  return spoil && options_.fault == "duplicate" ? Append(output, item.payload) : absl::OkStatus();
}

absl::Status Agency::Append(Output& output, const std::string& payload) {
  allmende::NewRecord record;
  record.payload = payload;
  std::string key;
  if (absl::Status status = output.schema.Describe(record, key); !status.ok()) return status;
  return output.publisher->Append(record);
}

// The record with a secret of the locked dataset written into its open key.
std::string Agency::Spoilt(const Item& item) const {
  const DatasetPlan& plan = night_.Plan(item.dataset);
  std::string secret;
  for (const Item& other : night_.steps[0].items) {
    if (other.dataset != night_.locked_dataset) continue;
    const DatasetPlan& locked = night_.Plan(other.dataset);
    const std::unique_ptr<google::protobuf::Message> record(locked.prototype->New());
    record->ParseFromString(other.payload);
    secret = record->GetReflection()->GetString(*record, record->GetDescriptor()->FindFieldByName(locked.key));
  }
  const std::unique_ptr<google::protobuf::Message> record(plan.prototype->New());
  record->ParseFromString(item.payload);
  const google::protobuf::FieldDescriptor* const key = record->GetDescriptor()->FindFieldByName(plan.key);
  const std::string text = record->GetReflection()->GetString(*record, key);
  record->GetReflection()->SetString(record.get(), key, absl::StrCat(text, " (", secret, ")"));
  return record->SerializeAsString();
}

void Agency::StoreAll(absl::Duration patience) {
  const absl::Time deadline = absl::Now() + patience;
  std::string error;
  for (const auto& [dataset, output] : outputs_) {
    const absl::Status stored = output.publisher->WaitUntilStored(deadline);
    if (!stored.ok()) error = absl::StrCat(dataset, ": ", std::string(stored.message()));
  }
  console_.Tell(Report("all_stored").With("error", error));
}

// What the broker has, as it tells its provider, which sees it through a view as everyone does.
absl::Status Agency::ReadBack(const std::string& dataset) {
  const absl::StatusOr<allmende::v1::Dataset> entry = client_->GetDataset(dataset);
  if (!entry.ok()) return entry.status();
  const uint64_t head = entry->next_sequence() == 0 ? 0 : entry->next_sequence() - 1;
  console_.Tell(Report("head").With("dataset", dataset).With("sequence", head));
  const DatasetPlan& plan = night_.Plan(dataset);
  if (plan.readers.count(options_.participant) == 0) return absl::OkStatus();
  for (uint64_t next = 1; next <= head;) {
    allmende::v1::ReadRequest request;
    request.set_dataset(dataset);
    request.set_from_sequence(next);
    const absl::StatusOr<allmende::v1::ReadResponse> response = client_->Read(request);
    if (!response.ok()) return response.status();
    if (response->has_refused() || response->records().next_sequence() <= next) {
      return absl::InternalError(absl::StrCat("`", dataset, "` cannot be read back: ", response->ShortDebugString()));
    }
    for (const allmende::v1::Record& record : response->records().records()) {
      console_.Tell(Report("stored")
                        .With("dataset", dataset)
                        .With("sequence", record.sequence())
                        .With("payload", record.payload()));
    }
    next = response->records().next_sequence();
  }
  return absl::OkStatus();
}

}  // namespace

int RunAgency(const RoleOptions& options) {
  const absl::Status status = Agency(options).Run();
  return status.ok() ? 0 : Fail(status);
}

}  // namespace heavy_rain
