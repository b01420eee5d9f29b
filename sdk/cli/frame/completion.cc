#include "sdk/cli/frame/completion.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "sdk/cli/frame/parse.h"

namespace allmende::cli {
namespace {

// A place in the tree of words: what may follow there.
struct Place {
  std::string path;                                        // `dataset create`; empty: the start
  std::vector<std::pair<std::string, std::string>> words;  // with their summaries
  const Command* command = nullptr;
};

std::vector<Place> PlacesOf(const Program& program) {
  std::vector<Place> places = {Place{}};
  const auto at = [&](const std::string& path) -> Place& {
    const auto found =
        std::find_if(places.begin(), places.end(), [&](const Place& place) { return place.path == path; });
    if (found != places.end()) return *found;
    places.push_back({path, {}, nullptr});
    return places.back();
  };
  for (const Command& command : program.commands) {
    std::string path;
    for (const std::string& word : std::vector<std::string>(absl::StrSplit(command.name, ' '))) {
      const std::string next = path.empty() ? word : absl::StrCat(path, " ", word);
      std::string summary = command.summary;
      if (next != command.name) {
        for (const Group& group : program.groups) {
          if (group.name == next) summary = group.summary;
        }
      }
      Place& place = at(path);
      const bool known = std::any_of(place.words.begin(), place.words.end(),
                                     [&](const auto& known_word) { return known_word.first == word; });
      if (!known) place.words.emplace_back(word, summary);
      path = next;
    }
    at(path).command = &command;
  }
  return places;
}

std::vector<Option> OptionsAt(const Place& place) {
  std::vector<Option> options;
  if (place.command != nullptr) options = place.command->options;
  options.insert(options.end(), GlobalOptions().begin(), GlobalOptions().end());
  return options;
}

bool TakesPath(ValueKind kind) {
  return kind == ValueKind::kFile || kind == ValueKind::kDirectory;
}

// The words that are arguments at a place, and whether paths are.
std::vector<std::string> ArgumentWords(const Place& place) {
  std::vector<std::string> words;
  if (place.command == nullptr) return words;
  for (const Argument& argument : place.command->arguments) {
    words.insert(words.end(), argument.choices.begin(), argument.choices.end());
  }
  return words;
}

bool ArgumentsArePaths(const Place& place) {
  return place.command != nullptr && std::any_of(place.command->arguments.begin(), place.command->arguments.end(),
                                                 [](const Argument& argument) { return TakesPath(argument.kind); });
}

// Bash. zsh runs the same script through its bash compatibility.
std::string BashScript(const Program& program, const std::vector<Place>& places) {
  std::string with_value;  // option names that take the next word
  std::string after;       // what may follow an option, by place
  std::string paths;
  std::string words;
  std::vector<std::string> valued;
  for (const Place& place : places) {
    if (!place.path.empty()) absl::StrAppend(&paths, paths.empty() ? "" : "|", "\"", place.path, "\"");
    std::vector<std::string> here;
    for (const auto& [word, summary] : place.words) here.push_back(word);
    for (const std::string& word : ArgumentWords(place)) here.push_back(word);
    std::vector<std::string> dashed;
    for (const Option& option : OptionsAt(place)) {
      dashed.push_back(absl::StrCat("--", option.name));
      if (option.kind == ValueKind::kSwitch) continue;
      valued.push_back(absl::StrCat("--", option.name));
      if (option.letter != 0) valued.push_back(absl::StrCat("-", std::string(1, option.letter)));
      const std::string reply =
          TakesPath(option.kind) ? "files=1" : absl::StrCat("words=\"", absl::StrJoin(option.choices, " "), "\"");
      absl::StrAppend(&after, "    \"", place.path, ":--", option.name, "\"");
      if (option.letter != 0) absl::StrAppend(&after, "|\"", place.path, ":-", std::string(1, option.letter), "\"");
      absl::StrAppend(&after, ") ", reply, "; valued=1 ;;\n");
    }
    absl::StrAppend(&words, "      \"", place.path, "\") words=\"", absl::StrJoin(here, " "), "\"; dashed=\"",
                    absl::StrJoin(dashed, " "), "\"", ArgumentsArePaths(place) ? "; files=1" : "", " ;;\n");
  }
  std::sort(valued.begin(), valued.end());
  valued.erase(std::unique(valued.begin(), valued.end()), valued.end());
  const std::string function = absl::StrCat("_", absl::StrReplaceAll(program.name, {{"-", "_"}}));
  return absl::StrCat("# Completion of ", program.name, " for bash. Made by `", program.name, " completion bash`.\n",
                      function,
                      "() {\n"
                      "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
                      "  local at=\"\" next words=\"\" dashed=\"\" files=\"\" valued=\"\" i\n"
                      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                      "    case \"${COMP_WORDS[i]}\" in\n"
                      "      ",
                      absl::StrJoin(valued, "|"),
                      ") i=$((i + 1)); continue ;;\n"
                      "      -*) continue ;;\n"
                      "    esac\n"
                      "    next=\"${at:+$at }${COMP_WORDS[i]}\"\n"
                      "    case \"$next\" in\n"
                      "      ",
                      paths,
                      ") at=\"$next\" ;;\n"
                      "    esac\n"
                      "  done\n"
                      "  case \"$at:$prev\" in\n",
                      after,
                      "  esac\n"
                      "  if [ -z \"$valued\" ]; then\n"
                      "    case \"$at\" in\n",
                      words,
                      "    esac\n"
                      "    case \"$cur\" in -*) words=\"$dashed\"; files=\"\" ;; esac\n"
                      "  fi\n"
                      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                      "  if [ -n \"$files\" ]; then\n"
                      "    local file\n"
                      "    while IFS= read -r file; do COMPREPLY+=(\"$file\"); done < <(compgen -f -- \"$cur\")\n"
                      "  fi\n"
                      "}\n"
                      "complete -o filenames -F ",
                      function, " ", program.name, "\n");
}

std::string ZshScript(const Program& program, const std::vector<Place>& places) {
  return absl::StrCat("# Completion of ", program.name, " for zsh. Made by `", program.name, " completion zsh`.\n",
                      "autoload -Uz bashcompinit && bashcompinit\n", BashScript(program, places));
}

// A text between single quotes, as fish reads them.
std::string FishText(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string FishScript(const Program& program, const std::vector<Place>& places) {
  const std::string function = absl::StrCat("__", absl::StrReplaceAll(program.name, {{"-", "_"}}), "_at");
  std::string text = absl::StrCat("# Completion of ", program.name, " for fish. Made by `", program.name,
                                  " completion fish`.\n", "function ", function,
                                  "\n"
                                  "    set -l words\n"
                                  "    for word in (commandline -opc)[2..-1]\n"
                                  "        string match -q -- '-*' $word; or set -a words $word\n"
                                  "    end\n"
                                  "    set -l at (string join ' ' -- $words)\n"
                                  "    test \"$at\" = \"$argv[1]\"; or string match -q -- \"$argv[1] *\" \"$at\"\n"
                                  "end\n",
                                  "function ", function,
                                  "_start\n"
                                  "    for word in (commandline -opc)[2..-1]\n"
                                  "        string match -q -- '-*' $word; or return 1\n"
                                  "    end\n"
                                  "end\n"
                                  "complete -c ",
                                  program.name, " -f\n");
  for (const Place& place : places) {
    const std::string condition =
        place.path.empty() ? absl::StrCat(function, "_start") : absl::StrCat(function, " \"", place.path, "\"");
    const std::string head = absl::StrCat("complete -c ", program.name, " -n ", FishText(condition));
    for (const auto& [word, summary] : place.words) {
      absl::StrAppend(&text, head, " -a ", FishText(word), " -d ", FishText(summary), "\n");
    }
    for (const std::string& word : ArgumentWords(place)) absl::StrAppend(&text, head, " -a ", FishText(word), "\n");
    if (ArgumentsArePaths(place)) absl::StrAppend(&text, head, " -F\n");
    if (place.command == nullptr) continue;
    for (const Option& option : OptionsAt(place)) {
      absl::StrAppend(&text, head, " -l ", option.name);
      if (option.letter != 0) absl::StrAppend(&text, " -s ", std::string(1, option.letter));
      if (option.kind != ValueKind::kSwitch) absl::StrAppend(&text, TakesPath(option.kind) ? " -r -F" : " -x");
      if (!option.choices.empty()) absl::StrAppend(&text, " -a ", FishText(absl::StrJoin(option.choices, " ")));
      absl::StrAppend(&text, " -d ", FishText(option.help), "\n");
    }
  }
  return text;
}

}  // namespace

std::string CompletionScript(const Program& program, const std::string& shell) {
  const std::vector<Place> places = PlacesOf(program);
  if (shell == "zsh") return ZshScript(program, places);
  if (shell == "fish") return FishScript(program, places);
  return BashScript(program, places);
}

}  // namespace allmende::cli
