#include "broker/service/release.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/control/projection.h"
#include "policy/language/check.h"
#include "policy/language/inline_tests.h"
#include "policy/language/parse.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

constexpr size_t kTextBytesMax = 1 << 20;
constexpr size_t kFileNameBytesMax = 200;

absl::Status CheckFile(const v1::ReleaseRequest& request) {
  const std::string& name = request.file_name();
  const auto forbidden = [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.empty() || name.size() > kFileNameBytesMax || std::any_of(name.begin(), name.end(), forbidden)) {
    return absl::InvalidArgumentError(absl::StrCat("`file_name` is the policy file's name without its folder: 1 to ",
                                                   kFileNameBytesMax, " bytes, no `/` and no control characters"));
  }
  if (request.text().size() > kTextBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the policy has ", request.text().size(), " bytes, at most ", kTextBytesMax, " are taken"));
  }
  return absl::OkStatus();
}

void Report(const std::vector<policy::Diagnostic>& diagnostics, policy::Language language,
            v1::ReleaseResponse& response) {
  for (const policy::Diagnostic& diagnostic : diagnostics) {
    *(diagnostic.severity == policy::Severity::kError ? response.add_errors() : response.add_warnings()) =
        policy::RenderDiagnostic(diagnostic, language);
  }
}

absl::Status CheckBaseline(const v1::ReleaseRequest& request, v1::ReleaseResponse& response) {
  policy::BaselineParseResult parsed = policy::ParseBaseline(request.text(), request.file_name());
  const policy::Language language =
      parsed.baseline.has_value() ? parsed.baseline->language : policy::Language::kEnglish;
  Report(parsed.diagnostics, language, response);
  if (parsed.baseline.has_value()) {
    Report(policy::RunInlineTests(*parsed.baseline, request.text()).diagnostics, language, response);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRelease(const State& state, const v1::ReleaseRequest& request, absl::Time now,
                          v1::ReleaseResponse& response) {
  ALLMENDE_RETURN_IF_ERROR(CheckFile(request));
  if (request.dataset().empty()) {
    return CheckBaseline(request, response);
  }
  const DatasetState* dataset = state.Find(request.dataset());
  if (dataset == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no dataset `", request.dataset(), "`: create it first"));
  }
  policy::ParseResult parsed = policy::ParsePolicy(request.text(), request.file_name());
  if (!parsed.policy.has_value()) {
    Report(parsed.diagnostics, policy::Language::kEnglish, response);
    return absl::OkStatus();
  }
  const policy::Policy& policy = *parsed.policy;
  if (policy.dataset.value() != request.dataset()) {
    return absl::InvalidArgumentError(absl::StrCat("`", request.file_name(), "` is the policy of `",
                                                   policy.dataset.value(), "`, not of `", request.dataset(), "`"));
  }
  if (policy.publisher.value() != dataset->provider) {
    return absl::InvalidArgumentError(absl::StrCat("`", request.file_name(), "` names the publisher `",
                                                   policy.publisher.value(), "`, but `", dataset->name,
                                                   "` is provided by `", dataset->provider, "`"));
  }
  Report(parsed.diagnostics, policy.language, response);
  policy::CheckOptions options;
  options.baseline = state.baseline.get();
  options.now = now;
  options.text = request.text();
  Report(policy::CheckPolicy(policy, *dataset->schema->table, options), policy.language, response);
  if (response.errors_size() == 0) {
    Report(policy::RunInlineTests(policy, state.baseline.get(), *dataset->schema->table, request.text()).diagnostics,
           policy.language, response);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<v1::Fact>> ProposeRelease(const State& state, const v1::ReleaseRequest& request) {
  const DatasetState* dataset = state.Find(request.dataset());
  if (dataset == nullptr && !request.dataset().empty()) {
    return absl::NotFoundError(absl::StrCat("there is no dataset `", request.dataset(), "`"));
  }
  const auto& releases = dataset == nullptr ? state.baselines : dataset->releases;
  const uint64_t in_force = releases.empty() ? 0 : releases.back()->number;
  if (request.expected_release() != in_force) {
    return absl::AbortedError(absl::StrCat("release ", in_force, " is in force, not ", request.expected_release(),
                                           ": somebody else released meanwhile; compare with it and try again"));
  }
  // It fitted when it was checked; the schema may have changed since.
  if (dataset != nullptr) {
    if (const std::string misfits = PolicyMisfits(request.text(), request.file_name(), *dataset->schema->table);
        !misfits.empty()) {
      return absl::AbortedError(absl::StrCat("the schema of `", dataset->name, "` changed meanwhile: ", misfits));
    }
  }
  v1::Fact fact;
  v1::PolicyReleased& released = *fact.mutable_policy_released();
  released.set_dataset(request.dataset());
  released.set_number(in_force + 1);
  released.set_file_name(request.file_name());
  released.set_text(request.text());
  return fact;
}

}  // namespace allmende::broker
