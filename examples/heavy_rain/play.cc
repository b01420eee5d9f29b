#include "examples/heavy_rain/play.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "examples/heavy_rain/picture.h"

namespace heavy_rain {
namespace {

constexpr absl::Duration kOutageMin = absl::Seconds(1);
constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr size_t kStepsBeforeReading = 2;
constexpr size_t kBarColumns = 16;

using Tone = Narrator::Tone;

std::string Clock(absl::Time time) {
  return absl::FormatTime("%H:%M", time, absl::FixedTimeZone(2 * 3600));
}

std::vector<std::string> LinesOf(const std::string& path, uint64_t first, size_t count) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  std::string line;
  for (uint64_t number = 1; lines.size() < count && std::getline(file, line); ++number) {
    if (number >= first) lines.push_back(absl::StrCat(number, " | ", line));
  }
  return lines;
}

std::vector<std::string> FilesBelow(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, error)) {
    if (!entry.is_regular_file(error)) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return files;
}

}  // namespace

absl::Status Play::Run() {
  absl::Status status = Prepare();
  if (status.ok()) status = Evening();
  if (status.ok()) status = Crisis();
  if (status.ok()) status = RefusedRequest();
  if (status.ok()) status = Outage();
  if (status.ok()) status = Return();
  if (status.ok()) status = CatchUp();
  if (status.ok()) status = Collect();
  return status;
}

absl::Status Play::Prepare() {
  narrator_.Act("Preparations: a city with certificates, rules and a broker");
  if (absl::Status status = city_.Make(night_); !status.ok()) return status;
  narrator_.Blank();
  narrator_.Say(
      "Now four participants come, each a program of its own with a certificate of its own: the water agency and the "
      "traffic agency publish; a navigation operator and an emergency-logistics operator each follow the data live and "
      "keep a copy (a replica) on their own disk.");
  absl::Status status = StartRole("agency", kWaterAgency, "planung");
  if (status.ok()) status = StartRole("agency", kTrafficAgency, "planung");
  if (status.ok()) status = StartRole("reader", kNavigation, kNavigationPurpose);
  if (status.ok()) status = StartRole("reader", kLogistics, kLogisticsPurpose);
  if (!status.ok()) return status;
  return Wait(kPatience, "the participants", [this] {
    return std::all_of(witness_.agencies.begin(), witness_.agencies.end(),
                       [](const auto& a) { return a.second.ready; }) &&
           std::all_of(witness_.readers.begin(), witness_.readers.end(), [](const auto& r) { return r.second.ready; });
  });
}

absl::Status Play::StartRole(const std::string& role, const std::string& participant, const std::string& purpose) {
  if (role == "agency") witness_.agencies[participant] = {};
  if (role == "reader") witness_.readers[participant] = {};
  const std::string directory = RoleDirectory(participant);
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  return stage_.Start(participant, {options_.program, role, participant, purpose, city_.Profile(participant), directory,
                                    options_.data, options_.fault});
}

absl::Status Play::Evening() {
  narrator_.Act(absl::StrCat("1. ", Clock(night_.steps[0].time), " - a quiet evening"));
  narrator_.Say(absl::StrCat("Every line is a quarter of an hour. ", night_.weather_about));
  if (absl::Status status = StepsUntil(kStepsBeforeReading); !status.ok()) return status;
  for (const DatasetPlan& plan : night_.datasets) {
    for (const auto& [name, reader] : witness_.readers) {
      if (plan.readers.count(name) == 0) continue;
      const Report wait = Report("wait").With("dataset", plan.name).With("sequence", witness_.appended(plan.name));
      if (absl::Status status = stage_.Tell(name, Report(wait).With("seconds", 20)); !status.ok()) return status;
    }
  }
  absl::Status status = TellAll(witness_.readers, Report("start_reading"));
  if (status.ok()) {
    status = Wait(kPatience, "the first reads from the copies", [this] {
      return std::all_of(witness_.readers.begin(), witness_.readers.end(),
                         [](const auto& r) { return r.second.reads > 0; });
    });
  }
  if (status.ok()) status = StepsUntil(night_.crisis_at);
  if (status.ok()) {
    status = WaitIfItComes(kPatience, "the delivery of everything published before the crisis",
                           [this] { return witness_.everything_was_fed(night_.datasets); });
  }
  if (!status.ok()) return status;
  TellViews(absl::StrCat("One record, as each of them gets it (`-`: not delivered). So says ",
                         night_.Plan(night_.shown_dataset).policy_file, ". ", night_.views_about));
  return Breathe();
}

absl::Status Play::Crisis() {
  narrator_.Act(absl::StrCat("2. ", Clock(night_.steps[step_].time), " - heavy rain: a crisis is declared"));
  for (const DatasetPlan& plan : night_.datasets) {
    DatasetEvidence& evidence = witness_.evidence[plan.name];
    evidence.before_crisis = evidence.published.size();
  }
  const absl::Time declared = absl::Now();
  absl::Status status = city_.DeclareCrisis(night_.crisis_kind);
  if (!status.ok()) return status;
  status = Wait(kPatience, "the views of the crisis", [this] {
    ReaderState& logistics = witness_.readers[kLogistics];
    return logistics.regime[night_.shown_dataset] > 0;
  });
  if (!status.ok()) return status;
  events_.crisis_followed = absl::Now() - declared;
  narrator_.Say(absl::StrCat("The running subscription of the logistics operator followed within ",
                             Seconds(events_.crisis_followed), ". ", night_.crisis_views_about));
  status = StepsUntil(night_.refusal_at - 1);
  if (status.ok()) {
    status = WaitIfItComes(kPatience, "the delivery of the first records of the crisis",
                           [this] { return witness_.everything_was_fed(night_.datasets); });
  }
  if (!status.ok()) return status;
  TellViews("The newest record of the same gauge:");
  if (status = Breathe(); !status.ok()) return status;
  return StepsUntil(night_.refusal_at);
}

absl::Status Play::RefusedRequest() {
  const DatasetPlan& plan = night_.Plan(night_.locked_dataset);
  narrator_.Act(absl::StrCat("3. ", Clock(night_.steps[step_].time), " - a request that is refused"));
  narrator_.Say(absl::StrCat("The navigation operator (", kNavigation, ") now asks for the drinking-water wells, too (",
                             plan.name, ")."));
  absl::Status status = stage_.Tell(kNavigation, Report("ask").With("dataset", plan.name));
  if (!status.ok()) return status;
  ReaderState& reader = witness_.readers[kNavigation];
  status = Wait(kPatience, "an answer to the request", [&] { return reader.refusal.has_value() || reader.allowed; });
  if (!status.ok()) return status;
  if (reader.allowed) {
    narrator_.Line("It was allowed. That must not be.", Tone::kBad);
    return absl::OkStatus();
  }
  TellRefusal(*reader.refusal, plan);
  if (status = Breathe(); !status.ok()) return status;
  return StepsUntil(night_.broker_dies_at);
}

void Play::TellRefusal(const Refusal& refusal, const DatasetPlan& plan) {
  narrator_.Line(absl::StrCat("REFUSED (", refusal.code, ")"), Tone::kBad);
  narrator_.Say(absl::StrCat("The rule that comes closest is `", refusal.rule, "`, in ", refusal.file, ", line ",
                             refusal.line, ":"));
  for (const std::string& line : LinesOf(absl::StrCat(options_.city.files, "/", plan.policy_file), refusal.line, 4)) {
    narrator_.Line(line, Tone::kDim);
  }
  narrator_.Say(absl::StrCat("What is missing: ", refusal.missing, "."));
}

absl::Status Play::Outage() {
  narrator_.Act(absl::StrCat("4. ", Clock(night_.steps[step_].time), " - the broker is killed (SIGKILL)"));
  narrator_.Say(
      "No warning, no clean stop. The agencies go on publishing: their records wait in an outbox on their own disk. "
      "The "
      "operators go on reading their own copies and are told how old they are.");
  std::map<std::string, uint64_t> reads_before;
  for (const auto& [name, reader] : witness_.readers) reads_before[name] = reader.reads - reader.failed_reads;
  const uint64_t published_before = witness_.published();
  absl::Status status = stage_.Kill(kBroker);
  if (!status.ok()) return status;
  broker_is_dead_ = true;
  const absl::Time killed = absl::Now();
  status = StepsUntil(night_.broker_returns_at);
  // However fast the night is played: long enough for somebody to have noticed.
  if (status.ok()) status = stage_.Pause(killed + kOutageMin - absl::Now());
  if (!status.ok()) return status;
  events_.published_in_outage = witness_.published() - published_before;
  events_.waited_in_outboxes = witness_.unsent();
  for (const auto& [name, reader] : witness_.readers) {
    events_.reads_in_outage[name] = reader.reads - reader.failed_reads - reads_before[name];
  }
  narrator_.Act(absl::StrCat("5. ", Clock(night_.steps[step_].time), " - the broker returns"));
  const uint64_t fed_before = witness_.fed();
  if (status = city_.StartBroker(); !status.ok()) return status;
  broker_is_dead_ = false;
  status = Wait(kPatience, "the first record after the outage", [&] { return witness_.fed() > fed_before; });
  events_.outage = absl::Now() - killed;
  return status;
}

absl::Status Play::Return() {
  const absl::Time returned = absl::Now();
  const absl::Status status = WaitIfItComes(kPatience, "the delivery of what was published during the outage",
                                            [this] { return witness_.everything_was_fed(night_.datasets); });
  if (!status.ok()) return status;
  narrator_.Say(absl::StrCat("It found its state on its disk. ", Seconds(events_.outage),
                             " after its end the next record reached an operator, and after ",
                             Seconds(absl::Now() - returned), " more everything that had waited in the outboxes."));
  return StepsUntil(night_.steps.size());
}

absl::Status Play::CatchUp() {
  absl::Status status = TellAll(witness_.agencies, Report("store_all").With("seconds", 20));
  if (status.ok()) {
    status = Wait(kPatience + absl::Seconds(5), "the agencies' outboxes", [this] {
      return std::all_of(witness_.agencies.begin(), witness_.agencies.end(),
                         [](const auto& a) { return a.second.all_stored.has_value(); });
    });
  }
  if (!status.ok()) return status;
  for (const auto& [name, agency] : witness_.agencies) {
    if (!agency.all_stored->empty()) events_.not_caught_up.push_back(*agency.all_stored);
  }
  status = WaitIfItComes(kPatience, "the delivery of everything",
                         [this] { return witness_.everything_was_fed(night_.datasets); });
  for (auto& [name, reader] : witness_.readers) {
    reader.reached.clear();
    for (const DatasetPlan& plan : night_.datasets) {
      if (!status.ok() || plan.readers.count(name) == 0) continue;
      status = stage_.Tell(
          name,
          Report("wait").With("dataset", plan.name).With("sequence", witness_.appended(plan.name)).With("seconds", 10));
    }
  }
  if (!status.ok()) return status;
  status = Wait(absl::Seconds(40), "the copies", [this] {
    for (const DatasetPlan& plan : night_.datasets) {
      for (const auto& [name, reader] : witness_.readers) {
        if (plan.readers.count(name) > 0 && reader.reached.count(plan.name) == 0) return false;
      }
    }
    return true;
  });
  for (const auto& [name, reader] : witness_.readers) {
    for (const auto& [dataset, error] : reader.reached) {
      if (!error.empty()) events_.not_caught_up.push_back(absl::StrCat("the copy of ", dataset, ": ", error));
    }
  }
  return status;
}

// Everybody tells what they have, and ends.
absl::Status Play::Collect() {
  absl::Status status = TellAll(witness_.agencies, Report("read_back"));
  if (status.ok()) status = TellAll(witness_.readers, Report("copies"));
  if (status.ok()) {
    status = Wait(kPatience, "everybody's account", [this] {
      return std::all_of(witness_.agencies.begin(), witness_.agencies.end(),
                         [](const auto& a) { return a.second.read_back; }) &&
             std::all_of(witness_.readers.begin(), witness_.readers.end(),
                         [](const auto& r) { return r.second.copies_told; });
    });
  }
  if (status.ok()) status = TellAll(witness_.agencies, Report("finish"));
  if (status.ok()) status = TellAll(witness_.readers, Report("finish"));
  if (!status.ok()) return status;
  std::vector<std::string> everybody;
  for (const auto& [name, agency] : witness_.agencies) everybody.push_back(name);
  for (const auto& [name, reader] : witness_.readers) everybody.push_back(name);
  status = stage_.Join(everybody, absl::Now() + kPatience);
  for (const auto& [name, reader] : witness_.readers) {
    witness_.evidence[night_.shown_dataset].readers[name].files = FilesBelow(RoleDirectory(name));
  }
  return status;
}

absl::Status Play::StepsUntil(size_t end) {
  while (step_ < end) {
    const absl::Time next = absl::Now() + options_.pace;
    if (absl::Status status = DoStep(); !status.ok()) return status;
    if (step_ % 3 == 1) {
      TellWeather();
      if (broker_is_dead_) TellOutage();
    }
    if (absl::Status status = stage_.Pause(next - absl::Now()); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Play::DoStep() {
  if (absl::Status status = TellAll(witness_.agencies, Report("step").With("number", step_)); !status.ok()) {
    return status;
  }
  ++step_;
  return Wait(kPatience, "the agencies to publish", [this] {
    return std::all_of(witness_.agencies.begin(), witness_.agencies.end(),
                       [this](const auto& agency) { return agency.second.steps == step_; });
  });
}

void Play::TellWeather() {
  const Step& step = night_.steps[step_ - 1];
  narrator_.Line(absl::StrCat(Clock(step.time), "  ", Bar(step.intensity, kBarColumns), "  ", step.weather),
                 Tone::kWater);
}

void Play::TellOutage() {
  absl::Duration oldest;
  for (const auto& [name, reader] : witness_.readers) oldest = std::max(oldest, reader.oldest);
  const ReaderState& logistics = witness_.readers[kLogistics];
  narrator_.Line(absl::StrCat("       outboxes hold ", witness_.unsent(), "; copies answer, ", Seconds(oldest),
                              " old (", RecordText(night_.Plan(night_.shown_dataset), logistics.sample), ")"),
                 Tone::kDim);
}

// The newest record of the shown gauge that everybody has.
void Play::TellViews(const std::string& caption) {
  const DatasetPlan& plan = night_.Plan(night_.shown_dataset);
  const DatasetEvidence& evidence = witness_.evidence[plan.name];
  for (uint64_t number = evidence.published.size(); number > 0; --number) {
    const std::string& published = evidence.published[number - 1];
    const std::unique_ptr<google::protobuf::Message> record(plan.prototype->New());
    if (!record->ParseFromString(published) || FieldText(*record, plan.key) != night_.shown_key) continue;
    std::vector<std::pair<std::string, std::string>> seen;
    for (const auto& [name, heading] :
         {std::pair(kNavigation, "navigation sees"), std::pair(kLogistics, "logistics sees")}) {
      const auto reader = evidence.readers.find(name);
      if (reader == evidence.readers.end()) continue;
      for (const Arrived& arrived : reader->second.feed) {
        if (arrived.sequence == number) seen.emplace_back(heading, arrived.payload);
      }
    }
    narrator_.Blank();
    narrator_.Say(caption);
    narrator_.Table(SideBySide(plan, published, seen));
    return;
  }
}

absl::Status Play::Wait(absl::Duration patience, const std::string& what, const std::function<bool()>& done) {
  const absl::Status status =
      stage_.Until(absl::Now() + patience, what, [&] { return !witness_.problem.empty() || done(); });
  if (status.ok() && !witness_.problem.empty()) return absl::InternalError(witness_.problem);
  return status;
}

absl::Status Play::WaitIfItComes(absl::Duration patience, const std::string& what, const std::function<bool()>& done) {
  const absl::Status status = Wait(patience, what, done);
  if (!absl::IsDeadlineExceeded(status)) return status;
  events_.not_caught_up.push_back(std::string(status.message()));
  return absl::OkStatus();
}

absl::Status Play::TellAll(const std::map<std::string, AgencyState>& agencies, const Report& command) {
  for (const auto& [name, agency] : agencies) {
    if (absl::Status status = stage_.Tell(name, command); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Play::TellAll(const std::map<std::string, ReaderState>& readers, const Report& command) {
  for (const auto& [name, reader] : readers) {
    if (absl::Status status = stage_.Tell(name, command); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace heavy_rain
