// A child process that the benchmark starts, watches and ends.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace allmende::bench {

class Process {
 public:
  // Starts `arguments` (the first is the program's path), whose standard error is read here.
  static absl::StatusOr<std::unique_ptr<Process>> Start(const std::vector<std::string>& arguments);
  // Kills it if it still runs.
  ~Process();

  // What stands behind `mark` on the first line of standard error that holds it, up to a blank.
  //   kUnavailable  the process ended first; the message is what it wrote
  absl::StatusOr<std::string> WaitForWord(const std::string& mark);

  // Until it ends by itself; an exit code other than 0 is kInternal, with what it wrote.
  absl::Status WaitForSuccess();

  void Kill();  // SIGKILL, and waits

  absl::Duration cpu() const;   // used so far, system included
  double resident_mb() const;   // now
  double anonymous_mb() const;  // of that, not backed by files

 private:
  Process(pid_t pid, int errors) : pid_(pid), errors_(errors) {}
  int Wait();

  pid_t pid_;
  int errors_;
  std::string unread_;
};

// Of this process, all threads, system included.
absl::Duration OwnCpu();

// The folder that this program stands in.
std::string ProgramFolder();

}  // namespace allmende::bench
