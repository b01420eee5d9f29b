#include "sdk/cli/data/outbox_folder.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sdk/base/endian.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/crypto/hash.h"

namespace allmende::cli {
namespace {

// The file: magic with version, SHA-256 of what follows, then for each key in order: two lengths of four bytes, key,
// payload.
constexpr std::string_view kMagic("ALMTAB\0\1", 8);
constexpr size_t kHashBytes = sizeof(crypto::Digest);
constexpr size_t kTableBytesMax = size_t{1} << 30;

class TableImporter final : public tabular::Importer {
 public:
  explicit TableImporter(const TableState& table) : table_(table), next_(table.begin()) {}

  absl::StatusOr<tabular::ImportStep> Next(tabular::ImportedRecord& record) override {
    if (next_ == table_.end()) return tabular::ImportStep::kEnd;
    record = {.key = next_->first, .payload = next_->second, .line = ++line_};
    ++next_;
    return tabular::ImportStep::kRecord;
  }

  const std::string& name() const override { return name_; }
  bool has_key() const override { return true; }
  bool follows() const override { return false; }
  const std::vector<tabular::InputError>& errors() const override { return errors_; }
  tabular::ImportStatistics statistics() const override { return {.rows = line_, .records = line_}; }

 private:
  const TableState& table_;
  TableState::const_iterator next_;
  int64_t line_ = 0;
  const std::string name_ = "the table as it was last published";
  const std::vector<tabular::InputError> errors_;
};

absl::Status Damaged(const std::string& path) {
  return absl::DataLossError(absl::StrCat("`", path,
                                          "`, which keeps the table as it was last published, is damaged; "
                                          "remove it and name the last good file with --previous"));
}

bool TakeText(std::string_view& rest, size_t size, std::string& out) {
  if (rest.size() < size) return false;
  out.assign(rest.substr(0, size));
  rest.remove_prefix(size);
  return true;
}

}  // namespace

Option OutboxOption() {
  return {.name = "outbox",
          .help = "where records are kept until a broker has stored them; one folder for each dataset",
          .kind = ValueKind::kDirectory};
}

absl::StatusOr<OutboxFolder> FindOutbox(const Context& context, const Values& values, const Client& client,
                                        const std::string& dataset) {
  OutboxFolder folder{.path = values.Text("outbox")};
  if (folder.path.empty()) {
    std::string state = context.Environment("XDG_STATE_HOME");
    const std::string home = context.Environment("HOME");
    if (state.empty() && home.empty()) {
      return absl::FailedPreconditionError(
          "neither HOME nor XDG_STATE_HOME is set, so there is no usual place for the outbox; name one with --outbox");
    }
    if (state.empty()) state = absl::StrCat(home, "/.local/state");
    // A dataset's name has no dots.
    folder.path = absl::StrCat(state, "/allmende/outbox/", client.participant().empty() ? "-" : client.participant(),
                               "/", absl::StrReplaceAll(dataset, {{"/", "."}}));
  }
  return folder;
}

absl::Status MakeOutbox(const OutboxFolder& folder) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(folder.path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return SystemError(error.value(), "make the folder for", folder.path);
  return EnsureDirectory(folder.path, FileAccess::kOwnerOnly);
}

absl::StatusOr<std::optional<TableState>> LoadTable(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadFile(path, kTableBytesMax);
  if (absl::IsNotFound(bytes.status())) return std::optional<TableState>();
  ALLMENDE_RETURN_IF_ERROR(bytes.status());
  std::string_view rest = *bytes;
  if (rest.size() < kMagic.size() + kHashBytes || rest.substr(0, kMagic.size()) != kMagic) return Damaged(path);
  const std::string_view hash = rest.substr(kMagic.size(), kHashBytes);
  rest.remove_prefix(kMagic.size() + kHashBytes);
  if (crypto::AsBytes(crypto::Sha256Of(rest)) != hash) return Damaged(path);
  TableState table;
  std::string key;
  std::string payload;
  while (!rest.empty()) {
    if (rest.size() < 8) return Damaged(path);
    const uint32_t key_bytes = LoadBigEndian<uint32_t>(rest.data());
    const uint32_t payload_bytes = LoadBigEndian<uint32_t>(rest.data() + 4);
    rest.remove_prefix(8);
    if (!TakeText(rest, key_bytes, key) || !TakeText(rest, payload_bytes, payload)) return Damaged(path);
    table.emplace_hint(table.end(), std::move(key), std::move(payload));
  }
  return table;
}

absl::Status SaveTable(const std::string& path, const TableState& table) {
  std::string body;
  for (const auto& [key, payload] : table) {
    AppendBigEndian(static_cast<uint32_t>(key.size()), body);
    AppendBigEndian(static_cast<uint32_t>(payload.size()), body);
    body.append(key).append(payload);
  }
  std::string bytes(kMagic);
  bytes.append(crypto::AsBytes(crypto::Sha256Of(body))).append(body);
  return WriteFileAtomically(path, bytes, FileAccess::kOwnerOnly);
}

std::unique_ptr<tabular::Importer> ImportOf(const TableState& table) {
  return std::make_unique<TableImporter>(table);
}

void Apply(const tabular::ImportedRecord& record, TableState& table) {
  if (record.operation == tabular::Operation::kDelete) {
    table.erase(record.key);
  } else {
    table[record.key] = record.payload;
  }
}

}  // namespace allmende::cli
