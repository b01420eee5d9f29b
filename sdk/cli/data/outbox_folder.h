// Where a dataset's outbox is, and what is kept beside it:
//
//   FOLDER/queue     the publisher's outbox: records that no broker has stored yet
//   FOLDER/dataset   the dataset as the broker last described it
//   FOLDER/table     a table as it was last published, for `publish --snapshot`
#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/client.h"
#include "sdk/cli/frame/command.h"
#include "sdk/cli/frame/context.h"
#include "sdk/tabular/importer.h"

namespace allmende::cli {

struct OutboxFolder {
  std::string path;
  std::string queue() const { return path + "/queue"; }
  std::string dataset() const { return path + "/dataset"; }
  std::string table() const { return path + "/table"; }
};

// `--outbox`, else a folder for this participant and dataset in `$XDG_STATE_HOME/allmende/outbox` (else
// `~/.local/state/...`). It may not be there yet.
//   kFailedPrecondition  neither XDG_STATE_HOME nor HOME is set
absl::StatusOr<OutboxFolder> FindOutbox(const Context& context, const Values& values, const Client& client,
                                        const std::string& dataset);

// Makes the folder if it is not there. kFailedPrecondition: a file is in the way.
absl::Status MakeOutbox(const OutboxFolder& folder);

// The option that FindOutbox reads.
Option OutboxOption();

// A table's latest payload of each canonical key.
using TableState = std::map<std::string, std::string>;

// None where no table was published from here yet.
//   kDataLoss  the file is damaged; says what to do
absl::StatusOr<std::optional<TableState>> LoadTable(const std::string& path);
// OK means fsynced.
absl::Status SaveTable(const std::string& path, const TableState& table);

// The table as an import that can be compared with another one. Borrows `table`.
std::unique_ptr<tabular::Importer> ImportOf(const TableState& table);

// What the record does to the table.
void Apply(const tabular::ImportedRecord& record, TableState& table);

}  // namespace allmende::cli
