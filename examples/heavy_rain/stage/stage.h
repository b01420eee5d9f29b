// The processes of the demo: starts them, hears what they report, and leaves none behind.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/heavy_rain/report/report.h"

namespace heavy_rain {

// Not thread-safe; one per program, made before any thread. Catches SIGINT, SIGTERM and SIGHUP while it lives. Each
// process it starts dies with it, whatever happens to it.
//
// What every function that waits returns besides its own errors:
//   kCancelled  the person at the keyboard, or the system, asked to stop
//   kAborted    a process ended that nobody had asked to; names it, how it ended, and its log
class Stage {
 public:
  using OnReport = std::function<void(const std::string& name, const Report& report)>;

  // Each process writes its errors to `log_directory`/NAME.log.
  //   kInternal  the system gives no pipe
  static absl::StatusOr<std::unique_ptr<Stage>> Create(const std::string& log_directory, OnReport on_report);
  // Asks every process to stop, and stops it after two seconds.
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // What it prints becomes reports; a line that is none goes to its log.
  absl::Status Start(const std::string& name, const std::vector<std::string>& command);
  // To the process's standard input.
  absl::Status Tell(const std::string& name, const Report& report);
  // Without warning: SIGKILL. Returns when the process is gone.
  absl::Status Kill(const std::string& name);
  // Waits until all of them have ended by themselves. kAborted: one not with exit code 0.
  absl::Status Join(const std::vector<std::string>& names, absl::Time deadline);
  bool IsRunning(const std::string& name) const { return processes_.count(name) > 0; }

  // A program that does one thing and ends. Returns what it printed. kAborted: its exit code is not 0; the message ends
  // with what it said.
  absl::StatusOr<std::string> Run(const std::string& name, const std::vector<std::string>& command,
                                  absl::Duration patience = absl::Seconds(30));

  // Hands out reports until `done`. kDeadlineExceeded: it was not by then; the message names `what`.
  absl::Status Until(absl::Time deadline, const std::string& what, const std::function<bool()>& done);
  // Hands out reports for a while.
  absl::Status Pause(absl::Duration duration);

  std::string LogOf(const std::string& name) const;

 private:
  struct Process {
    pid_t pid = 0;
    int input = -1;
    int output = -1;
    std::string heard;  // of a line that is not complete
    bool report = true;
    bool expected_to_end = false;
    bool ended = false;
    int how = 0;  // as waitpid says
  };

  Stage(std::string log_directory, OnReport on_report)
      : log_directory_(std::move(log_directory)), on_report_(std::move(on_report)) {}

  absl::StatusOr<Process*> Launch(const std::string& name, const std::vector<std::string>& command, bool report);
  absl::Status Turn(absl::Duration patience);
  void Hear(const std::string& name, Process& process);
  void TakeLines(const std::string& name, Process& process);
  void Reap();
  absl::Status CheckEnds();
  void Forget(const std::string& name);
  std::string HowItEnded(const std::string& name, const Process& process) const;

  const std::string log_directory_;
  const OnReport on_report_;
  std::map<std::string, std::unique_ptr<Process>> processes_;
};

}  // namespace heavy_rain
