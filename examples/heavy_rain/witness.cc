#include "examples/heavy_rain/witness.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace heavy_rain {

void Witness::Hear(const std::string& name, const Report& report) {
  if (const auto agency = agencies.find(name); agency != agencies.end()) HearAgency(agency->second, report);
  if (const auto reader = readers.find(name); reader != readers.end()) HearReader(name, reader->second, report);
}

void Witness::HearAgency(AgencyState& agency, const Report& report) {
  const std::string& kind = report.kind();
  const std::string dataset = report.Text("dataset");
  if (kind == "ready") {
    agency.ready = true;
  } else if (kind == "published") {
    evidence[dataset].published.push_back(report.Text("payload"));
  } else if (kind == "appended") {
    agency.appended[dataset] = report.Number("count");
  } else if (kind == "stepped") {
    agency.steps = report.Number("number") + 1;
    agency.unsent = report.Number("unsent");
    agency.connected = report.Number("connected") == 1;
  } else if (kind == "all_stored") {
    agency.all_stored = report.Text("error");
  } else if (kind == "head") {
    evidence[dataset].broker_head = report.Number("sequence");
  } else if (kind == "stored") {
    evidence[dataset].stored.push_back({report.Number("sequence"), report.Text("payload")});
  } else if (kind == "read_back_done") {
    agency.read_back = true;
  }
}

void Witness::HearReader(const std::string& name, ReaderState& reader, const Report& report) {
  const std::string& kind = report.kind();
  const std::string dataset = report.Text("dataset");
  if (kind == "ready") {
    reader.ready = true;
  } else if (kind == "record") {
    evidence[dataset].readers[name].feed.push_back({report.Number("sequence"), report.Text("payload")});
    ++reader.fed[dataset];
  } else if (kind == "delivery") {
    evidence[dataset].readers[name].deliveries.push_back(report.Text("bytes"));
  } else if (kind == "copy") {
    ReaderEvidence& seen = evidence[dataset].readers[name];
    seen.copy.push_back({report.Number("sequence"), report.Text("payload")});
    seen.copied_keys.push_back(report.Text("key"));
  } else if (kind == "terms") {
    reader.regime[dataset] = report.Number("regime");
  } else if (kind == "reached") {
    reader.reached[dataset] = report.Text("error");
  } else if (kind == "reads") {
    reader.reads = report.Number("ok") + report.Number("failed");
    reader.failed_reads = report.Number("failed");
    reader.offline_reads = report.Number("offline");
    reader.read_error = report.Text("error");
    reader.oldest = absl::Microseconds(report.Number("oldest_us"));
    reader.oldest_ever = std::max(reader.oldest_ever, reader.oldest);
    reader.sample = report.Text("sample");
    reader.sample_age = absl::Microseconds(report.Number("sample_age_us"));
  } else if (kind == "refused") {
    reader.refusal = Refusal{report.Text("code"), report.Text("rule"), report.Text("file"), report.Number("line"),
                             report.Text("missing")};
  } else if (kind == "allowed") {
    reader.allowed = true;
  } else if (kind == "copies_done") {
    reader.copies_told = true;
  } else if (kind == "feed_failed" && problem.empty()) {
    problem = absl::StrCat("the feed of ", dataset, " to ", name, " ended: ", report.Text("error"));
  }
}

uint64_t Witness::published() const {
  uint64_t sum = 0;
  for (const auto& [name, dataset] : evidence) sum += dataset.published.size();
  return sum;
}

uint64_t Witness::unsent() const {
  uint64_t sum = 0;
  for (const auto& [name, agency] : agencies) sum += agency.unsent;
  return sum;
}

uint64_t Witness::fed() const {
  uint64_t sum = 0;
  for (const auto& [name, reader] : readers) {
    for (const auto& [dataset, count] : reader.fed) sum += count;
  }
  return sum;
}

uint64_t Witness::appended(const std::string& dataset) const {
  for (const auto& [name, agency] : agencies) {
    if (const auto found = agency.appended.find(dataset); found != agency.appended.end()) return found->second;
  }
  return 0;
}

bool Witness::everything_was_fed(const std::vector<DatasetPlan>& plans) const {
  for (const DatasetPlan& plan : plans) {
    for (const auto& [name, reader] : readers) {
      if (plan.readers.count(name) == 0) continue;
      const auto fed = reader.fed.find(plan.name);
      if ((fed == reader.fed.end() ? 0 : fed->second) < appended(plan.name)) return false;
    }
  }
  return true;
}

}  // namespace heavy_rain
