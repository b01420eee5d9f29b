#include "policy/language/check.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "policy/decide/class_bounds.h"
#include "policy/decide/fit.h"
#include "policy/language/report.h"
#include "policy/language/row_check.h"
#include "policy/language/suggest.h"
#include "policy/language/vocabulary.h"
#include "policy/model/berlin_time.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

Word TreatmentWord(const Treatment& treatment) {
  static constexpr Word kWords[] = {Word::kDeliver,   Word::kRound, Word::kGrid, Word::kBuckets,
                                    Word::kPseudonym, Word::kMask,  Word::kNever};
  return kWords[treatment.index()];
}

// The type as a schema's author wrote it.
std::string TypeText(const FieldInfo* field) {
  if (field == nullptr) {
    return "";
  }
  return field->type_name.empty() ? std::string(FieldTypeName(field->type)) : field->type_name;
}

std::string DayText(absl::Time time) {
  return absl::FormatCivilTime(absl::CivilDay(BerlinCivil(time)));
}

class Checker {
 public:
  Checker(const Policy& policy, const SchemaTable& schema, const CheckOptions& options)
      : policy_(policy),
        schema_(schema),
        options_(options),
        report_(options.text, policy.file),
        fields_(FieldsOfRules(policy)) {}

  std::vector<Diagnostic> Check() {
    for (const MisfitAt& misfit : FindMisfits(policy_, schema_)) {
      AddMisfit(misfit);
    }
    CheckUnlistedFields();
    CheckCalendar();
    CheckRowFilters();
    CheckComparisons();
    if (options_.baseline != nullptr) {
      CheckDeclared();
      CheckAgainstBounds();
    }
    return report_.Take();
  }

 private:
  std::string Spell(Word word) const { return std::string(Spelling(word, policy_.language)); }

  void Add(DiagnosticCode code, FilePosition position, int length, std::vector<std::string> arguments,
           std::string suggestion = "") {
    report_.Add(code, position, length, std::move(arguments), std::move(suggestion));
  }

  void AddMisfit(const MisfitAt& misfit) {
    const std::string& field = misfit.field;
    const std::string type = TypeText(schema_.FindField(field));
    const int length = CountCharacters(field);
    switch (misfit.misfit) {
      case Misfit::kNoSuchField:
        Add(DiagnosticCode::kFieldNotInSchema, misfit.position, length, {field},
            report_.full() ? "" : Suggest(field, SchemaPaths()));
        break;
      case Misfit::kPartOfValue:
        Add(DiagnosticCode::kPartOfField, misfit.position, length, {field, misfit.other});
        break;
      case Misfit::kHoldsFields:
        Add(DiagnosticCode::kHoldsFields, misfit.position, length, {field, misfit.other});
        break;
      case Misfit::kClassDiffers:
        Add(DiagnosticCode::kClassMismatch, misfit.position, length,
            {field, Spell(WordFor(misfit.schema_class)), Spell(WordFor(misfit.file_class))});
        break;
      case Misfit::kNoClass:
        Add(DiagnosticCode::kUnclassifiedInSchema, misfit.position, length, {field});
        break;
      case Misfit::kKeyChanged:
        Add(DiagnosticCode::kKeyChanged, misfit.position, 1, {field, Spell(TreatmentWord(misfit.treatment))});
        break;
      case Misfit::kTreatmentInapplicable:
        Add(DiagnosticCode::kTreatmentDoesNotFit, misfit.position, 1,
            {Spell(TreatmentWord(misfit.treatment)), field, type});
        break;
      case Misfit::kBoundInapplicable:
        Add(DiagnosticCode::kBoundDoesNotFit, misfit.position, 1,
            {policy_.language == Language::kGerman ? ReplaceAll(misfit.other, ".", ",") : misfit.other, field, type});
        break;
      case Misfit::kThousandsPoint:
        Add(DiagnosticCode::kThousandsPoint, misfit.position, length,
            {misfit.other, ReplaceAll(misfit.other, ".", "")});
        break;
      case Misfit::kCommaSplitValue:
        Add(DiagnosticCode::kCommaInList, misfit.position, length, {misfit.other, misfit.next});
        break;
      case Misfit::kTooManyFieldsCompared:
        Add(DiagnosticCode::kTooManyFieldsCompared, misfit.position, length,
            {Spell(Word::kRows), misfit.other, Cat(kComparedFieldsMax)});
        break;
      case Misfit::kConditionInapplicable:
        Add(DiagnosticCode::kConditionDoesNotFit, misfit.position, length, {field, type, misfit.other});
        break;
    }
  }

  const std::vector<std::string>& SchemaPaths() {
    if (!schema_paths_) {
      schema_paths_.emplace();
      for (const FieldInfo* field : schema_.all_fields()) {
        if (IsPolicyField(*field, schema_)) {
          schema_paths_->push_back(field->path);
        }
      }
    }
    return *schema_paths_;
  }

  void CheckUnlistedFields() {
    std::set<std::string> listed;
    for (const ClassifiedField& field : policy_.fields) {
      listed.insert(field.field);
    }
    for (const std::string& path : SchemaPaths()) {
      if (!listed.contains(path)) {
        Add(DiagnosticCode::kNotListed, policy_.fields_position,
            CountCharacters(Spelling(Word::kFields, policy_.language)), {path, Spell(Word::kFields)});
      }
    }
  }

  void CheckCalendar() {
    if (options_.now == absl::InfinitePast()) {
      return;
    }
    const Validity& validity = policy_.validity;
    if (options_.now >= validity.until) {
      Add(DiagnosticCode::kExpired, validity.position, 1, {DayText(validity.until - absl::Seconds(1))});
    } else if (options_.now >= validity.review_by) {
      Add(DiagnosticCode::kReviewOverdue, validity.position, 1, {DayText(validity.review_by - absl::Seconds(1))});
    }
  }

  // Where two rules hold together, a filtered one that gives more fields takes records of the other away.
  void CheckRowFilters() {
    for (const auto& [earlier, later] : FindDifferentRows(policy_, fields_, kDiagnosticsMax + 1)) {
      Add(DiagnosticCode::kDifferentRows, policy_.rules[later].position, 1,
          {policy_.rules[earlier].id.value(), policy_.rules[later].id.value(), Spell(Word::kRows)});
    }
  }

  void CheckComparisons() {
    if (const std::optional<CrowdedView> view = FindCrowdedView(policy_, options_.baseline, schema_)) {
      Add(DiagnosticCode::kTooManyComparisons, view->rule->position, 1,
          {view->rule->id.value(), Cat(view->comparisons), Cat(view->fields), Cat(kComparisonsMax),
           Cat(kComparedFieldsMax), Spell(Word::kRows)});
    }
  }

  // Reports a name that the baseline does not declare; where it declares none, names are free.
  template <typename Name>
  void CheckName(const Name& name, const std::vector<Name>& declared, const std::string& key, FilePosition position) {
    if (declared.empty() || std::find(declared.begin(), declared.end(), name) != declared.end()) {
      return;
    }
    if (report_.full()) {
      Add(DiagnosticCode::kUndeclared, position, 1, {});
      return;
    }
    std::vector<std::string> names;
    std::string list;
    for (const Name& candidate : declared) {
      names.push_back(candidate.value());
      Append(list, list.empty() ? "`" : ", `", candidate.value(), "`");
    }
    Add(DiagnosticCode::kUndeclared, position, 1, {name.value(), key, list}, Suggest(name.value(), names));
  }

  void CheckDeclared() {
    const Baseline& baseline = *options_.baseline;
    for (const Rule& rule : policy_.rules) {
      for (const Purpose& purpose : rule.purposes.listed) {
        CheckName(purpose, baseline.purposes, Spell(Word::kPurposes), rule.purposes.position);
      }
      for (const GroupId& group : rule.audience.groups) {
        CheckName(group, baseline.groups, policy_.language == Language::kGerman ? "gruppen" : "groups",
                  rule.audience.position);
      }
      for (const CrisisKind& kind : rule.during) {
        CheckName(kind, baseline.crises, Spell(Word::kCrises), rule.position);
      }
    }
  }

  void CheckAgainstBounds() {
    std::set<CrisisKind> bounded;
    for (const CrisisCeiling& ceiling : options_.baseline->crisis_ceilings) {
      bounded.insert(ceiling.during.begin(), ceiling.during.end());
    }
    const std::vector<ClassLimit> limits = LimitsForEveryone();
    for (size_t i = 0; i < policy_.rules.size(); ++i) {
      const Rule& rule = policy_.rules[i];
      for (const CrisisKind& kind : rule.during) {
        if (!bounded.contains(kind)) {
          Add(DiagnosticCode::kNoCeiling, rule.position, 1, {kind.value()});
        }
      }
      if (rule.during.empty()) {
        CheckLimits(rule, fields_[i], limits);
      }
    }
  }

  struct ClassLimit {
    const Limit* limit;
    ClassBounds bounds;
  };

  // A limit for everyone surely holds for whoever a rule is for.
  std::vector<ClassLimit> LimitsForEveryone() const {
    std::vector<ClassLimit> limits;
    for (const Limit& limit : options_.baseline->limits) {
      if (limit.audience.everyone) {
        limits.push_back({&limit, BoundsOf(limit)});
      }
    }
    return limits;
  }

  void CheckLimits(const Rule& rule, const GivenFields& fields, const std::vector<ClassLimit>& limits) {
    std::set<v1::FieldClass> classes;
    for (const auto& [place, treatment] : fields) {
      classes.insert(policy_.fields[place].field_class);
    }
    for (const ClassLimit& one : limits) {
      const bool nothing = !classes.empty() && std::all_of(classes.begin(), classes.end(), [&](v1::FieldClass given) {
        return std::holds_alternative<Drop>(one.bounds[given]);
      });
      if (nothing) {
        Add(DiagnosticCode::kNothingLeft, rule.position, 1, {one.limit->id.value(), options_.baseline->file});
        return;
      }
    }
  }

  const Policy& policy_;
  const SchemaTable& schema_;
  const CheckOptions& options_;
  Report report_;
  const std::vector<GivenFields> fields_;  // by rule
  std::optional<std::vector<std::string>> schema_paths_;
};

}  // namespace

std::vector<Diagnostic> CheckPolicy(const Policy& policy, const SchemaTable& schema, const CheckOptions& options) {
  return Checker(policy, schema, options).Check();
}

}  // namespace allmende::policy
