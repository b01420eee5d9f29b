// What a command works with: where its output goes and in which form, who calls, what time it is. Everything that a
// test wants to decide is in here.
#pragma once

#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "policy/model/policy.h"

namespace allmende::cli {

enum class OutputFormat { kTable, kJson, kCsv };

struct Context {
  std::ostream* out = nullptr;  // results
  std::ostream* err = nullptr;  // errors, progress, remarks
  std::istream* in = nullptr;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool in_is_terminal = false;
  bool out_colours = false;
  bool err_colours = false;
  int columns = 100;  // of the terminal

  // Options that every command has.
  OutputFormat output = OutputFormat::kTable;
  bool quiet = false;   // neither progress nor remarks
  std::string profile;  // as `--profile` says it; empty: not given

  policy::Language language = policy::Language::kEnglish;  // of refusals

  std::function<std::optional<std::string>(const std::string&)> environment;
  std::function<absl::Time()> now;
  std::function<absl::Duration()> elapsed;  // since some start; never goes back

  // The variable's value, or empty.
  std::string Environment(const std::string& name) const;

  // A line for people: with the results where these are for people, too; otherwise on `err`. Not where `quiet`.
  void Remark(const std::string& line);
  // What to do next: `next: ` and the command line.
  void Next(const std::string& command_line);
  // `warning: ` and the text on `err`, also where `quiet`.
  void Warn(const std::string& text);
};

// The real one: standard streams, terminal, environment (NO_COLOR, TERM, LC_ALL, LC_MESSAGES, LANG), clocks.
Context SystemContext();

}  // namespace allmende::cli
