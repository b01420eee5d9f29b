// Reads a reader's own copies, again and again, as a control room's screens do, and counts how that goes. Internal to
// this folder.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "allmende/replica.h"
#include "examples/heavy_rain/roles/console.h"

namespace heavy_rain {

struct Copy {
  std::string dataset;
  bool table = false;
  allmende::Replica* replica = nullptr;
};

class LocalReads {
 public:
  // Reads from `copies` until destroyed, and reports to `console` several times a second and at the end. The replicas
  // must be readable; the record of `shown_key` in `shown_dataset` is reported as a sample.
  LocalReads(std::vector<Copy> copies, std::string shown_dataset, std::string shown_key, Console& console);
  ~LocalReads();

 private:
  struct Counts {
    uint64_t ok = 0;
    uint64_t failed = 0;
    uint64_t offline = 0;  // of the good ones: answered while no broker could be reached
    absl::Duration oldest = absl::ZeroDuration();
    std::string error;  // of the first that failed
    std::string sample;
    absl::Duration sample_age = absl::ZeroDuration();
  };

  void Run();
  void ReadOne(const Copy& copy);
  absl::StatusOr<allmende::GetResult> Get(const Copy& copy);
  absl::Status LearnKeys(const Copy& copy, std::vector<std::string>& keys);
  void Tell();

  const std::vector<Copy> copies_;
  const std::string shown_dataset_;
  const std::string shown_key_;
  Console& console_;
  std::map<std::string, std::vector<std::string>> keys_;  // of tables
  uint64_t round_ = 0;
  Counts counts_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace heavy_rain
