// `allmende subscribe`.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "allmende/subscriber.h"
#include "sdk/base/status.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/data/data_commands.h"
#include "sdk/cli/data/record_output.h"
#include "sdk/cli/data/terms_text.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/interrupt.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/cli/frame/refusal.h"

namespace allmende::cli {
namespace {

constexpr absl::Duration kLookInterval = absl::Milliseconds(200);

class SubscribeRun {
 public:
  SubscribeRun(Context& context, const Values& values) : context_(context), values_(values) {}

  absl::StatusOr<ExitCode> Run() {
    SubscriberOptions options{.dataset = values_.Text("DATASET"), .agreement = values_.Text("agreement")};
    ALLMENDE_ASSIGN_OR_RETURN(options.start, Start());
    options.stop_at_head = values_.Switch("stop-at-head");
    options.with_schema = true;
    ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client,
                              Connect(context_, {.profile = {}, .purpose = values_.Text("purpose")}));
    ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Subscriber> subscriber, Subscriber::Open(*client, options));
    CatchInterrupts();
    while (!Interrupted() && !Enough()) {
      absl::StatusOr<SubscriptionEvent> event = subscriber->Next(absl::Now() + kLookInterval);
      if (absl::IsDeadlineExceeded(event.status())) {
        ShowWaiting(*subscriber);
        ALLMENDE_RETURN_IF_ERROR(CheckPatience(*subscriber));
        continue;
      }
      connected_at_ = absl::Now();
      ALLMENDE_RETURN_IF_ERROR(event.status());
      ALLMENDE_ASSIGN_OR_RETURN(const std::optional<ExitCode> end,
                                std::visit([&](auto& what) { return Take(what); }, *event));
      if (end.has_value()) return *end;
    }
    if (output_.has_value()) output_->Flush();
    return Enough() ? ExitCode::kOk : ExitCode::kInterrupted;
  }

 private:
  using End = absl::StatusOr<std::optional<ExitCode>>;  // what the command ends with, if it ends

  absl::StatusOr<SubscribeStart> Start() const {
    SubscribeStart start = StartAtHead{};
    int named = 0;
    if (values_.Switch("from-start") && ++named > 0) start = StartAtOldest{};
    if (values_.Switch("snapshot") && ++named > 0) start = StartWithSnapshot{};
    if (values_.Has("from-time") && ++named > 0) start = StartAtEventTime{values_.Time("from-time")};
    if (values_.Has("from-sequence") && ++named > 0) {
      start = StartAtSequence{static_cast<uint64_t>(values_.Whole("from-sequence"))};
    }
    if (named > 1) return UsageError("say only once where to start");
    if (named == 0 && values_.Switch("stop-at-head")) start = StartAtOldest{};
    return start;
  }

  bool Enough() const {
    return values_.Has("limit") && output_.has_value() &&
           output_->count() >= static_cast<uint64_t>(values_.Whole("limit"));
  }

  End Take(SubscriptionOpened& event) {
    if (output_.has_value()) return std::optional<ExitCode>();  // resumed
    ALLMENDE_ASSIGN_OR_RETURN(SchemaForms schema, ReadSchema(event.opened.schema(), event.opened.message_name()));
    const v1::Terms& terms = event.opened.terms();
    output_.emplace(context_, std::move(schema),
                    std::vector<std::string>(terms.fields().begin(), terms.fields().end()));
    if (!context_.quiet) *context_.err << TermsText(terms);
    return std::optional<ExitCode>();
  }

  End Take(RecordBatch& batch) {
    for (const RecordView& record : batch.records()) {
      if (Enough()) break;
      // A batch comes whole: what stands in it before the time that was asked for is not shown.
      started_ = started_ || !values_.Has("from-time") || record.event_time >= values_.Time("from-time");
      if (!started_) continue;
      ALLMENDE_RETURN_IF_ERROR(output_->Add(record));
    }
    if (!values_.Switch("stop-at-head")) output_->Flush();
    return std::optional<ExitCode>();
  }

  End Take(WithheldRange&) { return std::optional<ExitCode>(); }

  End Take(WatermarkReached&) {
    output_->Flush();
    return std::optional<ExitCode>();
  }

  End Take(TermsChanged& event) {
    output_->Flush();
    context_.Warn(absl::StrCat("the terms changed (", event.cause, event.narrowed ? ", less is delivered)" : ")"));
    if (!context_.quiet) *context_.err << TermsText(event.terms);
    return std::optional<ExitCode>();
  }

  End Take(SubscriptionEnded& event) {
    if (output_.has_value()) output_->Flush();
    return std::optional<ExitCode>(event.complete ? ExitCode::kOk : ShowRefusal(context_, event.refused));
  }

  // kUnavailable: the command has an end, which nobody brings any more.
  absl::Status CheckPatience(const Subscriber& subscriber) {
    const Subscriber::Stats stats = subscriber.stats();
    if (!stats.connected_to.empty()) connected_at_ = absl::Now();
    const bool has_end = values_.Switch("stop-at-head") || values_.Has("limit") || values_.Has("wait");
    if (!has_end || absl::Now() - connected_at_ <= values_.Duration("wait")) return absl::OkStatus();
    if (output_.has_value()) output_->Flush();
    return absl::UnavailableError(absl::StrCat(
        "no broker could be reached: ", stats.last_error.ok() ? "no answer" : std::string(stats.last_error.message())));
  }

  // Once for each time that the connection is lost.
  void ShowWaiting(const Subscriber& subscriber) {
    const Subscriber::Stats stats = subscriber.stats();
    const bool waiting = stats.connected_to.empty() && !stats.last_error.ok();
    if (waiting && !waiting_shown_ && !context_.quiet) {
      context_.Warn(absl::StrCat(std::string(stats.last_error.message()), "; keeps trying, Ctrl-C ends it"));
    }
    waiting_shown_ = waiting;
  }

  Context& context_;
  const Values& values_;
  std::optional<RecordOutput> output_;
  bool started_ = false;
  bool waiting_shown_ = false;
  absl::Time connected_at_ = absl::Now();  // the last time that somebody was there; at first the start
};

absl::StatusOr<ExitCode> RunSubscribe(Context& context, const Values& values) {
  return SubscribeRun(context, values).Run();
}

}  // namespace

Command SubscribeCommand() {
  return {.name = "subscribe",
          .summary = "shows the records of a dataset as they come, through your view",
          .details =
              "Without a start, only new records are shown; with --stop-at-head, everything that is stored. "
              "Which fields come, under which licence and with which lines to show, is said first, on standard "
              "error.",
          .examples = {"allmende subscribe wasser/regen",
                       "allmende subscribe wasser/regen --stop-at-head --output csv > rain.csv",
                       "allmende subscribe verkehr/spuren --from-time 2024-01-31T00:00:00+01:00 --output json"},
          .arguments = {{.name = "DATASET", .help = "what to follow"}},
          .options = {{.name = "from-sequence", .help = "starts at this record", .kind = ValueKind::kWhole},
                      {.name = "from-time",
                       .help = "starts at the first record from which on event times reach this one",
                       .kind = ValueKind::kTime},
                      {.name = "from-start", .help = "starts at the oldest record that is kept"},
                      {.name = "snapshot", .help = "of tables: the latest record of each key first"},
                      {.name = "stop-at-head", .help = "ends when everything stored by now was shown"},
                      {.name = "limit", .help = "ends after so many records", .kind = ValueKind::kWhole},
                      {.name = "purpose",
                       .help = "what the data will be used for; otherwise the profile's",
                       .kind = ValueKind::kText,
                       .value = "PURPOSE"},
                      {.name = "wait",
                       .help = "with --stop-at-head or --limit: how long to try while no broker can be reached",
                       .kind = ValueKind::kDuration,
                       .fallback = "30s"},
                      {.name = "agreement", .help = "under which agreement", .kind = ValueKind::kText, .value = "ID"}},
          .run = RunSubscribe};
}

}  // namespace allmende::cli
