#include <algorithm>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "policy/view/view.h"

namespace allmende::policy {
namespace {

using v1::FieldInstruction;

std::string Deterministic(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&output);
  }
  return bytes;
}

void SortFields(google::protobuf::RepeatedPtrField<FieldInstruction>& fields) {
  std::stable_sort(fields.begin(), fields.end(),
                   [](const FieldInstruction& a, const FieldInstruction& b) { return a.number() < b.number(); });
  for (FieldInstruction& field : fields) {
    if (field.has_nested()) {
      SortFields(*field.mutable_nested()->mutable_fields());
    }
  }
}

void SortConstants(v1::RowFilter& filter) {
  switch (filter.condition_case()) {
    case v1::RowFilter::kAll:
    case v1::RowFilter::kAny:
      for (v1::RowFilter& part : *(filter.has_all() ? filter.mutable_all() : filter.mutable_any())->mutable_of()) {
        SortConstants(part);
      }
      break;
    case v1::RowFilter::kNegated:
      SortConstants(*filter.mutable_negated());
      break;
    case v1::RowFilter::kMember: {
      std::vector<std::string> encoded;
      for (const v1::RowConstant& value : filter.member().values()) {
        encoded.push_back(Deterministic(value));
      }
      std::sort(encoded.begin(), encoded.end());
      encoded.erase(std::unique(encoded.begin(), encoded.end()), encoded.end());
      filter.mutable_member()->clear_values();
      for (const std::string& value : encoded) {
        filter.mutable_member()->add_values()->ParseFromString(value);
      }
      break;
    }
    case v1::RowFilter::kCompare:
    case v1::RowFilter::CONDITION_NOT_SET:
      break;
  }
}

}  // namespace

std::string CanonicalProgram(const v1::ViewProgram& program) {
  v1::ViewProgram canonical = program;
  SortFields(*canonical.mutable_fields());
  if (canonical.has_rows()) {
    SortConstants(*canonical.mutable_rows());
  }
  return Deterministic(canonical);
}

}  // namespace allmende::policy
