#include "policy/model/render.h"
#include "policy/text/strings.h"

#include <string_view>
#include <vector>

namespace allmende::policy {
namespace {

// Longer lists of alternatives are cut: a reader needs one way out, not all of them.
constexpr int kAlternativesMax = 5;

std::string Quoted(std::string_view text) {
  return Cat("`", text, "`");
}

class Renderer {
 public:
  Renderer(const v1::Refusal& refusal, Language language) : refusal_(refusal), german_(language == Language::kGerman) {}

  std::string Render() const { return Cat(In("refused: ", "abgelehnt: "), Reason(), WayOut()); }

 private:
  std::string_view In(std::string_view english, std::string_view german) const { return german_ ? german : english; }

  std::string Argument(const char* name) const {
    const auto found = refusal_.arguments().find(name);
    return found == refusal_.arguments().end() ? std::string() : found->second;
  }

  std::string Dataset() const { return Quoted(Argument("dataset")); }

  // `rule `x` (file:line)`, as far as it is known.
  std::string Place(std::string_view what) const {
    std::string text;
    if (!refusal_.rule().empty()) {
      text = Cat(what, " ", Quoted(refusal_.rule()));
    }
    if (!refusal_.rule_file().empty()) {
      const std::string place =
          refusal_.rule_line() == 0 ? refusal_.rule_file() : Cat(refusal_.rule_file(), ":", refusal_.rule_line());
      Append(text, text.empty() ? place : Cat(" (", place, ")"));
    }
    return text;
  }

  std::string Participant() const {
    const std::string participant = Argument("participant");
    if (participant.empty()) {
      return std::string(In("an unnamed caller", "ungenannten Anfragenden"));
    }
    return Quoted(participant);
  }

  std::string ActionPhrase() const {
    const std::string action = Argument("action");
    if (action == "subscribe") {
      return german_ ? Cat(Dataset(), " zu abonnieren") : Cat("subscribe to ", Dataset());
    }
    if (action == "lookup") {
      return german_ ? Cat("in ", Dataset(), " nachzuschlagen") : Cat("look up keys in ", Dataset());
    }
    if (action == "keep-copy") {
      return german_ ? Cat("eine Kopie von ", Dataset(), " zu halten") : Cat("keep a copy of ", Dataset());
    }
    return german_ ? Cat(Dataset(), " zu lesen") : Cat("read ", Dataset());
  }

  std::string NoRuleMatches() const {
    const std::string purpose = Argument("purpose");
    const std::string for_purpose = purpose.empty() ? std::string(In(" without a purpose", " ohne Zweck"))
                                                    : Cat(In(" for purpose ", " zum Zweck "), Quoted(purpose));
    if (german_) {
      return Cat("keine Regel erlaubt ", Participant(), for_purpose, ", ", ActionPhrase());
    }
    return Cat("no rule lets ", Participant(), " ", ActionPhrase(), for_purpose);
  }

  std::string Reason() const {
    const std::string& code = refusal_.code();
    if (code == "no-rule-matches") {
      return NoRuleMatches();
    }
    if (code == "not-released") {
      return Cat(In("no policy is in force for ", "keine Policy ist in Kraft für "), Dataset());
    }
    if (code == "policy-unusable") {
      return Cat(In("the policy of ", "die Policy von "), Dataset(),
                 In(" cannot be applied: ", " lässt sich nicht anwenden: "), Argument("problem"));
    }
    if (code == "policy-not-yet-valid") {
      return Cat(Place(""), In(" is not valid before ", " gilt erst ab "), Argument("time"));
    }
    if (code == "policy-expired") {
      return Cat(Place(""), In(" has been invalid since ", " gilt nicht mehr seit "), Argument("time"));
    }
    if (code == "baseline-forbids") {
      return Cat(In("the city baseline leaves nothing of ", "die Grundlage der Stadt lässt nichts übrig von "),
                 Dataset(), In(" for ", " für "), Participant(), ": ", Place(In("limit", "Grenze")));
    }
    if (code == "contract-forbids") {
      return Cat(In("the agreement leaves nothing of ", "der Vertrag lässt nichts übrig von "), Dataset(),
                 In(" for ", " für "), Participant());
    }
    return Cat(Quoted(code), " ", Place(In("rule", "Regel")));
  }

  std::string Alternatives(const v1::Missing& missing) const {
    std::vector<std::string> shown;
    for (const std::string& value : missing.any_of()) {
      if (static_cast<int>(shown.size()) == kAlternativesMax) {
        break;
      }
      shown.push_back(Quoted(german_ ? German(missing.kind(), value) : value));
    }
    const int hidden = missing.any_of_size() - static_cast<int>(shown.size());
    const std::string more = hidden == 0 ? "" : Cat(In(" or ", " oder "), hidden, In(" more", " weitere"));
    return Cat(Join(shown, In(" or ", " oder ")), more);
  }

  static std::string German(std::string_view kind, std::string_view value) {
    if (kind == "action") return GermanAction(value);
    return kind == "copy" && value == "replica" ? "kopie" : std::string(value);
  }

  static std::string GermanAction(std::string_view action) {
    if (action == "read") return "lesen";
    if (action == "subscribe") return "abonnieren";
    if (action == "lookup") return "nachschlagen";
    if (action == "keep-copy") return "Kopie halten";
    return std::string(action);
  }

  std::string MissingPhrase(const v1::Missing& missing) const {
    struct Phrase {
      std::string_view kind, english, german;
    };
    static constexpr Phrase kPhrases[] = {
        {"purpose", "for purpose ", "zum Zweck "},
        {"participant", "for participant ", "für "},
        {"group", "in group ", "in der Gruppe "},
        {"role", "in role ", "in der Rolle "},
        {"crisis", "during crisis ", "während der Krise "},
        {"agreement", "under agreement ", "mit dem Vertrag "},
        {"action", "for action ", "für die Handlung "},
        {"copy", "with the line ", "mit der Zeile "},
        {"time", "from ", "ab "},
    };
    for (const Phrase& phrase : kPhrases) {
      if (phrase.kind == missing.kind()) {
        return Cat(In(phrase.english, phrase.german), Alternatives(missing));
      }
    }
    return Cat(In("with ", "mit "), missing.kind(), " ", Alternatives(missing));
  }

  std::string WayOut() const {
    if (refusal_.missing().empty() || refusal_.code() != "no-rule-matches") {
      return "";
    }
    std::vector<std::string> phrases;
    for (const v1::Missing& missing : refusal_.missing()) {
      phrases.push_back(MissingPhrase(missing));
    }
    const std::string all = Join(phrases, In(" and ", " und "));
    return german_ ? Cat("; ", Place("Regel"), " würde es ", all, " erlauben")
                   : Cat("; ", Place("rule"), " would allow it ", all);
  }

  const v1::Refusal& refusal_;
  const bool german_;
};

}  // namespace

std::string RenderRefusal(const v1::Refusal& refusal, Language language) {
  return Renderer(refusal, language).Render();
}

}  // namespace allmende::policy
