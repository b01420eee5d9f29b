#include "policy/view/narrows.h"

#include <algorithm>
#include <string>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace allmende::policy {
namespace {

using Instructions = google::protobuf::RepeatedPtrField<v1::FieldInstruction>;

std::string Encoded(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream output(&bytes);
  google::protobuf::io::CodedOutputStream coded(&output);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

bool FieldsNarrow(const Instructions& before, const Instructions& after) {
  return std::any_of(before.begin(), before.end(), [&after](const v1::FieldInstruction& was) {
    const auto is = std::find_if(after.begin(), after.end(), [&was](const v1::FieldInstruction& instruction) {
      return instruction.number() == was.number();
    });
    if (is == after.end()) {
      return true;
    }
    if (was.has_nested() && is->has_nested()) {
      return FieldsNarrow(was.nested().fields(), is->nested().fields());
    }
    return !is->has_keep() && Encoded(was) != Encoded(*is);
  });
}

}  // namespace

bool Narrows(const v1::ViewProgram& before, const v1::ViewProgram& after) {
  if (after.has_rows() && (!before.has_rows() || Encoded(before.rows()) != Encoded(after.rows()))) {
    return true;
  }
  return FieldsNarrow(before.fields(), after.fields());
}

}  // namespace allmende::policy
