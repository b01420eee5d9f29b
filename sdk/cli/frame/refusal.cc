#include "sdk/cli/frame/refusal.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "policy/model/render.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {
namespace {

std::string RefusalJson(const v1::Refusal& refusal, const std::string& text) {
  std::string json =
      absl::StrCat("{\"refused\":{\"code\":", JsonText(refusal.code()), ",\"message\":", JsonText(text),
                   ",\"rule\":", JsonText(refusal.rule()), ",\"rule_file\":", JsonText(refusal.rule_file()),
                   ",\"rule_line\":", refusal.rule_line(), ",\"missing\":[");
  for (int i = 0; i < refusal.missing_size(); ++i) {
    absl::StrAppend(&json, i == 0 ? "" : ",", "{\"kind\":", JsonText(refusal.missing(i).kind()), ",\"any_of\":[");
    for (int k = 0; k < refusal.missing(i).any_of_size(); ++k) {
      absl::StrAppend(&json, k == 0 ? "" : ",", JsonText(refusal.missing(i).any_of(k)));
    }
    absl::StrAppend(&json, "]}");
  }
  return absl::StrCat(json, "]}}\n");
}

}  // namespace

ExitCode ShowRefusal(Context& context, const v1::Refusal& refusal) {
  const std::string text = policy::RenderRefusal(refusal, context.language);
  if (context.output == OutputFormat::kJson) {
    *context.err << RefusalJson(refusal, text);
  } else {
    // The word before the colon is the one that stands out.
    const size_t colon = text.find(':');
    const size_t head = colon == std::string::npos ? 0 : colon + 1;
    *context.err << Styled(text.substr(0, head), Style::kError, context.err_colours) << Printable(text.substr(head))
                 << "\n";
  }
  return ExitCode::kRefused;
}

}  // namespace allmende::cli
