// The command line as a table: what commands there are, what they take, and what they do. Help, completion and the
// check of arguments all come from it.
//
//   program.commands.push_back({.name = "dataset list",
//                               .summary = "lists the datasets of the exchange",
//                               .options = {{.name = "all", .help = "..."}},
//                               .run = ListDatasets});
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sdk/cli/frame/exit_code.h"

namespace allmende::cli {

struct Context;
class Values;

enum class ValueKind {
  kSwitch,     // of options only: there or not, without a value
  kText,       // anything
  kFile,       // a path of a file; completed by the shell
  kDirectory,  // a path of a directory
  kWhole,      // a number from 0
  kDuration,   // `30s`, `10min`, `6h`, `90d`
  kTime,       // RFC 3339: `2026-11-25T18:00:00+01:00`
  kChoice,     // one of `choices`
};

struct Argument {
  std::string name;  // in capitals: `NAME`
  std::string help;
  ValueKind kind = ValueKind::kText;
  bool optional = false;  // only behind those that are not
  bool repeated = false;  // only the last; at least one unless `optional`
  std::vector<std::string> choices = {};
};

struct Option {
  std::string name;  // without dashes: `schema`
  std::string help;
  ValueKind kind = ValueKind::kSwitch;
  std::string value = {};  // how help calls the value: `FILE`; empty: made from the kind
  std::vector<std::string> choices = {};
  bool required = false;
  bool repeated = false;
  std::string fallback = {};  // the value if it is not given; shown by help
  char letter = 0;            // `-o`
};

using RunFunction = std::function<absl::StatusOr<ExitCode>(Context&, const Values&)>;

struct Command {
  std::string name;     // words: `dataset create`
  std::string summary;  // one line, without a full stop
  std::string details = {};
  std::vector<std::string> examples = {};  // whole command lines
  std::vector<Argument> arguments = {};
  std::vector<Option> options = {};
  RunFunction run;
};

// A word that commands begin with.
struct Group {
  std::string name;
  std::string summary;
};

// A page of `help` that is about no command.
struct Topic {
  std::string name;
  std::string summary;
  std::string text;
};

struct Program {
  std::string name;
  std::string version;
  std::string summary;
  std::vector<Group> groups = {};  // in the order of the overview
  std::vector<Command> commands = {};
  std::vector<Topic> topics = {};
};

// What the command line said, checked against the kinds. Names are those of the table; asking for another one, or for
// another kind, is a mistake of the program and ends it.
class Values {
 public:
  // Whether it was given.
  bool Has(const std::string& name) const;

  // The value given, or the fallback, or empty.
  const std::string& Text(const std::string& name) const;
  const std::vector<std::string>& Texts(const std::string& name) const;
  bool Switch(const std::string& name) const;
  int64_t Whole(const std::string& name) const;            // 0 without value and fallback
  absl::Duration Duration(const std::string& name) const;  // zero without value and fallback
  absl::Time Time(const std::string& name) const;          // infinite past without value

 private:
  friend class ValuesBuilder;
  struct Value {
    bool given = false;
    ValueKind kind = ValueKind::kText;
    std::vector<std::string> texts = {};
    std::string text = {};
    int64_t whole = 0;
    absl::Duration duration = absl::ZeroDuration();
    absl::Time time = absl::InfinitePast();
  };
  const Value& At(const std::string& name) const;

  std::map<std::string, Value> values_;
};

}  // namespace allmende::cli
