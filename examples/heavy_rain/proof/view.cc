#include "examples/heavy_rain/proof/view.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "allmende/v1/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/unknown_field_set.h"

namespace heavy_rain {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kSecretTextBytesMin = 6;  // shorter ones are found by chance
constexpr double kMetresPerDegree = 111'320;
// Half the diagonal of a square, and a little: cells are as high as asked for and slightly wider.
constexpr double kFarthestFromMiddle = 0.75;

std::string EncodedDouble(double value) {
  std::string bytes(sizeof(value), '\0');
  std::memcpy(bytes.data(), &value, sizeof(value));  // wire order is this machine's: little-endian
  return bytes;
}

double InSteps(double value, const std::vector<double>& steps) {
  const auto above = std::upper_bound(steps.begin(), steps.end(), value);
  return above == steps.begin() ? 0 : *(above - 1);
}

double MetresBetween(const allmende::v1::Position& a, const allmende::v1::Position& b) {
  const double north = (a.latitude() - b.latitude()) * kMetresPerDegree;
  const double east = (a.longitude() - b.longitude()) * kMetresPerDegree * std::cos(a.latitude() * M_PI / 180);
  return std::hypot(north, east);
}

const allmende::v1::Position* PlaceIn(const Message& message, const FieldDescriptor& field) {
  return dynamic_cast<const allmende::v1::Position*>(&message.GetReflection()->GetMessage(message, &field));
}

// The place is there, near the true one, and not the true one.
bool IsCoarsePlace(const Message& published, const Message& arrived, const FieldDescriptor& field, double metres) {
  const Reflection& reflection = *published.GetReflection();
  if (reflection.HasField(published, &field) != reflection.HasField(arrived, &field)) return false;
  if (!reflection.HasField(published, &field)) return true;
  const allmende::v1::Position* const truth = PlaceIn(published, field);
  const allmende::v1::Position* const shown = PlaceIn(arrived, field);
  return truth != nullptr && shown != nullptr && MetresBetween(*truth, *shown) <= metres * kFarthestFromMiddle &&
         truth->SerializeAsString() != shown->SerializeAsString();
}

// Field by field of one level: `published` with everything but `field` taken away.
std::string OnlyField(const Message& message, const FieldDescriptor& field) {
  const std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  std::vector<const FieldDescriptor*> present;
  copy->GetReflection()->ListFields(*copy, &present);
  for (const FieldDescriptor* const other : present) {
    if (other != &field) copy->GetReflection()->ClearField(copy.get(), other);
  }
  copy->GetReflection()->MutableUnknownFields(copy.get())->Clear();
  return copy->SerializeAsString();
}

bool FitsRule(const Message& published, const Message& arrived, const FieldDescriptor& field, const FieldRule& rule) {
  switch (rule.treatment) {
    case Treatment::kExact:
      return OnlyField(published, field) == OnlyField(arrived, field);
    case Treatment::kSteps: {
      const Reflection& reflection = *published.GetReflection();
      const bool has = reflection.HasField(published, &field);
      if (has != reflection.HasField(arrived, &field)) return false;
      return !has ||
             reflection.GetDouble(arrived, &field) == InSteps(reflection.GetDouble(published, &field), rule.steps);
    }
    case Treatment::kGrid:
      return IsCoarsePlace(published, arrived, field, rule.metres);
  }
  return false;
}

// Calls `visit(path, bytes)` for each text and number in `message`.
template <typename Visit>
void ForEachValue(const Message& message, const std::string& path, Visit visit) {
  std::vector<const FieldDescriptor*> present;
  const Reflection& reflection = *message.GetReflection();
  reflection.ListFields(message, &present);
  for (const FieldDescriptor* const field : present) {
    const std::string name = absl::StrCat(path, field->name());
    if (field->is_repeated()) continue;
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      const std::string text = reflection.GetString(message, field);
      if (text.size() >= kSecretTextBytesMin) visit(name, text);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
      if (const double value = reflection.GetDouble(message, field); value != 0) visit(name, EncodedDouble(value));
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      ForEachValue(reflection.GetMessage(message, field), absl::StrCat(name, "."), visit);
    }
  }
}

bool IsShown(const View& view, const std::string& path) {
  const auto rule = view.find(path.substr(0, path.find('.')));
  return rule != view.end() && rule->second.treatment == Treatment::kExact;
}

}  // namespace

View Exactly(const std::vector<std::string>& fields) {
  View view;
  for (const std::string& field : fields) view[field] = {};
  return view;
}

Difference CompareWithView(const Message& published, const std::string& arrived, const View& view) {
  Difference difference;
  const std::unique_ptr<Message> message(published.New());
  if (!message->ParseFromString(arrived)) {
    difference.wrong.push_back("(the record cannot be read)");
    return difference;
  }
  const Reflection& reflection = *message->GetReflection();
  const google::protobuf::UnknownFieldSet& unknown = reflection.GetUnknownFields(*message);
  for (int i = 0; i < unknown.field_count(); ++i) {
    difference.forbidden.push_back(absl::StrCat("field number ", unknown.field(i).number()));
  }
  const google::protobuf::Descriptor& type = *published.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const auto rule = view.find(field.name());
    if (rule == view.end()) {
      if (reflection.HasField(*message, &field)) difference.forbidden.push_back(field.name());
    } else if (!FitsRule(published, *message, field, rule->second)) {
      difference.wrong.push_back(field.name());
    }
  }
  return difference;
}

std::vector<Secret> SecretsOf(const Message& published, const View& view) {
  std::vector<Secret> secrets;
  ForEachValue(published, "", [&](const std::string& path, const std::string& bytes) {
    if (!IsShown(view, path)) secrets.push_back({path, bytes});
  });
  return secrets;
}

std::vector<std::string> ShownBy(const Message& published, const View& view) {
  std::vector<std::string> shown;
  ForEachValue(published, "", [&](const std::string& path, const std::string& bytes) {
    if (IsShown(view, path)) shown.push_back(bytes);
  });
  for (const auto& [field, rule] : view) {
    for (const double step : rule.steps) shown.push_back(EncodedDouble(step));
  }
  return shown;
}

std::string IdentityOf(const Message& record, const std::vector<std::string>& fields) {
  std::string identity;
  for (const std::string& name : fields) {
    const FieldDescriptor* const field = record.GetDescriptor()->FindFieldByName(name);
    const std::string value = field == nullptr ? "" : OnlyField(record, *field);
    absl::StrAppend(&identity, value.size(), ":", value);
  }
  return identity;
}

}  // namespace heavy_rain
