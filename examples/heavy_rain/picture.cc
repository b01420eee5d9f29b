#include "examples/heavy_rain/picture.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "allmende/v1/options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/timestamp.pb.h"

namespace heavy_rain {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::unique_ptr<Message> Parse(const DatasetPlan& plan, const std::string& payload) {
  std::unique_ptr<Message> record(plan.prototype->New());
  (void)record->ParsePartialFromString(payload);
  return record;
}

std::string NumberText(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), std::fabs(value) >= 100 ? "%.1f" : "%.4g", value);
  return text;
}

std::string MessageText(const Message& message) {
  if (const auto* const time = dynamic_cast<const google::protobuf::Timestamp*>(&message); time != nullptr) {
    const absl::TimeZone berlin_in_summer = absl::FixedTimeZone(2 * 3600);
    return absl::FormatTime("%H:%M", absl::FromUnixSeconds(time->seconds()), berlin_in_summer);
  }
  if (const auto* const place = dynamic_cast<const allmende::v1::Position*>(&message); place != nullptr) {
    char text[64];
    std::snprintf(text, sizeof(text), "%.4fN %.4fE", place->latitude(), place->longitude());
    return text;
  }
  return "...";
}

}  // namespace

std::string FieldText(const Message& record, const std::string& name) {
  const FieldDescriptor* const field = record.GetDescriptor()->FindFieldByName(name);
  const Reflection& reflection = *record.GetReflection();
  if (field == nullptr || field->is_repeated() || !reflection.HasField(record, field)) return "-";
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return NumberText(reflection.GetDouble(record, field));
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(reflection.GetInt32(record, field));
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.GetString(record, field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(reflection.GetMessage(record, field));
    default:
      return "...";
  }
}

std::string RecordText(const DatasetPlan& plan, const std::string& payload) {
  const std::unique_ptr<Message> record = Parse(plan, payload);
  std::string text = FieldText(*record, plan.key);
  const google::protobuf::Descriptor& type = *record->GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string value = FieldText(*record, field.name());
    if (field.cpp_type() != FieldDescriptor::CPPTYPE_DOUBLE || value == "-") continue;
    return absl::StrCat(text, ": ", field.name(), " ", value);
  }
  return text;
}

std::vector<std::vector<std::string>> SideBySide(const DatasetPlan& plan, const std::string& published,
                                                 const std::vector<std::pair<std::string, std::string>>& seen) {
  std::vector<std::vector<std::string>> rows = {{"field", "published"}};
  std::vector<std::unique_ptr<Message>> records;
  records.push_back(Parse(plan, published));
  for (const auto& [heading, payload] : seen) {
    rows[0].push_back(heading);
    records.push_back(Parse(plan, payload));
  }
  const google::protobuf::Descriptor& type = *records[0]->GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    std::vector<std::string> row = {type.field(i)->name()};
    for (const std::unique_ptr<Message>& record : records) row.push_back(FieldText(*record, type.field(i)->name()));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string Seconds(absl::Duration duration) {
  char text[32];
  std::snprintf(text, sizeof(text), duration < absl::Milliseconds(100) ? "%.3f s" : "%.1f s",
                absl::ToDoubleSeconds(duration));
  return text;
}

std::string Bar(double share, size_t columns) {
  const auto filled = static_cast<size_t>(std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(columns)));
  return absl::StrCat("[", std::string(filled, '#'), std::string(columns - filled, ' '), "]");
}

}  // namespace heavy_rain
