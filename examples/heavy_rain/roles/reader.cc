#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "allmende/client.h"
#include "allmende/replica.h"
#include "allmende/subscriber.h"
#include "examples/heavy_rain/night/night.h"
#include "examples/heavy_rain/roles/console.h"
#include "examples/heavy_rain/roles/local_reads.h"
#include "examples/heavy_rain/roles/roles.h"

namespace heavy_rain {
namespace {

constexpr absl::Duration kAnswerPatience = absl::Seconds(10);

// Follows one dataset live and reports everything that comes, every byte of it.
class Feed {
 public:
  Feed(std::string dataset, std::unique_ptr<allmende::Subscriber> subscriber, Console& console)
      : dataset_(std::move(dataset)), subscriber_(std::move(subscriber)), console_(console) {
    thread_ = std::thread([this] { Run(); });
  }
  ~Feed() {
    subscriber_->Cancel();
    thread_.join();
  }

 private:
  void Run() {
    while (true) {
      absl::StatusOr<allmende::SubscriptionEvent> event = subscriber_->Next(absl::InfiniteFuture());
      if (absl::IsCancelled(event.status())) return;
      if (!event.ok()) {
        console_.Tell(Of("feed_failed").With("error", std::string(event.status().message())));
        return;
      }
      std::visit([this](const auto& happened) { On(happened); }, *event);
      if (std::holds_alternative<allmende::SubscriptionEnded>(*event)) return;
    }
  }

  void On(const allmende::SubscriptionOpened& event) { TellTerms(event.opened.terms()); }
  void On(const allmende::TermsChanged& event) { TellTerms(event.terms); }
  void On(const allmende::WatermarkReached&) {}
  void On(const allmende::WithheldRange&) {}
  void On(const allmende::SubscriptionEnded& event) {
    console_.Tell(Of("feed_failed").With("error", absl::StrCat("refused: ", event.refused.code())));
  }
  void On(const allmende::RecordBatch& batch) {
    for (const allmende::RecordView& record : batch.records()) {
      console_.Tell(Of("record").With("sequence", record.sequence).With("payload", record.payload));
    }
    console_.Tell(Of("delivery")
                      .With("first", batch.first_sequence())
                      .With("last", batch.last_sequence())
                      .With("bytes", batch.bytes()));
  }

  void TellTerms(const allmende::v1::Terms& terms) {
    console_.Tell(Of("terms")
                      .With("release", terms.release())
                      .With("regime", terms.regime())
                      .With("fields", absl::StrJoin(terms.fields(), ",")));
  }

  Report Of(const std::string& kind) const { return Report(kind).With("dataset", dataset_); }

  const std::string dataset_;
  const std::unique_ptr<allmende::Subscriber> subscriber_;
  Console& console_;
  std::thread thread_;
};

class Reader {
 public:
  explicit Reader(const RoleOptions& options) : options_(options) {}

  // Until `finish`, or until whoever commands is gone.
  absl::Status Run();

 private:
  absl::Status Open();
  absl::Status Do(const Report& command);
  absl::Status Follow(const DatasetPlan& plan);
  absl::Status Wait(const Report& command);
  void StartReading();
  absl::Status Ask(const std::string& dataset);
  void TellRefusal(const allmende::v1::Refusal& refusal);
  absl::Status TellCopies();

  const RoleOptions options_;
  Console console_;
  Night night_;
  // In the order of their making; destroyed the other way round.
  std::unique_ptr<allmende::Client> client_;
  std::map<std::string, std::unique_ptr<allmende::Replica>> replicas_;  // by dataset
  std::vector<std::unique_ptr<Feed>> feeds_;
  std::unique_ptr<LocalReads> reads_;
};

absl::Status Reader::Run() {
  if (absl::Status status = Open(); !status.ok()) return status;
  while (const std::optional<Report> command = console_.Hear()) {
    if (command->kind() == "finish") break;
    if (absl::Status status = Do(*command); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Reader::Open() {
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
    if (plan.readers.count(options_.participant) == 0) continue;
    if (absl::Status status = Follow(plan); !status.ok()) return status;
  }
  console_.Tell(Report("ready"));
  return absl::OkStatus();
}

absl::Status Reader::Follow(const DatasetPlan& plan) {
  allmende::ReplicaOptions replica_options;
  replica_options.dataset = plan.name;
  absl::StatusOr<std::unique_ptr<allmende::Replica>> replica =
      allmende::Replica::Open(absl::StrCat(options_.directory, "/replica-", replicas_.size()), replica_options);
  if (!replica.ok()) return replica.status();
  if (absl::Status status = (*replica)->StartSync(*client_); !status.ok()) return status;
  replicas_[plan.name] = *std::move(replica);

  allmende::SubscriberOptions subscriber_options;
  subscriber_options.dataset = plan.name;
  absl::StatusOr<std::unique_ptr<allmende::Subscriber>> subscriber =
      allmende::Subscriber::Open(*client_, subscriber_options);
  if (!subscriber.ok()) return subscriber.status();
  feeds_.push_back(std::make_unique<Feed>(plan.name, *std::move(subscriber), console_));
  return absl::OkStatus();
}

absl::Status Reader::Do(const Report& command) {
  if (command.kind() == "wait") return Wait(command);
  if (command.kind() == "ask") return Ask(command.Text("dataset"));
  if (command.kind() == "copies") return TellCopies();
  if (command.kind() == "start_reading") {
    StartReading();
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("`", command.kind(), "` is no command"));
}

absl::Status Reader::Wait(const Report& command) {
  const std::string dataset = command.Text("dataset");
  const auto replica = replicas_.find(dataset);
  if (replica == replicas_.end()) return absl::InvalidArgumentError("there is no such copy");
  const absl::Time deadline = absl::Now() + absl::Seconds(command.Number("seconds"));
  const absl::Status status = replica->second->WaitForSequence(command.Number("sequence"), deadline);
  console_.Tell(Report("reached").With("dataset", dataset).With("error", std::string(status.message())));
  return absl::OkStatus();
}

void Reader::StartReading() {
  std::vector<Copy> copies;
  for (const auto& [dataset, replica] : replicas_) {
    copies.push_back({dataset, night_.Plan(dataset).table, replica.get()});
  }
  reads_ = std::make_unique<LocalReads>(std::move(copies), night_.shown_dataset, night_.shown_key, console_);
}

absl::Status Reader::Ask(const std::string& dataset) {
  allmende::SubscriberOptions options;
  options.dataset = dataset;
  options.stop_at_head = true;
  const absl::StatusOr<std::unique_ptr<allmende::Subscriber>> subscriber =
      allmende::Subscriber::Open(*client_, options);
  if (!subscriber.ok()) return subscriber.status();
  while (true) {
    const absl::StatusOr<allmende::SubscriptionEvent> event = (*subscriber)->Next(absl::Now() + kAnswerPatience);
    if (!event.ok()) return event.status();
    if (const auto* const ended = std::get_if<allmende::SubscriptionEnded>(&*event);
        ended != nullptr && !ended->complete) {
      TellRefusal(ended->refused);
      return absl::OkStatus();
    }
    console_.Tell(Report("allowed").With("dataset", dataset));
    return absl::OkStatus();
  }
}

void Reader::TellRefusal(const allmende::v1::Refusal& refusal) {
  std::vector<std::string> missing;
  for (const allmende::v1::Missing& one : refusal.missing()) {
    missing.push_back(absl::StrCat(one.kind(), " ", absl::StrJoin(one.any_of(), " or ")));
  }
  console_.Tell(Report("refused")
                    .With("code", refusal.code())
                    .With("rule", refusal.rule())
                    .With("file", refusal.rule_file())
                    .With("line", refusal.rule_line())
                    .With("missing", absl::StrJoin(missing, "; ")));
}

absl::Status Reader::TellCopies() {
  for (const auto& [dataset, replica] : replicas_) {
    absl::StatusOr<std::unique_ptr<allmende::ReplicaCursor>> cursor =
        night_.Plan(dataset).table ? replica->Scan() : replica->ScanSequences();
    if (!cursor.ok()) return cursor.status();
    while ((*cursor)->Next()) {
      const allmende::RecordView& record = (*cursor)->record();
      console_.Tell(Report("copy")
                        .With("dataset", dataset)
                        .With("sequence", record.sequence)
                        .With("payload", record.payload)
                        .With("key", record.key));
    }
    if (!(*cursor)->status().ok()) return (*cursor)->status();
  }
  console_.Tell(Report("copies_done"));
  return absl::OkStatus();
}

}  // namespace

int RunReader(const RoleOptions& options) {
  const absl::Status status = Reader(options).Run();
  return status.ok() ? 0 : Fail(status);
}

}  // namespace heavy_rain
