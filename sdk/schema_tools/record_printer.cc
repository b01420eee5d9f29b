#include "sdk/schema_tools/record_printer.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/stubs/logging.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "google/protobuf/util/type_resolver_util.h"

#include "sdk/base/status.h"

namespace allmende {
namespace {

namespace pb = google::protobuf;

constexpr char kUrlPrefix[] = "type.googleapis.com";
constexpr int kDepthMax = 8;
constexpr int kNanosPerSecond = 1'000'000'000;

// One printed column: the fields from the record down to the value.
using Path = std::vector<const pb::FieldDescriptor*>;

bool IsTimestamp(const pb::Descriptor& type) {
  return type.full_name() == "google.protobuf.Timestamp";
}

// The shortest text that reads back to the same number; without exponent where that stays readable.
template <typename Real>
std::string RealText(Real value) {
  constexpr Real kFixedMin = static_cast<Real>(1e-6);
  constexpr Real kFixedMax = static_cast<Real>(1e15);
  const Real size = std::abs(value);
  const bool fixed = value == 0 || (size >= kFixedMin && size < kFixedMax);
  char text[64];
  const auto [end, problem] =
      std::to_chars(text, text + sizeof(text), value, fixed ? std::chars_format::fixed : std::chars_format::general);
  return problem == std::errc() ? std::string(text, end) : std::string();
}

std::string QuoteCsv(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    quoted.append(c == '"' ? 2 : 1, c);
  }
  return quoted + "\"";
}

std::string JoinCsv(const std::vector<std::string>& cells) {
  std::string line;
  for (const std::string& cell : cells) {
    absl::StrAppend(&line, line.empty() && &cell == &cells.front() ? "" : ",", QuoteCsv(cell));
  }
  return line;
}

// Keeps the first error, which would otherwise be printed.
class FirstError final : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*, ErrorLocation,
                const std::string& message) override {
    if (text_.empty()) text_ = absl::StrCat("the schema's file `", file, "` is unusable at `", element, "`: ", message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class Printer final : public RecordPrinter {
 public:
  absl::Status Prepare(const pb::FileDescriptorSet& files, const std::string& message) {
    FirstError error;
    for (const pb::FileDescriptorProto& file : files.file()) {
      if (pool_.BuildFileCollectingErrors(file, &error) == nullptr) {
        return absl::InvalidArgumentError(error.text());
      }
    }
    type_ = pool_.FindMessageTypeByName(message);
    if (type_ == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("the schema has no message `", message, "`"));
    }
    prototype_ = factory_.GetPrototype(type_);
    resolver_.reset(pb::util::NewTypeResolverForDescriptorPool(kUrlPrefix, &pool_));
    url_ = absl::StrCat(kUrlPrefix, "/", message);
    Path path;
    AddColumns(*type_, "", path);
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Json(std::string_view payload) const override {
    ALLMENDE_ASSIGN_OR_RETURN(const auto record, Parse(payload));
    const pb::LogSilencer silent;
    pb::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    std::string json;
    const auto status = pb::util::BinaryToJsonString(resolver_.get(), url_, std::string(payload), &json, options);
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the record cannot be written as JSON: ", std::string(status.message())));
    }
    return json;
  }

  const std::vector<std::string>& Columns() const override { return columns_; }

  absl::StatusOr<std::vector<std::string>> Cells(std::string_view payload) const override {
    ALLMENDE_ASSIGN_OR_RETURN(const auto record, Parse(payload));
    std::vector<std::string> cells;
    cells.reserve(paths_.size());
    for (const Path& path : paths_) {
      ALLMENDE_ASSIGN_OR_RETURN(std::string cell, CellAt(*record, path));
      cells.push_back(std::move(cell));
    }
    return cells;
  }

  std::string CsvHeader() const override { return JoinCsv(columns_); }

  absl::StatusOr<std::string> CsvRow(std::string_view payload) const override {
    ALLMENDE_ASSIGN_OR_RETURN(const std::vector<std::string> cells, Cells(payload));
    return JoinCsv(cells);
  }

 private:
  // Messages are opened up into columns of their own; what repeats, times, and what is nested very deep are not.
  void AddColumns(const pb::Descriptor& type, const std::string& prefix, Path& path) {
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor* field = type.field(i);
      path.push_back(field);
      const std::string name = absl::StrCat(prefix, field->name());
      const bool opens = field->message_type() != nullptr && !field->is_repeated() &&
                         !IsTimestamp(*field->message_type()) && path.size() < kDepthMax;
      if (opens) {
        AddColumns(*field->message_type(), absl::StrCat(name, "."), path);
      } else {
        columns_.push_back(name);
        paths_.push_back(path);
      }
      path.pop_back();
    }
  }

  absl::StatusOr<std::unique_ptr<pb::Message>> Parse(std::string_view payload) const {
    std::unique_ptr<pb::Message> record(prototype_->New());
    if (!record->ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
      return absl::InvalidArgumentError(absl::StrCat("these bytes are no record of `", type_->full_name(), "`"));
    }
    return record;
  }

  absl::StatusOr<std::string> CellAt(const pb::Message& record, const Path& path) const {
    const pb::Message* message = &record;
    for (const pb::FieldDescriptor* field : path) {
      const pb::Reflection& reflection = *message->GetReflection();
      if (field->is_repeated()) {
        return reflection.FieldSize(*message, field) == 0 ? std::string() : RepeatedAsJson(*message, *field);
      }
      if (field->has_presence() && !reflection.HasField(*message, field)) {
        return std::string();
      }
      if (field != path.back()) {
        message = &reflection.GetMessage(*message, field);
        continue;
      }
      return ValueText(*message, *field);
    }
    return std::string();
  }

  // The list alone, cut out of the JSON of a message that has only this field.
  absl::StatusOr<std::string> RepeatedAsJson(const pb::Message& message, const pb::FieldDescriptor& field) const {
    std::unique_ptr<pb::Message> only(message.New());
    only->CopyFrom(message);
    const pb::Reflection& reflection = *only->GetReflection();
    const pb::Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      if (type.field(i) != &field) reflection.ClearField(only.get(), type.field(i));
    }
    reflection.MutableUnknownFields(only.get())->Clear();
    pb::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    std::string json;
    const auto status = pb::util::BinaryToJsonString(resolver_.get(), absl::StrCat(kUrlPrefix, "/", type.full_name()),
                                                     only->SerializeAsString(), &json, options);
    const size_t colon = json.find(':');
    if (!status.ok() || colon == std::string::npos || json.back() != '}') {
      return absl::InvalidArgumentError(absl::StrCat("field `", field.name(), "` cannot be written as JSON"));
    }
    return json.substr(colon + 1, json.size() - colon - 2);
  }

  static absl::StatusOr<std::string> ValueText(const pb::Message& message, const pb::FieldDescriptor& field) {
    const pb::Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return absl::StrCat(reflection.GetInt32(message, &field));
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return absl::StrCat(reflection.GetInt64(message, &field));
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return absl::StrCat(reflection.GetUInt32(message, &field));
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return absl::StrCat(reflection.GetUInt64(message, &field));
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return RealText(reflection.GetDouble(message, &field));
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
        return RealText(reflection.GetFloat(message, &field));
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return std::string(reflection.GetBool(message, &field) ? "true" : "false");
      case pb::FieldDescriptor::CPPTYPE_ENUM: {
        const int number = reflection.GetEnumValue(message, &field);
        const pb::EnumValueDescriptor* value = field.enum_type()->FindValueByNumber(number);
        return value == nullptr ? absl::StrCat(number) : value->name();
      }
      case pb::FieldDescriptor::CPPTYPE_STRING: {
        std::string text = reflection.GetString(message, &field);
        return field.type() == pb::FieldDescriptor::TYPE_BYTES ? absl::Base64Escape(text) : text;
      }
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
    const pb::Message& inner = reflection.GetMessage(message, &field);
    pb::Timestamp time;
    if (!IsTimestamp(*inner.GetDescriptor()) || !time.ParseFromString(inner.SerializeAsString()) ||
        time.seconds() < pb::util::TimeUtil::kTimestampMinSeconds ||
        time.seconds() > pb::util::TimeUtil::kTimestampMaxSeconds || time.nanos() < 0 ||
        time.nanos() >= kNanosPerSecond) {
      return absl::InvalidArgumentError(absl::StrCat("field `", field.name(), "` has no text form"));
    }
    return pb::util::TimeUtil::ToString(time);
  }

  // Constant after Prepare.
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_;
  const pb::Descriptor* type_ = nullptr;
  const pb::Message* prototype_ = nullptr;
  std::unique_ptr<pb::util::TypeResolver> resolver_;
  std::string url_;
  std::vector<std::string> columns_;
  std::vector<Path> paths_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RecordPrinter>> RecordPrinter::Create(const pb::FileDescriptorSet& files,
                                                                     const std::string& message) {
  auto printer = std::make_unique<Printer>();
  ALLMENDE_RETURN_IF_ERROR(printer->Prepare(files, message));
  return printer;
}

}  // namespace allmende
