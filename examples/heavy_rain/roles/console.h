// A role's side of its two pipes. Internal to this folder.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "examples/heavy_rain/report/report.h"

namespace heavy_rain {

// Thread-safe for Tell; Hear is for one thread.
class Console {
 public:
  void Tell(const Report& report);
  // The next command; none when whoever started this process is gone.
  std::optional<Report> Hear();

 private:
  std::mutex mutex_;
};

// Says what went wrong where the log of this role is, and returns the exit code for it.
int Fail(const absl::Status& status);

}  // namespace heavy_rain
