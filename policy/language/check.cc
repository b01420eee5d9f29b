#include "policy/language/check.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "policy/decide/class_bounds.h"
#include "policy/decide/fit.h"
#include "policy/language/report.h"
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

template <typename Name>
bool Overlap(const std::vector<Name>& a, const std::vector<Name>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const Name& name) { return std::find(b.begin(), b.end(), name) != b.end(); });
}

class Checker {
 public:
  Checker(const Policy& policy, const SchemaTable& schema, const CheckOptions& options)
      : policy_(policy), schema_(schema), options_(options), report_(options.text, policy.file) {}

  std::vector<Diagnostic> Check() {
    for (const MisfitAt& misfit : FindMisfits(policy_, schema_)) {
      AddMisfit(misfit);
    }
    CheckUnlistedFields();
    CheckCalendar();
    CheckRowFilters();
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
        Add(DiagnosticCode::kFieldNotInSchema, misfit.position, length, {field}, Suggest(field, SchemaPaths()));
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
      case Misfit::kConditionInapplicable:
        Add(DiagnosticCode::kConditionDoesNotFit, misfit.position, length, {field, type, misfit.other});
        break;
    }
  }

  std::vector<std::string> SchemaPaths() const {
    std::vector<std::string> paths;
    for (const FieldInfo* field : schema_.all_fields()) {
      if (IsPolicyField(*field, schema_)) {
        paths.push_back(field->path);
      }
    }
    return paths;
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

  static bool CanMeet(const Rule& a, const Rule& b) {
    const bool open = a.audience.everyone || b.audience.everyone || !a.audience.groups.empty() ||
                      !b.audience.groups.empty() || !a.audience.roles.empty() || !b.audience.roles.empty();
    const bool same_caller = open || Overlap(a.audience.participants, b.audience.participants);
    const bool same_purpose = a.purposes.any || b.purposes.any || Overlap(a.purposes.listed, b.purposes.listed);
    return same_caller && same_purpose && Overlap(a.actions, b.actions);
  }

  static std::string RowsText(const Rule& rule) {
    std::string text;
    for (const RowCondition& condition : rule.rows) {
      Append(text, condition.field, "\n", Join(condition.one_of, "\n"), "\n", condition.at_least.value_or(""), "\n",
             condition.at_most.value_or(""), "\n\n");
    }
    return text;
  }

  // What the rule gives, by field.
  std::map<std::string, Treatment> FieldsOf(const Rule& rule) const {
    std::map<std::string, Treatment> fields;
    for (const Delivery& delivery : rule.deliver) {
      if (const auto* const path = std::get_if<std::string>(&delivery.what)) {
        fields.insert_or_assign(*path, delivery.treatment);
        continue;
      }
      for (const ClassifiedField& field : policy_.fields) {
        if (field.field_class == std::get<v1::FieldClass>(delivery.what)) {
          fields.try_emplace(field.field, delivery.treatment);
        }
      }
    }
    return fields;
  }

  // Whether `more` gives a field that `less` does not give, or not as well.
  static bool GivesMore(const std::map<std::string, Treatment>& more, const std::map<std::string, Treatment>& less) {
    return std::any_of(more.begin(), more.end(), [&](const auto& field) {
      const auto found = less.find(field.first);
      return found == less.end() || !AtLeastAsGenerous(found->second, field.second);
    });
  }

  // Where two rules hold together, a filtered one that gives more fields takes records of the other away.
  void CheckRowFilters() {
    struct Given {
      std::string rows;
      std::map<std::string, Treatment> fields;
    };
    std::vector<Given> given;
    for (const Rule& rule : policy_.rules) {
      given.push_back({RowsText(rule), FieldsOf(rule)});
    }
    for (size_t later = 1; later < given.size(); ++later) {
      for (size_t earlier = 0; earlier < later; ++earlier) {
        const Given& a = given[earlier];
        const Given& b = given[later];
        const bool loses = a.rows != b.rows && ((!a.rows.empty() && GivesMore(a.fields, b.fields)) ||
                                                (!b.rows.empty() && GivesMore(b.fields, a.fields)));
        if (loses && CanMeet(policy_.rules[earlier], policy_.rules[later])) {
          Add(DiagnosticCode::kDifferentRows, policy_.rules[later].position, 1,
              {policy_.rules[earlier].id.value(), policy_.rules[later].id.value(), Spell(Word::kRows)});
          break;
        }
      }
    }
  }

  // Reports a name that the baseline does not declare; where it declares none, names are free.
  template <typename Name>
  void CheckName(const Name& name, const std::vector<Name>& declared, const std::string& key, FilePosition position) {
    if (declared.empty() || std::find(declared.begin(), declared.end(), name) != declared.end()) {
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
    for (const Rule& rule : policy_.rules) {
      for (const CrisisKind& kind : rule.during) {
        const auto& ceilings = options_.baseline->crisis_ceilings;
        const bool bounded = std::any_of(ceilings.begin(), ceilings.end(), [&](const CrisisCeiling& ceiling) {
          return std::find(ceiling.during.begin(), ceiling.during.end(), kind) != ceiling.during.end();
        });
        if (!bounded) {
          Add(DiagnosticCode::kNoCeiling, rule.position, 1, {kind.value()});
        }
      }
      if (rule.during.empty()) {
        CheckLimits(rule);
      }
    }
  }

  // A limit for everyone surely holds for whoever the rule is for.
  void CheckLimits(const Rule& rule) {
    for (const Limit& limit : options_.baseline->limits) {
      if (!limit.audience.everyone) {
        continue;
      }
      const ClassBounds bounds = BoundsOf(limit);
      const std::map<std::string, Treatment> fields = FieldsOf(rule);
      const bool nothing =
          !fields.empty() &&
          std::all_of(policy_.fields.begin(), policy_.fields.end(), [&](const ClassifiedField& field) {
            return !fields.contains(field.field) || std::holds_alternative<Drop>(bounds[field.field_class]);
          });
      if (nothing) {
        Add(DiagnosticCode::kNothingLeft, rule.position, 1, {limit.id.value(), options_.baseline->file});
        return;
      }
    }
  }

  const Policy& policy_;
  const SchemaTable& schema_;
  const CheckOptions& options_;
  Report report_;
};

}  // namespace

std::vector<Diagnostic> CheckPolicy(const Policy& policy, const SchemaTable& schema, const CheckOptions& options) {
  return Checker(policy, schema, options).Check();
}

}  // namespace allmende::policy
