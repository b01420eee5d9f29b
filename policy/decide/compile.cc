#include "policy/decide/compile.h"

#include <algorithm>
#include <array>
#include <utility>

#include "policy/decide/compiled_rules.h"
#include "policy/decide/row_constant.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

template <typename Name>
Atom Intern(absl::flat_hash_map<Name, Atom>& atoms, const Name& name, Atom next) {
  return atoms.try_emplace(name, next).first->second;
}

class Compiler {
 public:
  Compiler(const Policy& policy, const Baseline* baseline, const SchemaTable& schema)
      : policy_(policy), baseline_(baseline), schema_(schema) {}

  CompiledPolicy Compile() {
    compiled_.dataset = policy_.dataset;
    compiled_.file = policy_.file;
    compiled_.validity = policy_.validity;
    compiled_.position = policy_.rules_position;
    compiled_.sources = policy_.rules;
    MakeSlots();
    for (const Rule& rule : policy_.rules) {
      compiled_.rules.push_back(CompileRule(rule));
    }
    if (baseline_ != nullptr) {
      CompileBaseline();
    }
    return CompiledPolicy(std::make_shared<const CompiledRules>(std::move(compiled_)));
  }

 private:
  // Fields that the file does not list get no slot, and so are never delivered.
  void MakeSlots() {
    for (const ClassifiedField& listed : policy_.fields) {
      const FieldInfo& field = *schema_.FindField(listed.field);
      compiled_.slots.push_back({field.path, field.number_path, field.field_class, TraitsOf(field)});
    }
    std::sort(compiled_.slots.begin(), compiled_.slots.end(),
              [](const FieldSlot& a, const FieldSlot& b) { return a.number_path < b.number_path; });
    for (SlotIndex slot = 0; slot < compiled_.slots.size(); ++slot) {
      slot_of_.emplace(compiled_.slots[slot].path, slot);
    }
  }

  Atom InternMember(absl::flat_hash_map<ParticipantId, Atom>& atoms, const ParticipantId& name) {
    return CountMember(Intern(atoms, name, compiled_.interner.next_member));
  }
  Atom InternMember(absl::flat_hash_map<GroupId, Atom>& atoms, const GroupId& name) {
    return CountMember(Intern(atoms, name, compiled_.interner.next_member));
  }
  Atom CountMember(Atom atom) {
    compiled_.interner.next_member = std::max(compiled_.interner.next_member, atom + 1);
    return atom;
  }

  CompiledAudience CompileAudience(const Audience& audience) {
    CompiledAudience compiled;
    compiled.everyone = audience.everyone;
    for (const ParticipantId& participant : audience.participants) {
      compiled.members.push_back(InternMember(compiled_.interner.participants, participant));
    }
    for (const GroupId& group : audience.groups) {
      compiled.members.push_back(InternMember(compiled_.interner.groups, group));
    }
    for (const Role role : audience.roles) {
      compiled.members.push_back(static_cast<Atom>(role));
    }
    std::sort(compiled.members.begin(), compiled.members.end());
    return compiled;
  }

  std::vector<Atom> CompileCrises(const std::vector<CrisisKind>& crises) {
    auto& atoms = compiled_.interner.crises;
    std::vector<Atom> compiled;
    for (const CrisisKind& crisis : crises) {
      compiled.push_back(Intern(atoms, crisis, static_cast<Atom>(atoms.size())));
    }
    std::sort(compiled.begin(), compiled.end());
    return compiled;
  }

  CompiledRule CompileRule(const Rule& rule) {
    CompiledRule compiled;
    compiled.id = rule.id;
    compiled.position = rule.position;
    compiled.audience = CompileAudience(rule.audience);
    compiled.any_purpose = rule.purposes.any;
    auto& purposes = compiled_.interner.purposes;
    for (const Purpose& purpose : rule.purposes.listed) {
      compiled.purposes.push_back(Intern(purposes, purpose, static_cast<Atom>(purposes.size())));
    }
    std::sort(compiled.purposes.begin(), compiled.purposes.end());
    for (const Action action : rule.actions) {
      compiled.actions |= 1u << static_cast<unsigned>(action);
    }
    if (rule.replica) {
      compiled.actions |= 1u << static_cast<unsigned>(Action::kKeepCopy);
    }
    compiled.during = CompileCrises(rule.during);
    CompileDelivery(rule, compiled);
    compiled.row_filter = CompileRows(rule.rows);
    compiled.replica = rule.replica;
    compiled.licence = rule.licence;
    compiled.attribution = rule.attribution;
    compiled.duties = rule.duties;
    return compiled;
  }

  // A field's own entry beats the one of its class.
  void CompileDelivery(const Rule& rule, CompiledRule& compiled) {
    std::array<const Delivery*, v1::FieldClass_ARRAYSIZE> by_class = {};
    std::vector<const Delivery*> by_slot(compiled_.slots.size());
    for (const Delivery& delivery : rule.deliver) {
      const auto* const path = std::get_if<std::string>(&delivery.what);
      if (path == nullptr) {
        by_class[std::get<v1::FieldClass>(delivery.what)] = &delivery;
      } else if (const auto slot = slot_of_.find(*path); slot != slot_of_.end()) {
        by_slot[slot->second] = &delivery;
      }
    }
    for (SlotIndex slot = 0; slot < by_slot.size(); ++slot) {
      const Delivery* const chosen =
          by_slot[slot] != nullptr ? by_slot[slot] : by_class[compiled_.slots[slot].field_class];
      if (chosen != nullptr) {
        compiled.deliver.emplace_back(slot, chosen->treatment);
      }
    }
  }

  v1::RowFilter CompileCondition(const RowCondition& condition) {
    const FieldInfo& field = *schema_.FindField(condition.field);
    v1::RowFilter filter;
    if (!condition.one_of.empty()) {
      v1::RowMembership* const in = filter.mutable_member();
      in->mutable_field()->Assign(field.number_path.begin(), field.number_path.end());
      for (const std::string& value : condition.one_of) {
        *in->add_values() = *ConstantFor(field, value, policy_.language);
      }
      return filter;
    }
    const auto add = [&](v1::RowComparison::Operator op, const std::string& value) {
      v1::RowComparison* const compare = filter.mutable_all()->add_of()->mutable_compare();
      compare->mutable_field()->Assign(field.number_path.begin(), field.number_path.end());
      compare->set_operator_(op);
      *compare->mutable_value() = *ConstantFor(field, value, policy_.language);
    };
    if (condition.at_least) {
      add(v1::RowComparison::GREATER_OR_EQUAL, *condition.at_least);
    }
    if (condition.at_most) {
      add(v1::RowComparison::LESS_OR_EQUAL, *condition.at_most);
    }
    return filter;
  }

  int CompileRows(const std::vector<RowCondition>& rows) {
    if (rows.empty()) {
      return kNoRowFilter;
    }
    v1::RowFilter filter;
    for (const RowCondition& condition : rows) {
      *filter.mutable_all()->add_of() = CompileCondition(condition);
    }
    if (rows.size() == 1) {
      filter = CompileCondition(rows.front());
    }
    const auto next = static_cast<int>(compiled_.row_filters.size());
    const auto [known, inserted] = row_filter_numbers_.try_emplace(filter.SerializeAsString(), next);
    if (inserted) {
      compiled_.row_filters.push_back(std::move(filter));
    }
    return known->second;
  }

  void CompileBaseline() {
    CompiledBaseline& compiled = compiled_.baseline.emplace();
    compiled.file = baseline_->file;
    compiled.validity = baseline_->validity;
    compiled.position = baseline_->position;
    compiled.ceilings_position = baseline_->crisis_ceilings_position;
    for (const Limit& limit : baseline_->limits) {
      compiled.limits.push_back(
          {limit.id, limit.position, CompileAudience(limit.audience), BoundsOf(limit), limit.replica});
    }
    for (const CrisisCeiling& ceiling : baseline_->crisis_ceilings) {
      compiled.ceilings.push_back({ceiling.id, ceiling.position, CompileAudience(ceiling.audience),
                                   CompileCrises(ceiling.during), BoundsOf(ceiling), ceiling.replica});
    }
  }

  const Policy& policy_;
  const Baseline* const baseline_;
  const SchemaTable& schema_;
  CompiledRules compiled_;
  absl::flat_hash_map<std::string, SlotIndex> slot_of_;  // by path
  absl::flat_hash_map<std::string, int> row_filter_numbers_;
};

}  // namespace

const DatasetId& CompiledPolicy::dataset() const {
  return rules_->dataset;
}
const std::string& CompiledPolicy::file() const {
  return rules_->file;
}

absl::StatusOr<CompiledPolicy> Compile(const Policy& policy, const Baseline* baseline, const SchemaTable& schema) {
  const std::vector<MisfitAt> misfits = FindMisfits(policy, schema);
  if (!misfits.empty()) {
    const MisfitAt& first = misfits.front();
    return absl::InvalidArgumentError(
        Cat(policy.file, ":", first.position.line, ":", first.position.column, ": ", Describe(first)));
  }
  return Compiler(policy, baseline, schema).Compile();
}

void PolicySet::Put(CompiledPolicy policy) {
  const DatasetId dataset = policy.dataset();
  policies_.insert_or_assign(dataset, std::move(policy));
}

const CompiledPolicy* PolicySet::Find(const DatasetId& dataset) const {
  const auto found = policies_.find(dataset);
  return found == policies_.end() ? nullptr : &found->second;
}

}  // namespace allmende::policy
