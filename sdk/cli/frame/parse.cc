#include "sdk/cli/frame/parse.h"

#include <algorithm>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "policy/language/suggest.h"
#include "sdk/base/status.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/cli/frame/values.h"

namespace allmende::cli {
namespace {

// How a command line divides: the command's words, and everything else in its order.
struct Divided {
  std::string words;
  const Command* command = nullptr;
  std::vector<std::string> rest;
};

bool IsPrefix(const std::string& words, const std::string& name) {
  return words.empty() || absl::StartsWith(name, absl::StrCat(words, " "));
}

const Command* FindCommand(const Program& program, const std::string& name) {
  const auto found = std::find_if(program.commands.begin(), program.commands.end(),
                                  [&](const Command& command) { return command.name == name; });
  return found == program.commands.end() ? nullptr : &*found;
}

// The words that may follow `words`, each once.
std::vector<std::string> NextWords(const Program& program, const std::string& words) {
  std::vector<std::string> next;
  for (const Command& command : program.commands) {
    if (!IsPrefix(words, command.name)) continue;
    const size_t from = words.empty() ? 0 : words.size() + 1;
    const std::string word = command.name.substr(from, command.name.find(' ', from) - from);
    if (std::find(next.begin(), next.end(), word) == next.end()) next.push_back(word);
  }
  return next;
}

absl::Status UnknownWord(const Program& program, const std::string& words, const std::string& word) {
  const std::string all = words.empty() ? program.name : absl::StrCat(program.name, " ", words);
  const std::string near = policy::Suggest(word, NextWords(program, words));
  return UsageError(absl::StrCat("there is no command `", all, " ", Printable(word), "`"),
                    near.empty() ? absl::StrCat("`", all, " --help` lists what there is")
                                 : absl::StrCat("did you mean `", all, " ", near, "`?"));
}

// A global option that stands before the command and takes the next argument as its value.
bool TakesNext(const std::string& argument) {
  for (const Option& option : GlobalOptions()) {
    if (option.kind == ValueKind::kSwitch) continue;
    if (argument == absl::StrCat("--", option.name)) return true;
    if (option.letter != 0 && argument == std::string({'-', option.letter})) return true;
  }
  return false;
}

absl::StatusOr<Divided> Divide(const Program& program, const std::vector<std::string>& arguments) {
  Divided divided;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (divided.command != nullptr || absl::StartsWith(argument, "-")) {
      divided.rest.push_back(argument);
      if (divided.command == nullptr && TakesNext(argument) && i + 1 < arguments.size()) {
        divided.rest.push_back(arguments[++i]);
      }
      continue;
    }
    const std::vector<std::string> next = NextWords(program, divided.words);
    if (std::find(next.begin(), next.end(), argument) == next.end()) {
      return UnknownWord(program, divided.words, argument);
    }
    divided.words = divided.words.empty() ? argument : absl::StrCat(divided.words, " ", argument);
    divided.command = FindCommand(program, divided.words);
  }
  return divided;
}

std::string FlagNames(const Option& option) {
  std::string names = absl::StrCat("--", option.name);
  if (option.letter != 0) names = absl::StrCat("-", std::string(1, option.letter), ",", names);
  return names;
}

absl::Status UnknownOption(const std::string& full_name, const std::vector<const Option*>& options,
                           const std::string& given) {
  if (!absl::StartsWith(given, "-")) {
    return UsageError(absl::StrCat("`", Printable(given), "` is one argument too many"),
                      absl::StrCat("`", full_name, " --help` shows what it takes"));
  }
  const std::string bare = given.substr(0, given.find('='));
  std::vector<std::string> names;
  for (const Option* option : options) names.push_back(absl::StrCat("--", option->name));
  const std::string near = policy::Suggest(bare, names);
  return UsageError(absl::StrCat("`", full_name, "` has no option `", Printable(bare), "`"),
                    near.empty() ? absl::StrCat("`", full_name, " --help` lists what there is")
                                 : absl::StrCat("did you mean `", near, "`?"));
}

// One command's options and arguments, as the library sees them.
class Parser {
 public:
  Parser(const Program& program, const Divided& divided)
      : command_(divided.command),
        full_name_(divided.words.empty() ? program.name : absl::StrCat(program.name, " ", divided.words)) {
    app_.set_help_flag();
    app_.allow_extras();
    for (const Option& option : GlobalOptions()) Declare(option);
    if (command_ == nullptr) return;
    for (const Option& option : command_->options) Declare(option);
    for (const Argument& argument : command_->arguments) {
      CLI::Option* declared = app_.add_option(argument.name);
      declared->expected(1, argument.repeated ? 1 << 20 : 1)->allow_extra_args(argument.repeated)->take_all();
      arguments_.push_back(declared);
    }
  }

  absl::Status Parse(std::vector<std::string> rest) {
    std::reverse(rest.begin(), rest.end());  // the library takes them from the back
    try {
      app_.parse(std::move(rest));
    } catch (const CLI::ArgumentMismatch& error) {
      return LacksValue(error.what());
    } catch (const CLI::ParseError& error) {
      return UsageError(error.what(), absl::StrCat("`", full_name_, " --help` shows what it takes"));
    }
    for (const std::string& extra : app_.remaining()) {
      if (extra != "--") return UnknownOption(full_name_, options_, extra);
    }
    return absl::OkStatus();
  }

  bool Given(const std::string& name) const { return !Results(name).empty(); }

  std::vector<std::string> Results(const std::string& name) const {
    for (size_t i = 0; i < options_.size(); ++i) {
      if (options_[i]->name == name) return declared_[i]->results();
    }
    return {};
  }

  absl::Status Fill(ValuesBuilder& values) const {
    for (const Option& option : command_->options) {
      ALLMENDE_RETURN_IF_ERROR(WithUsage(values.Add(option, Results(option.name))));
    }
    for (size_t i = 0; i < arguments_.size(); ++i) {
      ALLMENDE_RETURN_IF_ERROR(WithUsage(values.Add(command_->arguments[i], arguments_[i]->results())));
    }
    return absl::OkStatus();
  }

 private:
  void Declare(const Option& option) {
    CLI::Option* declared = nullptr;
    if (option.kind == ValueKind::kSwitch) {
      declared = app_.add_flag(FlagNames(option));
    } else {
      declared = app_.add_option(FlagNames(option));
      declared->expected(1)->allow_extra_args(false)->take_all();
    }
    options_.push_back(&option);
    declared_.push_back(declared);
  }

  // "--schema: 1 required TEXT missing", or the like: only the name is of use.
  absl::Status LacksValue(const std::string& what) const {
    for (const Option* option : options_) {
      if (!absl::StartsWith(what, absl::StrCat("--", option->name, ":"))) continue;
      return UsageError(absl::StrCat("`--", option->name, "` lacks its value ",
                                     ValueName(option->kind, option->value, option->choices), ": ", option->help));
    }
    return UsageError(what);
  }

  absl::Status WithUsage(absl::Status status) const {
    if (!status.ok() && HintOf(status).empty()) {
      return WithHint(std::move(status), absl::StrCat("`", full_name_, " --help` shows what it takes"));
    }
    return status;
  }

  const Command* const command_;
  const std::string full_name_;
  CLI::App app_;
  std::vector<const Option*> options_;
  std::vector<CLI::Option*> declared_;   // beside options_
  std::vector<CLI::Option*> arguments_;  // beside command_->arguments
};

absl::Status ReadGlobals(const Parser& parser, Invocation& invocation) {
  ValuesBuilder builder;
  for (const Option& option : GlobalOptions()) {
    ALLMENDE_RETURN_IF_ERROR(builder.Add(option, parser.Results(option.name)));
  }
  const Values values = builder.Take();
  invocation.profile = values.Text("profile");
  invocation.quiet = values.Switch("quiet");
  const std::string& output = values.Text("output");
  invocation.output = output == "json"  ? OutputFormat::kJson
                      : output == "csv" ? OutputFormat::kCsv
                                        : OutputFormat::kTable;
  return absl::OkStatus();
}

}  // namespace

const std::vector<Option>& GlobalOptions() {
  static const std::vector<Option>* const kOptions = new std::vector<Option>{
      {.name = "profile",
       .help =
           "who calls and where the brokers are: a profile's name, file or folder (default: $ALLMENDE_PROFILE, then "
           "the profile `default`)",
       .kind = ValueKind::kFile,
       .value = "NAME",
       .letter = 'p'},
      {.name = "output",
       .help = "how results are written",
       .kind = ValueKind::kChoice,
       .choices = {"table", "json", "csv"},
       .fallback = "table",
       .letter = 'o'},
      {.name = "quiet", .help = "results and errors only: no progress, no remarks", .letter = 'q'},
      {.name = "help", .help = "explains the command", .letter = 'h'},
      {.name = "version", .help = "prints the version"},
  };
  return *kOptions;
}

absl::StatusOr<Invocation> ParseCommandLine(const Program& program, const std::vector<std::string>& arguments) {
  ALLMENDE_ASSIGN_OR_RETURN(Divided divided, Divide(program, arguments));
  Invocation invocation;
  invocation.command = divided.command;
  invocation.words = divided.words;
  Parser parser(program, divided);
  const absl::Status parsed = parser.Parse(std::move(divided.rest));
  // Who asks for help gets it, whatever else is wrong.
  if (parser.Given("help")) {
    invocation.what = Invocation::What::kHelp;
    return invocation;
  }
  ALLMENDE_RETURN_IF_ERROR(parsed);
  ALLMENDE_RETURN_IF_ERROR(ReadGlobals(parser, invocation));
  if (parser.Given("version")) {
    invocation.what = Invocation::What::kVersion;
  } else if (divided.command == nullptr && divided.words.empty()) {
    invocation.what = Invocation::What::kHelp;
  } else if (divided.command == nullptr) {
    return UsageError(absl::StrCat("`", program.name, " ", divided.words, "` needs one more word"),
                      absl::StrCat("`", program.name, " ", divided.words, " --help` lists what there is"));
  } else {
    ValuesBuilder values;
    ALLMENDE_RETURN_IF_ERROR(parser.Fill(values));
    invocation.values = values.Take();
  }
  return invocation;
}

}  // namespace allmende::cli
