#include "sdk/cli/data/dataset_info.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/cli/frame/error.h"

namespace allmende::cli {
namespace {

constexpr size_t kMemoryBytesMax = size_t{4} << 20;

absl::StatusOr<v1::Dataset> Remembered(const std::string& memory_file, const std::string& name,
                                       const absl::Status& why) {
  const absl::StatusOr<std::string> bytes = ReadFile(memory_file, kMemoryBytesMax);
  v1::Dataset dataset;
  if (!bytes.ok() || !dataset.ParseFromString(*bytes) || dataset.name() != name) {
    return WithHint(why, "a dataset has to be seen once before records for it can be kept here without a broker");
  }
  return dataset;
}

}  // namespace

absl::StatusOr<SchemaForms> ReadSchema(const std::string& descriptor_set, const std::string& message_name) {
  SchemaForms forms;
  ALLMENDE_ASSIGN_OR_RETURN(policy::SchemaTable table, policy::SchemaTable::Compile(descriptor_set, message_name));
  forms.table = std::make_shared<const policy::SchemaTable>(std::move(table));
  google::protobuf::FileDescriptorSet files;
  if (!files.ParseFromString(descriptor_set)) {
    return absl::InvalidArgumentError("the schema's bytes are no descriptor set");
  }
  ALLMENDE_ASSIGN_OR_RETURN(forms.printer, RecordPrinter::Create(files, message_name));
  return forms;
}

absl::StatusOr<DatasetInfo> DescribeDataset(Client& client, const std::string& name, const OutboxFolder& folder) {
  const std::string memory_file = folder.dataset();
  DatasetInfo info;
  absl::StatusOr<v1::Dataset> answer = client.GetDataset(name, /*with_schema=*/true);
  if (answer.ok()) {
    info.dataset = *std::move(answer);
    ALLMENDE_RETURN_IF_ERROR(MakeOutbox(folder));
    ALLMENDE_RETURN_IF_ERROR(
        WriteFileAtomically(memory_file, info.dataset.SerializeAsString(), FileAccess::kOwnerOnly));
  } else if (absl::IsUnavailable(answer.status()) || absl::IsDeadlineExceeded(answer.status())) {
    ALLMENDE_ASSIGN_OR_RETURN(info.dataset, Remembered(memory_file, name, answer.status()));
    info.remembered = true;
  } else {
    return answer.status();
  }
  ALLMENDE_ASSIGN_OR_RETURN(info.schema, ReadSchema(info.dataset.schema(), info.dataset.message_name()));
  return info;
}

}  // namespace allmende::cli
