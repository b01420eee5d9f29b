#include "policy/schema/evolution.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace allmende::policy {
namespace {

bool IsReserved(const MessageTable& message, const FieldInfo& field) {
  const bool number =
      std::any_of(message.reserved_numbers.begin(), message.reserved_numbers.end(),
                  [&](const NumberRange& range) { return range.first <= field.number && field.number <= range.last; });
  const bool name = std::find(message.reserved_names.begin(), message.reserved_names.end(), field.name) !=
                    message.reserved_names.end();
  return number && name;
}

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

class Comparison {
 public:
  void Messages(const MessageTable& before, const MessageTable& after) {
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
        Added(field);
      }
    }
  }

  std::vector<SchemaChange> Take() { return std::move(changes_); }

 private:
  void Breaking(const FieldInfo& field, std::string reason) {
    changes_.push_back({.breaking = true, .field = field.path, .reason = std::move(reason)});
  }
  void Notice(const FieldInfo& field, std::string reason) {
    changes_.push_back({.breaking = false, .field = field.path, .reason = std::move(reason)});
  }

  void Removed(const FieldInfo& field, const MessageTable& after) {
    if (field.key) {
      Breaking(field, "removed, but it is part of the key");
    } else if (field.event_time) {
      Breaking(field, "removed, but it is the event time");
    } else if (after.Find(field.name) != nullptr) {
      Breaking(field, absl::StrCat("its number changed from ", field.number, " to ", after.Find(field.name)->number));
    } else if (!IsReserved(after, field)) {
      Breaking(field, absl::StrCat("removed without reserving it: write `reserved ", field.number, "; reserved \"",
                                   field.name, "\";`"));
    } else {
      Notice(field, "removed and reserved; records stored before still carry it");
    }
  }

  void Added(const FieldInfo& field) {
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
    EnumValues(was, now);
    if (was.message != nullptr) {
      Messages(*was.message, *now.message);
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

  void EnumValues(const FieldInfo& was, const FieldInfo& now) {
    for (const EnumValue& value : was.enum_values) {
      const auto same = std::find_if(now.enum_values.begin(), now.enum_values.end(), [&](const EnumValue& other) {
        return other.name == value.name && other.number == value.number;
      });
      if (same == now.enum_values.end()) {
        Breaking(was, absl::StrCat("its value `", value.name, "` = ", value.number,
                                   " was removed, renamed or "
                                   "renumbered"));
      }
    }
  }

  std::vector<SchemaChange> changes_;
};

}  // namespace

std::vector<SchemaChange> CompareSchemas(const SchemaTable& old_schema, const SchemaTable& new_schema) {
  Comparison comparison;
  comparison.Messages(old_schema.record(), new_schema.record());
  return comparison.Take();
}

std::string DescribeBreakingChanges(const std::vector<SchemaChange>& changes) {
  std::string text;
  for (const SchemaChange& change : changes) {
    if (change.breaking) {
      absl::StrAppend(&text, text.empty() ? "" : "; ", "`", change.field, "`: ", change.reason);
    }
  }
  return text;
}

}  // namespace allmende::policy
