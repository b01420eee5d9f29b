#include "policy/schema/evolution.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace allmende::policy {
namespace {

constexpr size_t kListedMax = 20;
constexpr uint32_t kFieldNumberMax = 536'870'911;  // written `max` in a range

std::string TypeOf(const FieldInfo& field) {
  if (field.type == FieldType::kMessage) {
    switch (field.message->kind) {
      case MessageKind::kTimestamp:
        return "google.protobuf.Timestamp";
      case MessageKind::kPosition:
        return "allmende.v1.Position";
      case MessageKind::kPlain:
        break;
    }
  }
  return std::string(FieldTypeName(field.type));
}

std::string OneofOf(const MessageTable& message, const FieldInfo& field) {
  return field.oneof_index < 0 ? "" : message.oneof_names[field.oneof_index];
}

std::string RangeText(const NumberRange& range) {
  if (range.first == range.last) {
    return absl::StrCat(range.first);
  }
  return absl::StrCat(range.first, " to ", range.last == kFieldNumberMax ? "max" : absl::StrCat(range.last));
}

// The numbers of `before` that `after` neither reserves nor uses.
std::vector<NumberRange> MissingNumbers(const MessageTable& before, const MessageTable& after) {
  std::vector<NumberRange> covered = after.reserved->numbers;
  for (const FieldInfo& field : after.fields) {
    covered.push_back({field.number, field.number});
  }
  std::sort(covered.begin(), covered.end(), [](auto& a, auto& b) { return a.first < b.first; });
  std::vector<NumberRange> missing;
  auto cover = covered.begin();
  for (NumberRange rest : before.reserved->numbers) {
    while (cover != covered.end() && cover->last < rest.first) {
      ++cover;
    }
    // A range that reaches beyond `rest` may cover the next one too.
    for (; cover != covered.end() && cover->first <= rest.last; ++cover) {
      if (cover->first > rest.first) {
        missing.push_back({rest.first, cover->first - 1});
      }
      rest.first = cover->last + 1;
      if (rest.first > rest.last) {
        break;
      }
    }
    if (rest.first <= rest.last) {
      missing.push_back(rest);
    }
  }
  return missing;
}

// As in a .proto file.
std::string ReservedText(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size() && i < kListedMax; ++i) {
    absl::StrAppend(&text, i == 0 ? "reserved " : ", ", parts[i]);
  }
  absl::StrAppend(&text, parts.size() > kListedMax ? ", ..." : "", parts.empty() ? "" : ";");
  return text;
}

class Comparison {
 public:
  // `path` is that of the field that holds them; empty for the record.
  void Messages(const std::string& path, const MessageTable& before, const MessageTable& after) {
    for (const FieldInfo& field : before.fields) {
      const FieldInfo* now = after.Find(field.number);
      if (now == nullptr) {
        Removed(field, after);
      } else {
        Fields(before, field, after, *now);
      }
    }
    for (const FieldInfo& field : after.fields) {
      if (before.Find(field.number) == nullptr) {
        Added(field, *before.reserved);
      }
    }
    Reservations(path, before, after);
  }

  std::vector<SchemaChange> Take() { return std::move(changes_); }

 private:
  void Breaking(const std::string& path, std::string reason) { Change(true, path, std::move(reason)); }
  void Breaking(const FieldInfo& field, std::string reason) { Change(true, field.path, std::move(reason)); }
  void Notice(const FieldInfo& field, std::string reason) { Change(false, field.path, std::move(reason)); }

  void Change(bool breaking, const std::string& path, std::string reason) {
    if (changes_.size() >= kSchemaChangesMax && (breaks_ || !breaking)) {
      return;
    }
    if (changes_.size() >= kSchemaChangesMax) {
      changes_.pop_back();  // a notice
    }
    breaks_ = breaks_ || breaking;
    changes_.push_back({.breaking = breaking, .field = path, .reason = std::move(reason)});
  }

  void Removed(const FieldInfo& field, const MessageTable& after) {
    if (field.key) {
      Breaking(field, "removed, but it is part of the key");
    } else if (field.event_time) {
      Breaking(field, "removed, but it is the event time");
    } else if (after.Find(field.name) != nullptr) {
      Breaking(field, absl::StrCat("its number changed from ", field.number, " to ", after.Find(field.name)->number));
    } else if (!after.reserved->Has(field.number) || !after.reserved->Has(field.name)) {
      Breaking(field, absl::StrCat("removed without reserving it: write `reserved ", field.number, "; reserved \"",
                                   field.name, "\";`"));
    } else {
      Notice(field, "removed and reserved; records stored before still carry it");
    }
  }

  void Added(const FieldInfo& field, const Reserved& before) {
    if (before.Has(field.number)) {
      Breaking(field, absl::StrCat("its number ", field.number,
                                   " was reserved: stored records may carry another field's values there; take a "
                                   "number that was never used"));
    }
    if (before.Has(field.name)) {
      Breaking(field,
               "its name was reserved: policies may still mean the field that had it; take a name that was never "
               "used");
    }
    if (field.key) {
      Breaking(field, "new in the key: stored records have other keys");
    }
    if (field.event_time) {
      Breaking(field, "new as event time: stored records have another one or none");
    }
    if (field.is_value() && field.field_class == v1::FIELD_CLASS_UNSPECIFIED) {
      Notice(field, "new and without class: nobody will get it");
    }
  }

  // What is used instead was reported with the field.
  void Reservations(const std::string& path, const MessageTable& before, const MessageTable& after) {
    std::vector<std::string> numbers;
    for (const NumberRange& range : MissingNumbers(before, after)) {
      numbers.push_back(RangeText(range));
    }
    std::vector<std::string> names;
    for (const std::string& name : before.reserved->names) {
      if (!after.reserved->Has(name) && after.Find(name) == nullptr) {
        names.push_back(absl::StrCat("\"", name, "\""));
      }
    }
    if (numbers.empty() && names.empty()) {
      return;
    }
    Breaking(path, absl::StrCat("reservations are missing, which hold for good: write `", ReservedText(numbers),
                                numbers.empty() || names.empty() ? "" : " ", ReservedText(names), "`"));
  }

  void Fields(const MessageTable& before, const FieldInfo& was, const MessageTable& after, const FieldInfo& now) {
    if (was.name != now.name) {
      Breaking(was, absl::StrCat("number ", was.number, " is now `", now.name,
                                 "`: policies name fields, so neither "
                                 "rename one nor give its number to another"));
    }
    if (TypeOf(was) != TypeOf(now)) {
      Breaking(was, absl::StrCat("its type changed from ", TypeOf(was), " to ", TypeOf(now)));
      return;
    }
    if (was.repeated != now.repeated) {
      Breaking(was, now.repeated ? "it became repeated" : "it is repeated no longer");
    } else if (was.packed != now.packed) {
      Breaking(was, "its packing changed");
    } else if (OneofOf(before, was) != OneofOf(after, now)) {
      Breaking(was, "it moved into, out of or between oneofs");
    } else if (was.has_presence != now.has_presence) {
      Breaking(was, now.has_presence ? "it became optional" : "it is optional no longer");
    }
    if (was.key != now.key) {
      Breaking(was, now.key ? "it became part of the key" : "it is part of the key no longer");
    }
    if (was.event_time != now.event_time) {
      Breaking(was, now.event_time ? "it became the event time" : "it is the event time no longer");
    }
    if (was.unit != now.unit) {
      Breaking(was, absl::StrCat("its unit changed from `", was.unit, "` to `", now.unit, "`"));
    }
    Classes(was, now);
    Values(was, now);
    if (was.message != nullptr) {
      Messages(was.path, *was.message, *now.message);
    }
  }

  void Classes(const FieldInfo& was, const FieldInfo& now) {
    if (was.field_class == now.field_class) {
      return;
    }
    // Without class nobody gets a field: stricter than any.
    const bool lowered = was.field_class == v1::FIELD_CLASS_UNSPECIFIED ||
                         (now.field_class != v1::FIELD_CLASS_UNSPECIFIED && now.field_class < was.field_class);
    const auto name = [](v1::FieldClass value) {
      return value == v1::FIELD_CLASS_UNSPECIFIED ? "none" : v1::FieldClass_Name(value);
    };
    Notice(was, absl::StrCat("its class was ", lowered ? "lowered" : "raised", " from ", name(was.field_class), " to ",
                             name(now.field_class)));
  }

  void Values(const FieldInfo& was, const FieldInfo& now) {
    const LostValues& lost = Lost(was.enum_values, now.enum_values);
    if (lost.first == nullptr) {
      return;
    }
    const std::string first = absl::StrCat("its value `", lost.first->name, "` = ", lost.first->number);
    Breaking(was, lost.count == 1
                      ? absl::StrCat(first, " was removed, renamed or renumbered")
                      : absl::StrCat(first, " and ", lost.count - 1, " more were removed, renamed or renumbered"));
  }

  struct LostValues {
    const EnumValue* first = nullptr;
    size_t count = 0;
  };

  // Compares two lists once, however many fields share them.
  const LostValues& Lost(const EnumValues& was, const EnumValues& now) {
    const auto [known, is_new] = lost_.try_emplace({was.identity(), now.identity()});
    LostValues& lost = known->second;
    if (!is_new) {
      return lost;
    }
    std::set<std::pair<std::string_view, int32_t>> kept;
    for (const EnumValue& value : now) {
      kept.emplace(value.name, value.number);
    }
    for (const EnumValue& value : was) {
      if (!kept.contains({value.name, value.number}) && lost.count++ == 0) {
        lost.first = &value;
      }
    }
    return lost;
  }

  std::map<std::pair<const void*, const void*>, LostValues> lost_;
  bool breaks_ = false;
  std::vector<SchemaChange> changes_;
};

}  // namespace

std::vector<SchemaChange> CompareSchemas(const SchemaTable& old_schema, const SchemaTable& new_schema) {
  Comparison comparison;
  comparison.Messages("", old_schema.record(), new_schema.record());
  return comparison.Take();
}

std::string DescribeBreakingChanges(const std::vector<SchemaChange>& changes) {
  std::string text;
  size_t count = 0;
  for (const SchemaChange& change : changes) {
    if (!change.breaking || ++count > kListedMax) {
      continue;
    }
    const std::string field = change.field.empty() ? "" : absl::StrCat("`", change.field, "`: ");
    absl::StrAppend(&text, text.empty() ? "" : "; ", field, change.reason);
  }
  if (count > kListedMax) {
    absl::StrAppend(&text, "; and ", count - kListedMax, " more");
  }
  return text;
}

}  // namespace allmende::policy
