#include "sdk/cli/frame/help.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sdk/cli/frame/parse.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/cli/frame/values.h"

namespace allmende::cli {
namespace {

constexpr int kLeftMax = 32;  // beyond, the explanation begins on a line of its own
constexpr int kTextMax = 110;

using Rows = std::vector<std::pair<std::string, std::string>>;

// Two columns, the right one wrapped.
std::string TwoColumns(const Rows& rows, int columns) {
  int left = 0;
  for (const auto& [name, help] : rows) {
    const int width = DisplayWidth(name);
    if (width <= kLeftMax) left = std::max(left, width);
  }
  const int indent = left + 4;
  const int width = std::max(20, std::min(columns, kTextMax) - indent);
  std::string text;
  for (const auto& [name, help] : rows) {
    const int pad = left - DisplayWidth(name);
    absl::StrAppend(&text, "  ", name,
                    pad >= 0 ? std::string(pad + 2, ' ') : absl::StrCat("\n", std::string(indent, ' ')),
                    Wrapped(help, width, indent), "\n");
  }
  return text;
}

std::string OptionLeft(const Option& option) {
  const std::string value = ValueName(option.kind, option.value, option.choices);
  const std::string letter = option.letter == 0 ? "    " : absl::StrCat("-", std::string(1, option.letter), ", ");
  return absl::StrCat(letter, "--", option.name, value.empty() ? "" : " ", value);
}

std::string OptionHelp(const Option& option) {
  std::string help = option.help;
  if (option.required) absl::StrAppend(&help, "; required");
  if (option.repeated) absl::StrAppend(&help, "; may be repeated");
  if (!option.fallback.empty()) absl::StrAppend(&help, " (default: ", option.fallback, ")");
  return help;
}

Rows OptionRows(const std::vector<Option>& options) {
  Rows rows;
  for (const Option& option : options) rows.emplace_back(OptionLeft(option), OptionHelp(option));
  return rows;
}

std::string UsageLine(const Program& program, const Command& command) {
  std::string line = absl::StrCat("usage: ", program.name, " ", command.name);
  for (const Argument& argument : command.arguments) {
    std::string name = absl::StrCat(argument.name, argument.repeated ? "..." : "");
    absl::StrAppend(&line, " ", argument.optional ? absl::StrCat("[", name, "]") : name);
  }
  for (const Option& option : command.options) {
    if (!option.required) continue;
    absl::StrAppend(&line, " --", option.name, " ", ValueName(option.kind, option.value, option.choices));
  }
  return absl::StrCat(line, " [options]\n");
}

// Commands whose first words are `words`.
Rows CommandsOf(const Program& program, const std::string& words) {
  Rows rows;
  for (const Command& command : program.commands) {
    if (absl::StartsWith(command.name, absl::StrCat(words, " "))) rows.emplace_back(command.name, command.summary);
  }
  return rows;
}

bool IsInGroup(const Program& program, const Command& command) {
  return std::any_of(program.groups.begin(), program.groups.end(),
                     [&](const Group& group) { return absl::StartsWith(command.name, absl::StrCat(group.name, " ")); });
}

std::string Paragraphs(const std::string& text, int columns) {
  std::string out;
  for (const std::string& paragraph : std::vector<std::string>(absl::StrSplit(text, '\n'))) {
    absl::StrAppend(&out, Wrapped(paragraph, std::min(columns, kTextMax), 0), "\n");
  }
  return out;
}

}  // namespace

std::string OverviewText(const Program& program, const std::string& words, int columns) {
  if (!words.empty()) {
    std::string summary;
    for (const Group& group : program.groups) {
      if (group.name == words) summary = absl::StrCat(": ", group.summary);
    }
    return absl::StrCat(program.name, " ", words, summary, "\n\n", TwoColumns(CommandsOf(program, words), columns),
                        "\n`", program.name, " COMMAND --help` explains each.\n");
  }
  // Commands of one word come first: they are the daily ones; those about the program itself come last.
  Rows single;
  Rows own;
  for (const Command& command : program.commands) {
    if (IsInGroup(program, command)) continue;
    const bool about_program = command.name == "help" || command.name == "completion";
    (about_program ? own : single).emplace_back(command.name, command.summary);
  }
  std::string text = absl::StrCat(program.name, ": ", program.summary, "\n");
  if (!single.empty()) absl::StrAppend(&text, "\neveryday\n", TwoColumns(single, columns));
  for (const Group& group : program.groups) {
    const Rows rows = CommandsOf(program, group.name);
    if (!rows.empty()) absl::StrAppend(&text, "\n", group.summary, "\n", TwoColumns(rows, columns));
  }
  if (!own.empty()) absl::StrAppend(&text, "\nthis program\n", TwoColumns(own, columns));
  Rows topics;
  for (const Topic& topic : program.topics) topics.emplace_back(absl::StrCat("help ", topic.name), topic.summary);
  if (!topics.empty()) absl::StrAppend(&text, "\nfurther pages\n", TwoColumns(topics, columns));
  absl::StrAppend(&text, "\noptions of every command\n", TwoColumns(OptionRows(GlobalOptions()), columns));
  return text;
}

std::string CommandText(const Program& program, const Command& command, int columns) {
  std::string text =
      absl::StrCat(program.name, " ", command.name, ": ", command.summary, "\n\n", UsageLine(program, command));
  if (!command.details.empty()) absl::StrAppend(&text, "\n", Paragraphs(command.details, columns));
  if (!command.arguments.empty()) {
    Rows rows;
    for (const Argument& argument : command.arguments) {
      std::string help = argument.help;
      if (!argument.choices.empty()) absl::StrAppend(&help, ": ", ValueName(argument.kind, "", argument.choices));
      rows.emplace_back(argument.name, help);
    }
    absl::StrAppend(&text, "\n", TwoColumns(rows, columns));
  }
  if (!command.options.empty()) absl::StrAppend(&text, "\noptions\n", TwoColumns(OptionRows(command.options), columns));
  absl::StrAppend(&text, "\noptions of every command\n", TwoColumns(OptionRows(GlobalOptions()), columns));
  if (!command.examples.empty()) {
    absl::StrAppend(&text, "\nexamples\n");
    for (const std::string& example : command.examples) absl::StrAppend(&text, "  ", example, "\n");
  }
  return text;
}

}  // namespace allmende::cli
