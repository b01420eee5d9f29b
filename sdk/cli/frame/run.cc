#include "sdk/cli/frame/run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "policy/language/suggest.h"
#include "sdk/base/status.h"
#include "sdk/cli/frame/completion.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/help.h"
#include "sdk/cli/frame/parse.h"

namespace allmende::cli {
namespace {

absl::StatusOr<ExitCode> ShowHelp(const Program& program, const std::string& words, Context& context) {
  for (const Topic& topic : program.topics) {
    if (topic.name != words) continue;
    *context.out << topic.text;
    return ExitCode::kOk;
  }
  std::vector<std::string> names;
  for (const Command& command : program.commands) {
    if (command.name == words) {
      *context.out << CommandText(program, command, context.columns);
      return ExitCode::kOk;
    }
    names.push_back(command.name);
  }
  const bool group = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return words.empty() || absl::StartsWith(name, absl::StrCat(words, " "));
  });
  if (group) {
    *context.out << OverviewText(program, words, context.columns);
    return ExitCode::kOk;
  }
  for (const Topic& topic : program.topics) names.push_back(topic.name);
  const std::string near = policy::Suggest(words, names);
  return UsageError(absl::StrCat("there is no page `", words, "`"),
                    near.empty() ? absl::StrCat("`", program.name, " help` lists what there is")
                                 : absl::StrCat("did you mean `", program.name, " help ", near, "`?"));
}

void AddOwnCommands(Program& program) {
  program.topics.push_back({"exit-codes", "what the program answers to the shell", ExitCodeHelp()});
  // They see the finished table: the program outlives the run.
  program.commands.push_back({.name = "help",
                              .summary = "explains a command, or lists all of them",
                              .arguments = {{.name = "COMMAND",
                                             .help = "the command's words, or the name of a page",
                                             .optional = true,
                                             .repeated = true}},
                              .run = [&program](Context& context, const Values& values) {
                                return ShowHelp(program, absl::StrJoin(values.Texts("COMMAND"), " "), context);
                              }});
  program.commands.push_back(
      {.name = "completion",
       .summary = "writes a script that lets a shell complete commands and options",
       .details =
           absl::StrCat("bash: add `source <(", program.name, " completion bash)` to ~/.bashrc\nzsh: add `source <(",
                        program.name, " completion zsh)` to ~/.zshrc, after compinit\nfish: ", program.name,
                        " completion fish > ~/.config/fish/completions/", program.name, ".fish"),
       .arguments =
           {{.name = "SHELL", .help = "which one", .kind = ValueKind::kChoice, .choices = {"bash", "zsh", "fish"}}},
       .run = [&program](Context& context, const Values& values) -> absl::StatusOr<ExitCode> {
         *context.out << CompletionScript(program, values.Text("SHELL"));
         return ExitCode::kOk;
       }});
}

absl::StatusOr<ExitCode> RunInvocation(const Program& program, const Invocation& invocation, Context& context) {
  switch (invocation.what) {
    case Invocation::What::kHelp:
      return ShowHelp(program, invocation.words, context);
    case Invocation::What::kVersion:
      *context.out << program.name << " " << program.version << "\n";
      return ExitCode::kOk;
    case Invocation::What::kRun:
      break;
  }
  return invocation.command->run(context, invocation.values);
}

ExitCode ShowError(const absl::Status& status, Context& context) {
  context.out->flush();
  *context.err << (context.output == OutputFormat::kJson ? ErrorJson(status) : ErrorText(status, context.err_colours));
  return ExitCodeOf(status);
}

}  // namespace

ExitCode RunProgram(Program program, const std::vector<std::string>& arguments, Context& context) {
  AddOwnCommands(program);
  const absl::StatusOr<Invocation> invocation = ParseCommandLine(program, arguments);
  if (!invocation.ok()) return ShowError(invocation.status(), context);
  context.profile = invocation->profile;
  context.output = invocation->output;
  context.quiet = invocation->quiet;
  const absl::StatusOr<ExitCode> result = RunInvocation(program, *invocation, context);
  if (!result.ok()) return ShowError(result.status(), context);
  context.out->flush();
  if (!context.out->good() && *result == ExitCode::kOk) {
    return ShowError(absl::ResourceExhaustedError("the results could not be written: is the disk full?"), context);
  }
  return *result;
}

absl::StatusOr<ExitCode> RunCommand(const Command& command, const std::vector<std::string>& arguments,
                                    Context& context) {
  const Program program = {.name = "allmende", .version = {}, .summary = {}, .commands = {command}};
  std::vector<std::string> line = absl::StrSplit(command.name, ' ');
  line.insert(line.end(), arguments.begin(), arguments.end());
  ALLMENDE_ASSIGN_OR_RETURN(const Invocation invocation, ParseCommandLine(program, line));
  return RunInvocation(program, invocation, context);
}

}  // namespace allmende::cli
