// A context of a test's own: output into strings, an environment and clocks that the test decides.
#pragma once

#include <map>
#include <sstream>
#include <string>

#include "absl/time/time.h"
#include "sdk/cli/frame/context.h"

namespace allmende::cli {

class TestContext {
 public:
  TestContext() {
    context.out = &out_;
    context.err = &err_;
    context.in = &in_;
    context.columns = 100;
    context.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
    context.now = [this] { return now; };
    context.elapsed = [this] { return elapsed; };
  }
  TestContext(const TestContext&) = delete;
  TestContext& operator=(const TestContext&) = delete;

  // What was written since the last call.
  std::string Out() { return Take(out_); }
  std::string Err() { return Take(err_); }
  void SetIn(const std::string& text) { in_.str(text); }

  Context context;
  std::map<std::string, std::string> environment;
  absl::Time now = absl::FromUnixSeconds(1'790'000'000);  // 2026-09-21 14:13:20Z
  absl::Duration elapsed = absl::ZeroDuration();

 private:
  static std::string Take(std::ostringstream& stream) {
    std::string text = stream.str();
    stream.str("");
    return text;
  }

  std::ostringstream out_;
  std::ostringstream err_;
  std::istringstream in_;
};

}  // namespace allmende::cli
