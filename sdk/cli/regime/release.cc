#include "sdk/cli/regime/release.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {

absl::StatusOr<v1::ReleaseResponse> ReleasePolicy(Client& client, const ReleaseOptions& options) {
  v1::ReleaseRequest request;
  request.set_dataset(options.dataset);
  request.set_file_name(std::filesystem::path(options.path).filename().string());
  request.set_text(options.text);
  request.set_dry_run(options.dry_run);
  if (options.based_on.has_value()) {
    request.set_expected_release(static_cast<uint64_t>(*options.based_on));
  } else {
    v1::ListReleasesRequest latest;
    latest.set_dataset(options.dataset);
    latest.set_page_size(1);
    ALLMENDE_ASSIGN_OR_RETURN(const v1::ListReleasesResponse releases, client.ListReleases(latest));
    if (releases.releases_size() > 0) request.set_expected_release(releases.releases(0).number());
  }
  absl::StatusOr<v1::ReleaseResponse> response = client.Release(request);
  if (response.status().code() == absl::StatusCode::kAborted) {
    return WithHint(response.status(),
                    options.dataset.empty()
                        ? "`allmende policy show --baseline` prints what is in force now"
                        : absl::StrCat("`allmende policy show ", options.dataset, "` prints what is in force now"));
  }
  return response;
}

void ShowDiagnostics(Context& context, const v1::ReleaseResponse& response) {
  const bool json = context.output == OutputFormat::kJson;
  const auto show = [&](const std::string& text, const char* severity) {
    if (json) {
      *context.err << "{\"severity\": \"" << severity << "\", \"text\": " << JsonText(text) << "}\n";
    } else {
      *context.err << text << "\n";
    }
  };
  for (const std::string& text : response.errors()) show(text, "error");
  for (const std::string& text : response.warnings()) show(text, "warning");
}

}  // namespace allmende::cli
