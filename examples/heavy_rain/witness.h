// Hears the reports of all roles and keeps what the play and the proof need of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "examples/heavy_rain/proof/proof.h"
#include "examples/heavy_rain/report/report.h"

namespace heavy_rain {

struct AgencyState {
  bool ready = false;
  uint64_t steps = 0;   // done
  uint64_t unsent = 0;  // records in outboxes
  bool connected = false;
  std::map<std::string, uint64_t> appended;  // by dataset, as its publisher counts
  std::optional<std::string> all_stored;     // the answer; empty text: yes
  bool read_back = false;
};

struct Refusal {
  std::string code;
  std::string rule;
  std::string file;
  uint64_t line = 0;
  std::string missing;
};

struct ReaderState {
  bool ready = false;
  std::map<std::string, uint64_t> fed;         // records, by dataset
  std::map<std::string, uint64_t> regime;      // under which the view stands, by dataset
  std::map<std::string, std::string> reached;  // datasets whose copy caught up; text: why not
  uint64_t reads = 0;
  uint64_t failed_reads = 0;
  uint64_t offline_reads = 0;
  std::string read_error;
  absl::Duration oldest = absl::ZeroDuration();  // since the last report
  absl::Duration oldest_ever = absl::ZeroDuration();
  std::string sample;
  absl::Duration sample_age = absl::ZeroDuration();
  std::optional<Refusal> refusal;
  bool allowed = false;  // the request that must be refused was not
  bool copies_told = false;
};

class Witness {
 public:
  // `name` is the participant.
  void Hear(const std::string& name, const Report& report);

  std::map<std::string, AgencyState> agencies;
  std::map<std::string, ReaderState> readers;
  std::map<std::string, DatasetEvidence> evidence;
  std::string problem;  // of a feed that ended; the first one

  uint64_t published() const;
  uint64_t unsent() const;
  uint64_t fed() const;  // records, to all readers
  // Each reader's feed has as many records of each dataset as were handed in.
  bool everything_was_fed(const std::vector<DatasetPlan>& plans) const;
  uint64_t appended(const std::string& dataset) const;

 private:
  void HearAgency(AgencyState& agency, const Report& report);
  void HearReader(const std::string& name, ReaderState& reader, const Report& report);
};

}  // namespace heavy_rain
