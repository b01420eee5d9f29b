#include "policy/language/treatment_text.h"

#include "absl/strings/str_format.h"
#include "policy/language/vocabulary.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

class TextWriter {
 public:
  explicit TextWriter(Language language) : language_(language) {}

  std::string operator()(const Keep&) const { return language_ == Language::kGerman ? "unverändert" : "unchanged"; }
  std::string operator()(const RoundTime& round) const {
    return Cat(Spell(Word::kRound), " ", DurationText(round.step, language_));
  }
  std::string operator()(const Grid& grid) const { return Cat(Spell(Word::kGrid), " ", grid.metres, " m"); }
  std::string operator()(const Buckets& buckets) const {
    std::string text(Spell(Word::kBuckets));
    for (const double bound : buckets.bounds) {
      const std::string number = absl::StrFormat("%g", bound);
      Append(text, " ", language_ == Language::kGerman ? ReplaceAll(number, ".", ",") : number);
    }
    return text;
  }
  std::string operator()(const Pseudonym& pseudonym) const {
    std::string text(Spell(Word::kPseudonym));
    if (pseudonym.period != Pseudonym::Period::kAgreement) {
      Append(text, " ", Spell(Word::kPer), " ", Spell(PeriodWord(pseudonym.period)));
    }
    return text;
  }
  std::string operator()(const Mask&) const { return std::string(Spell(Word::kMask)); }
  std::string operator()(const Drop&) const { return std::string(Spell(Word::kNever)); }

 private:
  std::string_view Spell(Word word) const { return Spelling(word, language_); }

  static Word PeriodWord(Pseudonym::Period period) {
    return period == Pseudonym::Period::kYear    ? Word::kYear
           : period == Pseudonym::Period::kMonth ? Word::kMonth
                                                 : Word::kDay;
  }

  const Language language_;
};

}  // namespace

std::string TreatmentText(const Treatment& treatment, Language language) {
  return std::visit(TextWriter(language), treatment);
}

std::string DurationText(absl::Duration duration, Language language) {
  struct Unit {
    Word word;
    int64_t seconds;
  };
  static constexpr Unit kUnits[] = {{Word::kDays, 86400}, {Word::kHours, 3600}, {Word::kMinutes, 60}};
  const int64_t seconds = absl::ToInt64Seconds(duration);
  for (const Unit& unit : kUnits) {
    if (seconds > 0 && seconds % unit.seconds == 0) {
      return Cat(seconds / unit.seconds, " ", Spelling(unit.word, language));
    }
  }
  return Cat(seconds, " ", Spelling(Word::kSeconds, language));
}

}  // namespace allmende::policy
