#include "sdk/cli/frame/context.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>

#include "absl/time/clock.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {
namespace {

constexpr int kColumnsMin = 40;

int TerminalColumns() {
  winsize size{};
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return std::max<int>(size.ws_col, kColumnsMin);
  }
  return 100;
}

// As gettext does: the first that is set decides.
policy::Language LanguageOf(const Context& context) {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const std::string value = context.Environment(name);
    if (!value.empty()) return value.substr(0, 2) == "de" ? policy::Language::kGerman : policy::Language::kEnglish;
  }
  return policy::Language::kEnglish;
}

}  // namespace

std::string Context::Environment(const std::string& name) const {
  return environment ? environment(name).value_or("") : "";
}

void Context::Remark(const std::string& line) {
  if (quiet) return;
  (output == OutputFormat::kTable ? *out : *err) << line << "\n";
}

void Context::Next(const std::string& command_line) {
  const bool colours = output == OutputFormat::kTable ? out_colours : err_colours;
  Remark(Styled("next:", Style::kHint, colours) + " " + command_line);
}

void Context::Warn(const std::string& text) {
  *err << Styled("warning:", Style::kWarning, err_colours) << " " << Printable(text) << "\n";
}

Context SystemContext() {
  Context context;
  context.out = &std::cout;
  context.err = &std::cerr;
  context.in = &std::cin;
  context.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  context.err_is_terminal = isatty(STDERR_FILENO) == 1;
  context.in_is_terminal = isatty(STDIN_FILENO) == 1;
  context.columns = TerminalColumns();
  context.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  context.now = [] { return absl::Now(); };
  context.elapsed = [] { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); };
  const bool colours = context.Environment("NO_COLOR").empty() && context.Environment("TERM") != "dumb";
  context.out_colours = colours && context.out_is_terminal;
  context.err_colours = colours && context.err_is_terminal;
  context.language = LanguageOf(context);
  return context;
}

}  // namespace allmende::cli
