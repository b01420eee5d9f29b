#include "examples/heavy_rain/roles/console.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace heavy_rain {

void Console::Tell(const Report& report) {
  const std::string line = report.Line();
  const std::lock_guard<std::mutex> lock(mutex_);
  size_t done = 0;
  while (done < line.size()) {
    const ssize_t bytes = write(STDOUT_FILENO, line.data() + done, line.size() - done);
    if (bytes <= 0) _exit(1);  // nobody listens any more
    done += static_cast<size_t>(bytes);
  }
}

std::optional<Report> Console::Hear() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const absl::StatusOr<Report> report = Report::Parse(line);
    if (report.ok()) return *report;
    std::fprintf(stderr, "%s\n", std::string(report.status().message()).c_str());
  }
  return std::nullopt;
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

}  // namespace heavy_rain
