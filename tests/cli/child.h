// Programs as a person starts them: real processes, with an environment of their own.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace allmende::cli_tests {

using Environment = std::map<std::string, std::string>;

struct Finished {
  int code = -1;  // exit code; -1: ended by a signal, or not started
  std::string out;
  std::string err;
};

// Runs a program to its end in `directory`. `arguments`: its path first.
Finished RunProgram(const std::vector<std::string>& arguments, const std::string& directory,
                    const Environment& environment);

// A program that runs on. What it writes to standard error is read here.
class Background {
 public:
  Background() = default;
  Background(const std::vector<std::string>& arguments, const std::string& directory, const Environment& environment);
  // Kills it if it still runs.
  ~Background();
  Background(Background&& other) noexcept;
  Background& operator=(Background&& other) noexcept;

  // Waits until it has written `text`. False: it ended before.
  bool WaitFor(const std::string& text);
  // SIGTERM, then waits. The exit code, -1 after a signal.
  int Stop();

  const std::string& written() const { return written_; }

 private:
  pid_t pid_ = -1;
  int errors_ = -1;
  std::string written_;
};

}  // namespace allmende::cli_tests
