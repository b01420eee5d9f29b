#include "sdk/cli/frame/values.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/language/suggest.h"
#include "sdk/base/status.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {
namespace {

// A value as far as its kind says something about it.
struct Parsed {
  int64_t whole = 0;
  absl::Duration duration;
  absl::Time time = absl::InfinitePast();
};

absl::StatusOr<Parsed> Parse(const std::string& what, ValueKind kind, const std::vector<std::string>& choices,
                             const std::string& text) {
  Parsed parsed;
  const auto wrong = [&](const std::string& expected) {
    return UsageError(absl::StrCat(what, " cannot be `", Printable(text), "`: ", expected));
  };
  switch (kind) {
    case ValueKind::kWhole:
      if (!absl::SimpleAtoi(text, &parsed.whole) || parsed.whole < 0) return wrong("give a whole number from 0");
      break;
    case ValueKind::kDuration:
      if (!ParseDuration(text, parsed.duration)) {
        return wrong("give a number with its unit, as `30s`, `10min`, `6h` or `90d`");
      }
      break;
    case ValueKind::kTime:
      if (!absl::ParseTime(absl::RFC3339_full, text, &parsed.time, nullptr)) {
        return wrong("give a time with its offset, as `2026-11-25T18:00:00+01:00`");
      }
      break;
    case ValueKind::kChoice:
      if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
        absl::Status status = wrong(absl::StrCat("use ", absl::StrJoin(choices, ", ")));
        const std::string near = policy::Suggest(text, choices);
        return near.empty() ? status : WithHint(status, absl::StrCat("did you mean `", near, "`?"));
      }
      break;
    default:
      if (text.empty() && kind != ValueKind::kText) return wrong("it is empty");
      if (text.find('\0') != std::string::npos) return wrong("it holds a zero byte");
  }
  return parsed;
}

[[noreturn]] void Bug(const std::string& name) {
  std::fprintf(stderr, "allmende: the command asks for `%s`, which it does not declare so\n", name.c_str());
  std::abort();
}

}  // namespace

std::string ValueName(ValueKind kind, const std::string& name, const std::vector<std::string>& choices) {
  if (!name.empty()) return name;
  switch (kind) {
    case ValueKind::kSwitch:
      return "";
    case ValueKind::kFile:
      return "FILE";
    case ValueKind::kDirectory:
      return "DIR";
    case ValueKind::kWhole:
      return "N";
    case ValueKind::kDuration:
      return "DURATION";
    case ValueKind::kTime:
      return "TIME";
    case ValueKind::kChoice:
      return absl::StrJoin(choices, "|");
    case ValueKind::kText:
      break;
  }
  return "TEXT";
}

absl::Status ValuesBuilder::Add(const Argument& argument, const std::vector<std::string>& given) {
  Values::Value value;
  value.kind = argument.kind;
  value.given = !given.empty();
  value.texts = given;
  if (given.empty() && !argument.optional) {
    return UsageError(absl::StrCat(argument.name, " is missing: ", argument.help));
  }
  for (const std::string& text : given) {
    ALLMENDE_ASSIGN_OR_RETURN(const Parsed parsed, Parse(argument.name, argument.kind, argument.choices, text));
    value.text = text;
    value.whole = parsed.whole;
    value.duration = parsed.duration;
    value.time = parsed.time;
  }
  values_.values_[argument.name] = std::move(value);
  return absl::OkStatus();
}

absl::Status ValuesBuilder::Add(const Option& option, const std::vector<std::string>& given) {
  const std::string name = absl::StrCat("`--", option.name, "`");
  Values::Value value;
  value.kind = option.kind;
  value.given = !given.empty();
  if (option.kind == ValueKind::kSwitch) {
    values_.values_[option.name] = std::move(value);
    return absl::OkStatus();
  }
  if (given.empty() && option.required) {
    return UsageError(absl::StrCat(name, " is missing: ", option.help));
  }
  if (given.size() > 1 && !option.repeated) {
    return UsageError(absl::StrCat(name, " is given ", given.size(), " times, and only one can count"));
  }
  value.texts = given;
  if (given.empty() && !option.fallback.empty()) value.texts = {option.fallback};
  for (const std::string& text : value.texts) {
    ALLMENDE_ASSIGN_OR_RETURN(const Parsed parsed, Parse(name, option.kind, option.choices, text));
    value.text = text;
    value.whole = parsed.whole;
    value.duration = parsed.duration;
    value.time = parsed.time;
  }
  values_.values_[option.name] = std::move(value);
  return absl::OkStatus();
}

const Values::Value& Values::At(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) Bug(name);
  return found->second;
}

bool Values::Has(const std::string& name) const {
  return At(name).given;
}
const std::string& Values::Text(const std::string& name) const {
  return At(name).text;
}
const std::vector<std::string>& Values::Texts(const std::string& name) const {
  return At(name).texts;
}
bool Values::Switch(const std::string& name) const {
  if (At(name).kind != ValueKind::kSwitch) Bug(name);
  return At(name).given;
}
int64_t Values::Whole(const std::string& name) const {
  if (At(name).kind != ValueKind::kWhole) Bug(name);
  return At(name).whole;
}
absl::Duration Values::Duration(const std::string& name) const {
  if (At(name).kind != ValueKind::kDuration) Bug(name);
  return At(name).duration;
}
absl::Time Values::Time(const std::string& name) const {
  if (At(name).kind != ValueKind::kTime) Bug(name);
  return At(name).time;
}

}  // namespace allmende::cli
