#include "policy/language/diagnostic.h"

#include <algorithm>
#include <tuple>

#include "policy/language/source_text.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

std::string Fill(std::string_view pattern, const std::vector<std::string>& arguments) {
  std::string text;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '$' && i + 1 < pattern.size() && pattern[i + 1] >= '0' && pattern[i + 1] <= '9') {
      const size_t index = static_cast<size_t>(pattern[++i] - '0');
      text += index < arguments.size() ? arguments[index] : std::string();
    } else {
      text += pattern[i];
    }
  }
  return text;
}

}  // namespace

std::string Message(const Diagnostic& diagnostic, Language language) {
  const MessageText& text = TextOf(diagnostic.code);
  return Fill(language == Language::kGerman ? text.german : text.english, diagnostic.arguments);
}

std::string Hint(const Diagnostic& diagnostic, Language language) {
  const bool german = language == Language::kGerman;
  if (!diagnostic.suggestion.empty()) {
    return german ? Cat("meinten Sie `", diagnostic.suggestion, "`?")
                  : Cat("did you mean `", diagnostic.suggestion, "`?");
  }
  const MessageText& text = TextOf(diagnostic.code);
  return Fill(german ? text.german_hint : text.english_hint, diagnostic.arguments);
}

std::string RenderDiagnostic(const Diagnostic& diagnostic, Language language) {
  const bool german = language == Language::kGerman;
  std::string text = diagnostic.file;
  if (diagnostic.line > 0) {
    Append(text, ":", diagnostic.line, ":", diagnostic.column);
  }
  const std::string_view severity =
      diagnostic.severity == Severity::kError ? (german ? "Fehler" : "error") : (german ? "Warnung" : "warning");
  Append(text, ": ", severity, ": ", Message(diagnostic, language), " [", CodeName(diagnostic.code), "]");
  if (diagnostic.line > 0) {
    const std::string number = Cat(diagnostic.line);
    const std::string margin(std::max<size_t>(5, number.size()), ' ');
    Append(text, "\n", margin.substr(number.size()), number, " | ", diagnostic.source_line);
    const int room = CountCharacters(diagnostic.source_line) - diagnostic.source_column + 1;
    const int underlined = std::max(1, std::min(diagnostic.length, room));
    Append(text, "\n", margin, " | ", std::string(std::max(0, diagnostic.source_column - 1), ' '), "^",
           std::string(underlined - 1, '~'));
  }
  const std::string hint = Hint(diagnostic, language);
  if (!hint.empty()) {
    Append(text, "\n", german ? "  Hinweis: " : "  hint: ", hint);
  }
  return text;
}

bool HasErrors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& diagnostic) { return diagnostic.severity == Severity::kError; });
}

void SortDiagnostics(std::vector<Diagnostic>& diagnostics) {
  std::stable_sort(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.line, a.column, a.code) < std::tie(b.line, b.column, b.code);
  });
}

}  // namespace allmende::policy
