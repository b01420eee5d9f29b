#include "policy/language/report.h"
#include "policy/text/strings.h"

#include <algorithm>
#include <utility>

namespace allmende::policy {
namespace {

// What a message repeats of the file is cut: one line of a megabyte must not become a message of a megabyte.
constexpr size_t kArgumentCharactersMax = 200;

std::string Cut(std::string text) {
  if (text.size() <= kArgumentCharactersMax) {
    return text;
  }
  const std::vector<std::string_view> characters = SplitCharacters(text);
  if (characters.size() <= kArgumentCharactersMax) {
    return text;
  }
  return Cat(text.substr(0, static_cast<size_t>(characters[kArgumentCharactersMax].data() - text.data())), "…");
}

}  // namespace

void Report::Add(DiagnosticCode code, FilePosition position, int length, std::vector<std::string> arguments,
                 std::string suggestion) {
  const Severity severity = TextOf(code).severity;
  has_errors_ = has_errors_ || severity == Severity::kError;
  if (full()) {
    if (severity == Severity::kError) {
      diagnostics_.back().severity = severity;
    }
    return;
  }
  if (diagnostics_.size() == kDiagnosticsMax) {
    code = DiagnosticCode::kTooManyProblems;
    arguments = {Cat(kDiagnosticsMax)};
    suggestion.clear();
  }
  Diagnostic diagnostic;
  diagnostic.code = code;
  diagnostic.severity = severity;
  diagnostic.file = file_;
  diagnostic.line = position.line;
  diagnostic.column = position.column;
  diagnostic.length = std::max(1, length);
  for (std::string& argument : arguments) {
    diagnostic.arguments.push_back(Cut(std::move(argument)));
  }
  diagnostic.suggestion = std::move(suggestion);
  if (position.line > 0) {
    SourceText::Excerpt excerpt = source_.ExcerptAt(position);
    diagnostic.source_line = std::move(excerpt.text);
    diagnostic.source_column = excerpt.column;
  }
  diagnostics_.push_back(std::move(diagnostic));
}

std::vector<Diagnostic> Report::Take() {
  SortDiagnostics(diagnostics_);
  return std::move(diagnostics_);
}

}  // namespace allmende::policy
