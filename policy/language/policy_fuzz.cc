// Arbitrary text as a policy and as a city baseline: read, checked, tested, every message rendered.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "policy/language/check.h"
#include "policy/language/inline_tests.h"
#include "policy/language/parse.h"

namespace allmende::policy {
namespace {

using google::protobuf::FieldDescriptorProto;

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void AddField(google::protobuf::DescriptorProto& message, const char* name, FieldDescriptorProto::Type type,
              v1::FieldClass field_class, const char* type_name = nullptr) {
  FieldDescriptorProto& field = *message.add_field();
  field.set_name(name);
  field.set_number(message.field_size());
  field.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
  field.set_type(type);
  if (type_name != nullptr) {
    field.set_type_name(type_name);
  }
  field.mutable_options()->SetExtension(v1::class_, field_class);
}

// The fields of the seeds: sewer levels.
SchemaTable MakeSchema() {
  google::protobuf::FileDescriptorSet set;
  FieldDescriptorProto::descriptor()->file()->CopyTo(set.add_file());
  google::protobuf::Timestamp::descriptor()->file()->CopyTo(set.add_file());
  v1::Position::descriptor()->file()->CopyTo(set.add_file());
  google::protobuf::FileDescriptorProto& file = *set.add_file();
  file.set_name("record.proto");
  file.set_syntax("proto3");
  file.add_dependency(google::protobuf::Timestamp::descriptor()->file()->name());
  file.add_dependency(v1::Position::descriptor()->file()->name());
  google::protobuf::DescriptorProto& record = *file.add_message_type();
  record.set_name("Record");
  AddField(record, "zeit", FieldDescriptorProto::TYPE_MESSAGE, v1::PUBLIC, ".google.protobuf.Timestamp");
  AddField(record, "messstelle", FieldDescriptorProto::TYPE_STRING, v1::PUBLIC);
  AddField(record, "pegel_cm", FieldDescriptorProto::TYPE_DOUBLE, v1::PUBLIC);
  AddField(record, "ueberlauf_m3s", FieldDescriptorProto::TYPE_DOUBLE, v1::OPERATIONAL);
  AddField(record, "position", FieldDescriptorProto::TYPE_MESSAGE, v1::LOCATION, ".allmende.v1.Position");
  AddField(record, "schacht_id", FieldDescriptorProto::TYPE_STRING, v1::CRITICAL);
  AddField(record, "wartung_telefon", FieldDescriptorProto::TYPE_STRING, v1::PERSONAL);
  record.mutable_field(1)->mutable_options()->SetExtension(v1::key, true);
  return *SchemaTable::Compile(set.SerializeAsString(), "Record");
}

void Render(const std::vector<Diagnostic>& diagnostics) {
  for (const Diagnostic& diagnostic : diagnostics) {
    Require(!Message(diagnostic, Language::kEnglish).empty() && !Message(diagnostic, Language::kGerman).empty());
    // A message stays readable, whatever the file holds.
    Require(RenderDiagnostic(diagnostic, Language::kGerman).size() < 10'000);
    Require(RenderDiagnostic(diagnostic, Language::kEnglish).size() < 10'000);
  }
}

void Fuzz(std::string_view text) {
  static const auto& schema = *new SchemaTable(MakeSchema());
  const ParseResult result = ParsePolicy(text, "fuzz.policy.yaml");
  Render(result.diagnostics);
  Require(result.policy.has_value() == !HasErrors(result.diagnostics));
  const BaselineParseResult baseline = ParseBaseline(text, "fuzz.baseline.yaml");
  Render(baseline.diagnostics);
  Require(baseline.baseline.has_value() == !HasErrors(baseline.diagnostics));
  if (baseline.baseline) {
    Render(RunInlineTests(*baseline.baseline, text).diagnostics);
  }
  if (result.policy) {
    CheckOptions options;
    options.text = text;
    Render(CheckPolicy(*result.policy, schema, options));
    const TestReport report = RunInlineTests(*result.policy, nullptr, schema, text);
    Render(report.diagnostics);
    Require(report.passed + report.failed == static_cast<int>(result.policy->tests.size()));
  }
}

}  // namespace
}  // namespace allmende::policy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  allmende::policy::Fuzz(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
