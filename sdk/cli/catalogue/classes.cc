#include "sdk/cli/catalogue/classes.h"

#include <istream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {
namespace {

constexpr char kOpen[] = "FIELD_CLASS_UNSPECIFIED";
constexpr char kQuestion[] = "// choose a class:";
const char* const kClasses[] = {"public", "operational", "location", "identifier", "personal", "critical"};

// The class that an answer means; empty if it means none. Every class begins with a letter of its own but two, which
// need one more.
std::string ClassOf(const std::string& answer) {
  std::string found;
  for (const char* name : kClasses) {
    if (answer.empty() || !absl::StartsWith(name, answer)) continue;
    if (!found.empty()) return "";
    found = name;
  }
  return found;
}

// `string name` out of `  optional string name = 1 [...`.
std::string FieldOf(const std::string& line) {
  const absl::string_view declared = absl::StripAsciiWhitespace(absl::string_view(line).substr(0, line.find('=')));
  return std::string(declared);
}

class Dialogue {
 public:
  explicit Dialogue(Context& context) : context_(context) {}

  // The class for a field; empty: left open.
  std::string Ask(const std::string& field) {
    if (!for_all_.empty()) return for_all_;
    while (!ended_) {
      *context_.err << "  " << Styled(Printable(field), Style::kBold, context_.err_colours) << "? " << std::flush;
      std::string answer;
      if (!std::getline(*context_.in, answer)) {
        ended_ = true;
        *context_.err << "\n";
        break;
      }
      answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(answer));
      if (answer.empty()) return "";
      const bool all = absl::StartsWith(answer, "all ");
      const std::string chosen = ClassOf(all ? answer.substr(4) : answer);
      if (chosen.empty()) {
        *context_.err << "    choose one of " << absl::StrJoin(kClasses, ", ") << "\n";
        continue;
      }
      if (all) for_all_ = chosen;
      return chosen;
    }
    return "";
  }

 private:
  Context& context_;
  std::string for_all_;
  bool ended_ = false;
};

}  // namespace

int OpenClasses(const std::string& proto_text) {
  int open = 0;
  for (size_t at = proto_text.find(kOpen); at != std::string::npos; at = proto_text.find(kOpen, at + 1)) ++open;
  return open;
}

std::string AskForClasses(Context& context, std::string proto_text) {
  if (OpenClasses(proto_text) == 0) return proto_text;
  *context.err << "How sensitive is each field? " << absl::StrJoin(kClasses, ", ")
               << "\n(the first letters will do; `all public` answers for the rest; Enter leaves it open)\n";
  Dialogue dialogue(context);
  std::vector<std::string> lines = absl::StrSplit(proto_text, '\n');
  std::vector<std::string> kept;
  for (std::string& line : lines) {
    if (absl::StrContains(line, kOpen)) {
      const std::string chosen = dialogue.Ask(FieldOf(line));
      if (!chosen.empty()) {
        line = absl::StrReplaceAll(line, {{kOpen, absl::AsciiStrToUpper(chosen)}});
        if (!kept.empty() && absl::StrContains(kept.back(), kQuestion)) kept.pop_back();
      }
    }
    kept.push_back(std::move(line));
  }
  return absl::StrJoin(kept, "\n");
}

}  // namespace allmende::cli
