#include "tests/real_data/source.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/timestamp.pb.h"

#include "tests/real_data/plain_csv.h"

namespace allmende::real_data {
namespace {

namespace pb = google::protobuf;

std::string RealText(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

// Whole numbers stay as they are, for a double cannot hold all of them.
std::string NumberText(const std::string& text) {
  const bool whole = text.find_first_not_of("-0123456789") == std::string::npos;
  return whole && std::fabs(std::strtod(text.c_str(), nullptr)) > 1e15 ? text
                                                                       : RealText(std::strtod(text.c_str(), nullptr));
}

Value Read(const Column& column, const PlainRow& row) {
  if (column.columns.empty()) return column.constant;
  std::string text;
  for (const std::string& name : column.columns) {
    const auto cell = row.find(name);
    if (cell == row.end()) return std::nullopt;
    text += (text.empty() ? "" : " ") + cell->second;
  }
  if (const auto found = column.replace.find(text); found != column.replace.end()) text = found->second;
  const bool none = text.empty() || std::count(column.absent.begin(), column.absent.end(), text) > 0;
  switch (column.kind) {
    case Kind::kFlag:
      return text == "1" || text == "true" || text == "X" ? "true" : "false";
    case Kind::kText:
      return none ? Value() : text;
    case Kind::kNumber:
      return none ? Value() : NumberText(text);
    case Kind::kCommaNumber:
      std::replace(text.begin(), text.end(), ',', '.');
      return none ? Value() : NumberText(text);
    case Kind::kBerlin:
      return none ? Value() : std::to_string(BerlinTime(text));
    case Kind::kUtc:
      return none ? Value() : std::to_string(UtcTime(text));
    case Kind::kZeroFraction:
      if (text.size() > 2 && text.ends_with(".0")) text.resize(text.size() - 2);
      return none ? Value() : text;
  }
  return std::nullopt;
}

}  // namespace

std::string DataFolder() {
  const char* variable = std::getenv("ALLMENDE_REAL_DATA");
  const std::string folder = variable != nullptr ? variable : ALLMENDE_SOURCE_DIR "/../shared/data";
  return std::filesystem::is_directory(folder) ? folder : std::string();
}

const Source& SourceOf(const std::string& file) {
  for (const Source& source : AllSources()) {
    if (source.file == file) return source;
  }
  std::fprintf(stderr, "no such source: %s\n", file.c_str());
  std::abort();
}

tabular::TestSchema SchemaOf(const Source& source) {
  return tabular::SchemaFromFile(ALLMENDE_SOURCE_DIR "/examples/schemas/" + source.schema, source.message);
}

std::unique_ptr<tabular::Importer> ImporterOf(const Source& source, const tabular::TestSchema& schema) {
  auto plan = tabular::PlanFromFile(ALLMENDE_SOURCE_DIR "/examples/imports/" + source.mapping, schema);
  if (!plan.ok()) {
    std::fprintf(stderr, "%s\n", plan.status().ToString().c_str());
    std::abort();
  }
  auto importer = tabular::Importer::Open(DataFolder() + "/" + source.file, *plan, {});
  return importer.ok() ? *std::move(importer) : nullptr;
}

std::vector<Values> ExpectedRows(const Source& source) {
  const std::string path = DataFolder() + "/" + source.file;
  std::vector<Values> rows;
  for (const PlainRow& row :
       source.json_columns.empty() ? PlainCsv(path, source.delimiter) : PlainJsonArrays(path, source.json_columns)) {
    Values& values = rows.emplace_back();
    for (const Column& column : source.columns) {
      values[column.field] = Read(column, row);
    }
  }
  return rows;
}

struct PayloadReader::State {
  pb::DescriptorPool pool;
  pb::DynamicMessageFactory factory;
  const pb::Message* prototype = nullptr;

  static Value Leaf(const pb::Message& message, const pb::FieldDescriptor& field) {
    const pb::Reflection& reflection = *message.GetReflection();
    if (field.has_presence() && !reflection.HasField(message, &field)) return std::nullopt;
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return NumberText(std::to_string(reflection.GetInt32(message, &field)));
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return NumberText(std::to_string(reflection.GetInt64(message, &field)));
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return RealText(reflection.GetDouble(message, &field));
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return reflection.GetBool(message, &field) ? "true" : "false";
      case pb::FieldDescriptor::CPPTYPE_STRING: {
        const std::string text = reflection.GetString(message, &field);
        return text.empty() && !field.has_presence() ? Value() : text;
      }
      default:
        return "a type that these schemas do not use";
    }
  }

  static void Walk(const pb::Message& message, const std::string& prefix, Values& values) {
    const pb::Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor& field = *type.field(i);
      const std::string path = prefix + field.name();
      if (field.message_type() == nullptr) {
        values[path] = Leaf(message, field);
      } else if (message.GetReflection()->HasField(message, &field)) {
        const pb::Message& inner = message.GetReflection()->GetMessage(message, &field);
        pb::Timestamp time;
        if (field.message_type()->full_name() == time.GetDescriptor()->full_name()) {
          time.ParseFromString(inner.SerializeAsString());
          values[path] = std::to_string(time.seconds() * 1'000'000 + time.nanos() / 1'000);
        } else {
          Walk(inner, path + ".", values);
        }
      }
    }
  }
};

PayloadReader::PayloadReader(const tabular::TestSchema& schema) : state_(std::make_unique<State>()) {
  for (const auto& file : schema.compiled.files.file()) state_->pool.BuildFile(file);
  state_->prototype = state_->factory.GetPrototype(state_->pool.FindMessageTypeByName(schema.compiled.message));
}

PayloadReader::~PayloadReader() = default;

Values PayloadReader::Read(std::string_view payload) const {
  std::unique_ptr<pb::Message> message(state_->prototype->New());
  Values values;
  if (!message->ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    values["(payload)"] = "is no record";
    return values;
  }
  State::Walk(*message, "", values);
  return values;
}

std::string Difference(const Values& expected, const Values& actual) {
  std::set<std::string> fields;
  for (const auto& [field, value] : expected) fields.insert(field);
  for (const auto& [field, value] : actual) fields.insert(field);
  for (const std::string& field : fields) {
    const auto wanted = expected.find(field);
    const auto got = actual.find(field);
    const Value want = wanted == expected.end() ? Value() : wanted->second;
    const Value have = got == actual.end() ? Value() : got->second;
    if (want != have) {
      return "field " + field + ": the source has " + want.value_or("nothing") + ", the record " +
             have.value_or("nothing");
    }
  }
  return "";
}

}  // namespace allmende::real_data
