#include "policy/language/bounds_probe.h"

#include <string>
#include <utility>

#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "policy/decide/delivered.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;

constexpr char kDataset[] = "probe";

std::string FieldName(v1::FieldClass field_class, std::string_view what) {
  return Cat(FieldClassName(field_class), "_", what);
}

std::vector<v1::FieldClass> Classes() {
  return {v1::PUBLIC, v1::OPERATIONAL, v1::LOCATION, v1::IDENTIFIER, v1::PERSONAL, v1::CRITICAL};
}

// A schema with a text, a time, a place and a number of each class, so that every treatment fits one of them.
SchemaTable MakeSchema() {
  google::protobuf::FileDescriptorSet files;
  const auto* const options = google::protobuf::GetEnumDescriptor<v1::FieldClass>()->file();
  google::protobuf::FileDescriptorProto::descriptor()->file()->CopyTo(files.add_file());
  google::protobuf::Timestamp::descriptor()->file()->CopyTo(files.add_file());
  options->CopyTo(files.add_file());
  FileDescriptorProto* const file = files.add_file();
  file->set_name("probe.proto");
  file->set_syntax("proto3");
  file->add_dependency(options->name());
  file->add_dependency(google::protobuf::Timestamp::descriptor()->file()->name());
  DescriptorProto* const message = file->add_message_type();
  message->set_name("Probe");
  int number = 0;
  const auto add = [&](v1::FieldClass field_class, std::string_view what, FieldDescriptorProto::Type type,
                       const char* type_name) {
    FieldDescriptorProto* const field = message->add_field();
    field->set_name(FieldName(field_class, what));
    field->set_number(++number);
    field->set_label(FieldDescriptorProto::LABEL_OPTIONAL);
    field->set_type(type);
    if (type_name != nullptr) {
      field->set_type_name(type_name);
    }
    field->mutable_options()->SetExtension(v1::class_, field_class);
  };
  for (const v1::FieldClass field_class : Classes()) {
    add(field_class, "text", FieldDescriptorProto::TYPE_STRING, nullptr);
    add(field_class, "time", FieldDescriptorProto::TYPE_MESSAGE, ".google.protobuf.Timestamp");
    add(field_class, "place", FieldDescriptorProto::TYPE_MESSAGE, ".allmende.v1.Position");
    add(field_class, "number", FieldDescriptorProto::TYPE_DOUBLE, nullptr);
  }
  return *SchemaTable::Compile(files.SerializeAsString(), "Probe");
}

const SchemaTable& Schema() {
  static const auto& schema = *new SchemaTable(MakeSchema());
  return schema;
}

Policy MakePolicy(const std::vector<CrisisKind>& crises) {
  Policy policy;
  policy.file = "probe";
  policy.dataset = DatasetId(kDataset);
  Rule rule;
  rule.id = RuleId("everything");
  rule.audience.everyone = true;
  rule.purposes.any = true;
  rule.actions = {Action::kRead, Action::kSubscribe, Action::kLookup};
  rule.replica = ReplicaTerms{absl::Hours(24 * 366), std::nullopt, std::nullopt, {}};
  for (const v1::FieldClass field_class : Classes()) {
    for (const char* what : {"text", "time", "place", "number"}) {
      policy.fields.push_back({FieldName(field_class, what), field_class, {}});
    }
    rule.deliver.push_back({field_class, Keep{}, {}});
  }
  policy.rules.push_back(rule);
  if (!crises.empty()) {
    rule.id = RuleId("everything-in-a-crisis");
    rule.during = crises;
    policy.rules.push_back(rule);
  }
  return policy;
}

}  // namespace

BoundsProbe::BoundsProbe(const Baseline& baseline, const std::vector<CrisisKind>& crises) : schema_(Schema()) {
  policies_.Put(*Compile(MakePolicy(crises), &baseline, schema_));
}

DatasetId BoundsProbe::dataset() const {
  return DatasetId(kDataset);
}

std::set<v1::FieldClass> BoundsProbe::DeliveredClasses(const Decision& decision) const {
  std::set<v1::FieldClass> classes;
  if (decision.allowed()) {
    for (const auto& [path, treatment] : DeliveredFields(decision.entitlement().view, schema_)) {
      classes.insert(schema_.FindField(path)->field_class);
    }
  }
  return classes;
}

}  // namespace allmende::policy
