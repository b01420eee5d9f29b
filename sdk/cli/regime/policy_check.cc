#include "sdk/cli/regime/policy_check.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "policy/language/check.h"
#include "policy/language/inline_tests.h"
#include "policy/language/messages.h"
#include "policy/language/parse.h"
#include "policy/language/yaml_tree.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {
namespace {

using policy::Diagnostic;

void Append(std::vector<Diagnostic>& to, std::vector<Diagnostic> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

void Count(policy::TestReport report, CheckedPolicy& checked) {
  checked.tests_passed = report.passed;
  checked.tests_failed = report.failed;
  Append(checked.diagnostics, std::move(report.diagnostics));
}

bool SaysItIsABaseline(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& diagnostic) {
    return diagnostic.code == policy::DiagnosticCode::kIsBaseline;
  });
}

void CheckAsBaseline(const std::string& text, CheckedPolicy& checked) {
  checked.is_baseline = true;
  policy::BaselineParseResult parsed = policy::ParseBaseline(text, checked.file);
  checked.diagnostics = std::move(parsed.diagnostics);
  if (!parsed.baseline.has_value()) return;
  checked.language = parsed.baseline->language;
  checked.compared = true;
  Count(policy::RunInlineTests(*parsed.baseline, text), checked);
}

// `AP0201`.
std::string CodeOf(const Diagnostic& diagnostic) {
  return absl::StrFormat("AP%04d", static_cast<int>(diagnostic.code));
}

bool IsError(const Diagnostic& diagnostic) {
  return diagnostic.severity == policy::Severity::kError;
}

std::string JsonLine(const Diagnostic& diagnostic, policy::Language language) {
  return absl::StrCat(
      "{\"file\": ", JsonText(diagnostic.file), ", \"line\": ", diagnostic.line, ", \"column\": ", diagnostic.column,
      ", \"severity\": ", IsError(diagnostic) ? "\"error\"" : "\"warning\"",
      ", \"code\": ", JsonText(CodeOf(diagnostic)), ", \"message\": ", JsonText(policy::Message(diagnostic, language)),
      ", \"hint\": ", JsonText(policy::Hint(diagnostic, language)), "}\n");
}

// A workflow command; `%`, line feeds and, in properties, `:` and `,` are escaped.
std::string GithubLine(const Diagnostic& diagnostic, policy::Language language) {
  const std::string hint = policy::Hint(diagnostic, language);
  const std::string message = absl::StrCat(policy::Message(diagnostic, language), hint.empty() ? "" : "; ", hint, " [",
                                           CodeOf(diagnostic), "]");
  const auto data = [](const std::string& text) {
    return absl::StrReplaceAll(text, {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}});
  };
  const auto property = [](const std::string& text) {
    return absl::StrReplaceAll(text, {{"%", "%25"}, {"\r", "%0D"}, {"\n", "%0A"}, {":", "%3A"}, {",", "%2C"}});
  };
  return absl::StrCat("::", IsError(diagnostic) ? "error" : "warning", " file=", property(diagnostic.file),
                      diagnostic.line > 0 ? absl::StrCat(",line=", diagnostic.line, ",col=", diagnostic.column) : "",
                      "::", data(message), "\n");
}

}  // namespace

CheckedPolicy CheckPolicyText(const std::string& text, const std::string& file, const policy::SchemaTable* schema,
                              const policy::Baseline* baseline, absl::Time now) {
  CheckedPolicy checked;
  checked.file = file;
  policy::ParseResult parsed = policy::ParsePolicy(text, file);
  if (SaysItIsABaseline(parsed.diagnostics)) {
    CheckAsBaseline(text, checked);
    return checked;
  }
  checked.diagnostics = std::move(parsed.diagnostics);
  if (parsed.policy.has_value()) {
    const policy::Policy& policy = *parsed.policy;
    checked.language = policy.language;
    checked.dataset = policy.dataset.value();
    checked.publisher = policy.publisher.value();
    if (schema != nullptr) {
      checked.compared = true;
      policy::CheckOptions options;
      options.baseline = baseline;
      options.now = now;
      options.text = text;
      Append(checked.diagnostics, policy::CheckPolicy(policy, *schema, options));
      if (checked.ok()) Count(policy::RunInlineTests(policy, baseline, *schema, text), checked);
    }
  }
  policy::SortDiagnostics(checked.diagnostics);
  return checked;
}

absl::StatusOr<std::string> ReadPolicy(const std::string& path) {
  return ReadFile(path, policy::kFileBytesMax);
}

absl::StatusOr<policy::Baseline> LoadBaseline(const std::string& path) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::string text, ReadPolicy(path));
  policy::BaselineParseResult parsed = policy::ParseBaseline(text, path);
  if (parsed.baseline.has_value()) return *std::move(parsed.baseline);
  const auto line = [](std::string* out, const Diagnostic& diagnostic) {
    absl::StrAppend(out, diagnostic.file, ":", diagnostic.line, ":", diagnostic.column, ": ",
                    policy::Message(diagnostic, policy::Language::kEnglish));
  };
  return absl::InvalidArgumentError(absl::StrJoin(parsed.diagnostics, "\n", line));
}

std::string FormatDiagnostics(const CheckedPolicy& checked, DiagnosticFormat format) {
  std::string text;
  for (const Diagnostic& diagnostic : checked.diagnostics) {
    switch (format) {
      case DiagnosticFormat::kText:
        absl::StrAppend(&text, policy::RenderDiagnostic(diagnostic, checked.language), "\n");
        break;
      case DiagnosticFormat::kJson:
        absl::StrAppend(&text, JsonLine(diagnostic, checked.language));
        break;
      case DiagnosticFormat::kGithub:
        absl::StrAppend(&text, GithubLine(diagnostic, checked.language));
        break;
    }
  }
  return text;
}

}  // namespace allmende::cli
