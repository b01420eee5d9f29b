// From text to a tree, and single values back to text.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "policy/language/report.h"
#include "sdk/settings/settings.h"

namespace allmende::settings {
namespace {

using policy::DiagnosticCode;

// The reader's own words where they fit every file, other ones where they speak of policies.
std::string MessageOf(const policy::Diagnostic& diagnostic) {
  switch (diagnostic.code) {
    case DiagnosticCode::kEmptyFile:
      return "the file is empty";
    case DiagnosticCode::kNotAMapping:
      return "a settings file is a list of `key: value` lines";
    case DiagnosticCode::kSecondDocument:
      return "a second document begins here; remove the line `---` or `...`";
    default:
      return policy::Message(diagnostic, policy::Language::kEnglish);
  }
}

}  // namespace

absl::StatusOr<policy::Node> ReadTree(const std::string& text, const std::string& file) {
  policy::Report report(text, file);
  std::optional<policy::Node> root = policy::ReadYaml(report);
  if (root.has_value() && !report.has_errors()) return *std::move(root);
  Problems problems(file);
  for (const policy::Diagnostic& diagnostic : report.Take()) {
    problems.Add({diagnostic.line, diagnostic.column}, MessageOf(diagnostic));
  }
  return problems.ToStatus();
}

std::string QuoteValue(const std::string& text) {
  const auto is_plain = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == '/' ||
           c == ':';
  };
  // Words and numbers are quoted too, or YAML readers take `no` for false and `1e3` for a number. A value such as `a:b`
  // is plain; `a:` is not.
  const bool starts_as_text =
      !text.empty() && (absl::ascii_isalpha(static_cast<unsigned char>(text.front())) || text.front() == '/');
  static const char* const kWords[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
  const std::string lower = absl::AsciiStrToLower(text);
  const bool is_word =
      std::any_of(std::begin(kWords), std::end(kWords), [&](const char* word) { return lower == word; });
  if (starts_as_text && !is_word && text.back() != ':' && std::all_of(text.begin(), text.end(), is_plain)) return text;
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

void Problems::Add(policy::FilePosition position, std::string message) {
  found_.push_back({position, std::move(message)});
}

absl::Status Problems::ToStatus() const {
  constexpr size_t kShownMax = 50;
  if (found_.empty()) return absl::OkStatus();
  std::vector<const Found*> ordered;
  for (const Found& found : found_) ordered.push_back(&found);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Found* a, const Found* b) { return a->position < b->position; });
  std::string text;
  for (size_t i = 0; i < std::min(ordered.size(), kShownMax); ++i) {
    const policy::FilePosition position = ordered[i]->position;
    absl::StrAppend(&text, i == 0 ? "" : "\n", file_, ":");
    if (position.line > 0) absl::StrAppend(&text, position.line, ":", position.column, ":");
    absl::StrAppend(&text, " ", ordered[i]->message);
  }
  if (ordered.size() > kShownMax) absl::StrAppend(&text, "\nand ", ordered.size() - kShownMax, " more");
  return absl::InvalidArgumentError(text);
}

}  // namespace allmende::settings
