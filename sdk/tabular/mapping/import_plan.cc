#include "sdk/tabular/mapping/import_plan.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"

#include "sdk/base/status.h"
#include "sdk/tabular/mapping/value_reader.h"

namespace allmende::tabular {
namespace {

using policy::FieldInfo;
using policy::FieldType;
using policy::MessageKind;
using policy::MessageTable;

constexpr double kLatitudeMax = 90;
constexpr double kLongitudeMax = 180;

bool IsNumber(FieldType type) {
  switch (type) {
    case FieldType::kString:
    case FieldType::kBytes:
    case FieldType::kBool:
    case FieldType::kEnum:
    case FieldType::kMessage:
      return false;
    default:
      return true;
  }
}

}  // namespace

class PlanBuilder {
 public:
  PlanBuilder(const ImportSpec& spec, const policy::SchemaTable& schema) : spec_(spec), schema_(schema) {}

  absl::StatusOr<std::shared_ptr<const ImportPlan>> Build() {
    for (const FieldRule& rule : spec_.fields) {
      if (!rules_.emplace(rule.field, &rule).second) {
        return At(rule, "is mapped twice; keep one of the two");
      }
    }
    std::shared_ptr<ImportPlan> plan(new ImportPlan());
    ALLMENDE_ASSIGN_OR_RETURN(plan->fields_, BuildFields(schema_.record()));
    for (const FieldRule& rule : spec_.fields) {
      if (!used_.contains(rule.field)) {
        return Unusable(rule);
      }
    }
    plan->spec_ = spec_;
    plan->ignore_.insert(spec_.ignore.begin(), spec_.ignore.end());
    plan->has_key_ = !schema_.key_fields().empty();
    plan->has_event_time_ = schema_.event_time_field() != nullptr;
    if (spec_.delete_rows.has_value() && !plan->has_key_) {
      return absl::InvalidArgumentError(
          absl::StrCat(SpecName(), ": `delete_rows` needs a schema with a key, and this one has none"));
    }
    return plan;
  }

 private:
  std::string SpecName() const { return spec_.name.empty() ? "the import spec" : spec_.name; }

  absl::Status At(const FieldRule& rule, const std::string& why) const {
    const std::string line = rule.line > 0 ? absl::StrCat(":", rule.line) : "";
    return absl::InvalidArgumentError(absl::StrCat(SpecName(), line, ": field `", rule.field, "` ", why));
  }

  // Fields of `message` in ascending order of their numbers; what a table cannot fill is left out.
  absl::StatusOr<std::vector<FieldPlan>> BuildFields(const MessageTable& message) {
    std::vector<FieldPlan> fields;
    std::set<int> filled_oneofs;
    for (const FieldInfo& field : message.fields) {
      if (field.repeated) {
        continue;
      }
      if (field.oneof_index >= 0) {
        // Only by the spec, and only one of them: two columns could both have a value.
        const auto rule = rules_.find(field.path);
        if (rule == rules_.end()) continue;
        if (!filled_oneofs.insert(field.oneof_index).second) {
          return At(*rule->second, "shares its oneof with another mapped field; only one of them can be filled");
        }
      }
      ALLMENDE_ASSIGN_OR_RETURN(FieldPlan plan, BuildField(field, message.kind == MessageKind::kPosition));
      fields.push_back(std::move(plan));
    }
    return fields;
  }

  absl::StatusOr<FieldPlan> BuildField(const FieldInfo& field, bool in_position) {
    FieldPlan plan;
    plan.path = field.path;
    plan.number = static_cast<int>(field.number);
    plan.type = field.type;
    plan.explicit_presence = field.has_presence;
    plan.is_key = field.key;
    plan.is_event_time = field.event_time;
    if (field.message != nullptr && field.message->kind != MessageKind::kTimestamp) {
      plan.shape = FieldShape::kMessage;
      plan.is_position = field.message->kind == MessageKind::kPosition;
      ALLMENDE_ASSIGN_OR_RETURN(plan.fields, BuildFields(*field.message));
      return plan;
    }
    if (field.message != nullptr) {
      plan.shape = FieldShape::kTimestamp;
    }
    for (const policy::EnumValue& value : field.enum_values) {
      plan.enum_values.emplace(value.name, value.number);
    }
    ALLMENDE_RETURN_IF_ERROR(ApplyRule(field.unit, in_position, plan));
    return plan;
  }

  // The spec may only narrow what is a place on Earth.
  static void LimitCoordinate(FieldPlan& plan) {
    const double limit = plan.path.ends_with(".latitude") ? kLatitudeMax : kLongitudeMax;
    plan.min = std::max(plan.min.value_or(-limit), -limit);
    plan.max = std::min(plan.max.value_or(limit), limit);
  }

  absl::Status ApplyRule(const std::string& unit, bool in_position, FieldPlan& plan) {
    const auto found = rules_.find(plan.path);
    FieldRule general;
    general.field = plan.path;
    const FieldRule& rule = found == rules_.end() ? general : *found->second;
    used_.insert(plan.path);
    plan.named_by_spec = found != rules_.end();
    plan.constant = rule.constant;
    plan.optional_column = rule.optional_column;
    plan.columns = rule.columns;
    if (plan.columns.empty() && !plan.constant.has_value()) {
      plan.columns = {plan.path};
    }
    plan.absent = rule.absent.value_or(spec_.absent);
    plan.default_text = rule.default_text;
    plan.replace = rule.replace;
    plan.drop_zero_fraction = rule.drop_zero_fraction;
    plan.min = rule.min;
    plan.max = rule.max;
    if (in_position) LimitCoordinate(plan);
    plan.numbers = rule.numbers.value_or(spec_.numbers);
    plan.booleans = rule.booleans.value_or(spec_.booleans);
    ALLMENDE_RETURN_IF_ERROR(ApplyTimes(rule, unit, plan));
    ALLMENDE_RETURN_IF_ERROR(CheckRule(rule, plan));
    return CheckFixedTexts(rule, plan);
  }

  absl::Status ApplyTimes(const FieldRule& rule, const std::string& unit, FieldPlan& plan) {
    const int64_t unit_microseconds = plan.type == FieldType::kInt64 ? policy::MicrosecondsPerUnit(unit) : 0;
    const bool counts = unit_microseconds > 0 && (plan.is_event_time || rule.times.has_value());
    if (plan.shape != FieldShape::kTimestamp && !counts) {
      return rule.times.has_value()
                 ? At(rule, "is no time: make it a google.protobuf.Timestamp, or an int64 with the unit us, ms or s")
                 : absl::OkStatus();
    }
    if (counts) {
      plan.shape = FieldShape::kTimeCount;
      plan.unit_microseconds = unit_microseconds;
    }
    const TimeRules& rules = rule.times.has_value() ? *rule.times : spec_.times;
    auto reader = TimeReader::Create(rules);
    if (!reader.ok()) {
      return At(rule, absl::StrCat("has unusable time rules: ", std::string(reader.status().message())));
    }
    plan.times = *std::move(reader);
    plan.order_decides = rules.doubled_hour == DoubledHour::kOrder;
    plan.plain_count = counts && rules.formats.empty();
    return absl::OkStatus();
  }

  absl::Status CheckRule(const FieldRule& rule, const FieldPlan& plan) const {
    if ((plan.min.has_value() || plan.max.has_value()) && !IsNumber(plan.type)) {
      return At(rule, "is no number, so `min` and `max` mean nothing here");
    }
    if (plan.drop_zero_fraction && plan.type != FieldType::kString) {
      return At(rule, "is no text, so `drop_zero_fraction` means nothing here");
    }
    if (plan.constant.has_value() && !plan.columns.empty()) {
      return At(rule, "has a constant and columns; keep one of the two");
    }
    if (plan.optional_column && !plan.explicit_presence && plan.type != FieldType::kString && !plan.default_text) {
      return At(rule, "cannot be absent, so its column cannot be either; make it `optional` in the schema");
    }
    if (plan.is_key && plan.default_text.has_value()) {
      return At(rule, "is part of the key; a default would give different rows the same key");
    }
    return absl::OkStatus();
  }

  // Constants and defaults are read once here, so that a wrong one is found before the first row.
  absl::Status CheckFixedTexts(const FieldRule& rule, const FieldPlan& plan) const {
    for (const auto& text : {plan.constant, plan.default_text}) {
      Value value;
      ValueError error;
      std::optional<TimeReader> times = plan.times;
      if (text.has_value() && !ReadValue(plan, *text, times.has_value() ? &*times : nullptr, value, error)) {
        return At(rule, absl::StrCat("has the fixed value `", ClipForMessage(*text), "`, which ", error.why));
      }
    }
    return absl::OkStatus();
  }

  // A rule whose field was not met while the schema was walked: finds out why.
  absl::Status Unusable(const FieldRule& rule) const {
    const MessageTable* message = &schema_.record();
    std::string_view rest = rule.field;
    while (message != nullptr) {
      const size_t dot = rest.find('.');
      const std::string name(rest.substr(0, dot));
      const FieldInfo* field = message->Find(std::string_view(name));
      if (field == nullptr) {
        return At(rule, absl::StrCat("is not in the schema: `", message->type_name, "` has no field `", name, "`"));
      }
      if (field->repeated) {
        return At(rule, "is or lies in a repeated field; a table row cannot fill it");
      }
      if (dot == std::string_view::npos) {
        const bool has_fields = field->message != nullptr && !field->message->fields.empty();
        return At(rule, absl::StrCat("is a message; map its fields, for example `", rule.field, ".",
                                     has_fields ? field->message->fields[0].name : "name", "`"));
      }
      rest.remove_prefix(dot + 1);
      message = field->is_value() ? nullptr : field->message.get();
    }
    return At(rule, "is not in the schema: only messages have fields");
  }

  const ImportSpec& spec_;
  const policy::SchemaTable& schema_;
  std::unordered_map<std::string, const FieldRule*> rules_;
  std::set<std::string> used_;
};

absl::StatusOr<std::shared_ptr<const ImportPlan>> ImportPlan::Create(const ImportSpec& spec,
                                                                     const policy::SchemaTable& schema) {
  return PlanBuilder(spec, schema).Build();
}

}  // namespace allmende::tabular
