// What a command needs to know of a dataset.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "allmende/client.h"
#include "allmende/v1/catalogue.pb.h"
#include "policy/schema/schema_table.h"
#include "sdk/cli/data/outbox_folder.h"
#include "sdk/schema_tools/record_printer.h"

namespace allmende::cli {

// A schema in the forms that commands use.
struct SchemaForms {
  std::shared_ptr<const policy::SchemaTable> table;
  std::unique_ptr<RecordPrinter> printer;
};

// kInvalidArgument: the bytes are no usable schema.
absl::StatusOr<SchemaForms> ReadSchema(const std::string& descriptor_set, const std::string& message_name);

struct DatasetInfo {
  v1::Dataset dataset;
  SchemaForms schema;
  bool remembered = false;  // no broker could be reached; this is how the dataset was last seen
};

// Asks the broker, and remembers the answer in `folder`, which is made then; asks there where no broker can be reached.
//   kUnavailable, kDeadlineExceeded  neither could answer
//   others                           as the broker says
absl::StatusOr<DatasetInfo> DescribeDataset(Client& client, const std::string& name, const OutboxFolder& folder);

}  // namespace allmende::cli
