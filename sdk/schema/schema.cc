#include "allmende/schema.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "policy/schema/canonical_set.h"
#include "policy/schema/schema_table.h"
#include "policy/wire/validator.h"
#include "sdk/base/status.h"
#include "sdk/crypto/hash.h"

namespace allmende {

namespace {

void AddWithImports(const google::protobuf::FileDescriptor& file, std::set<std::string>& added,
                    google::protobuf::FileDescriptorSet& set) {
  if (!added.insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddWithImports(*file.dependency(i), added, set);
  file.CopyTo(set.add_file());
}

absl::Status Unfit(const policy::RecordProblem& problem) {
  const std::string where = problem.field.empty() ? "the record" : absl::StrCat("field `", problem.field, "`");
  return absl::InvalidArgumentError(
      absl::StrCat(where, ": ", problem.detail, " (", std::string(policy::RecordProblemName(problem.code)), ")"));
}

}  // namespace

struct Schema::Data {
  Data(std::string set, std::string message, policy::SchemaTable compiled)
      : descriptor_set(std::move(set)),
        message_name(std::move(message)),
        table(std::move(compiled)),
        validator(table) {}

  const std::string descriptor_set;
  const std::string message_name;
  std::string hash;
  const policy::SchemaTable table;
  const policy::RecordValidator validator;
};

absl::StatusOr<Schema> Schema::Create(std::string_view descriptor_set, std::string_view message_name) {
  ALLMENDE_ASSIGN_OR_RETURN(policy::SchemaTable table, policy::SchemaTable::Compile(descriptor_set, message_name));
  ALLMENDE_ASSIGN_OR_RETURN(const std::string canonical, policy::CanonicalDescriptorSet(descriptor_set, message_name));
  auto data = std::make_shared<Data>(std::string(descriptor_set), std::string(message_name), std::move(table));
  data->hash = crypto::AsBytes(crypto::Sha256Of(canonical));
  return Schema(std::move(data));
}

absl::StatusOr<Schema> Schema::Create(const google::protobuf::Descriptor& message) {
  google::protobuf::FileDescriptorSet set;
  std::set<std::string> added;
  AddWithImports(*message.file(), added, set);
  return Create(set.SerializeAsString(), message.full_name());
}

absl::Status Schema::Describe(NewRecord& record, std::string& key) const {
  thread_local policy::RecordFacts facts;  // keeps its memory from record to record
  if (const std::optional<policy::RecordProblem> problem = data_->validator.Validate(record.payload, facts)) {
    return Unfit(*problem);
  }
  key = facts.key.bytes();
  record.key = key;
  if (record.operation == Operation::kDelete) {
    record.payload = {};
    return absl::OkStatus();
  }
  record.event_time.reset();
  if (facts.event_time_us.has_value()) record.event_time = absl::FromUnixMicros(*facts.event_time_us);
  return absl::OkStatus();
}

const std::string& Schema::descriptor_set() const {
  return data_->descriptor_set;
}
const std::string& Schema::message_name() const {
  return data_->message_name;
}
const std::string& Schema::hash() const {
  return data_->hash;
}

}  // namespace allmende
