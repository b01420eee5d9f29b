#include "broker/log/store_open.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

constexpr char kWhatToDo[] =
    ": restore the directory from a backup, or start with `--accept-loss` to go on from what is there";

// Collects losses if they are accepted, refuses the first one otherwise.
class Losses {
 public:
  explicit Losses(bool accept) : accept_(accept) {}

  absl::Status Add(const std::string& what) {
    if (!accept_) {
      return absl::DataLossError(absl::StrCat(what, kWhatToDo));
    }
    found_.push_back({what});
    return absl::OkStatus();
  }
  std::vector<Loss>& found() { return found_; }

 private:
  const bool accept_;
  std::vector<Loss> found_;
};

absl::StatusOr<CommitMark> ReadMark(const store::Database& database, std::string_view key) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<std::string> stored, database.Get(kCommitFamily, key));
  return stored.has_value() ? DecodeMark(*stored) : CommitMark();
}

// What the file says that the database does not bear out, as a sentence; empty if all is well.
absl::StatusOr<std::string> CompareMarks(const store::Database& database, const CommitMark& last,
                                         const std::string& file_path) {
  const absl::StatusOr<std::optional<CommitMark>> read = HeadFile::Read(file_path);
  if (absl::IsDataLoss(read.status())) {
    return std::string(read.status().message()).append(", so nobody knows whether the log is complete");
  }
  if (!read.ok()) {
    return read.status();
  }
  if (!read->has_value()) {
    return last.number == 0
               ? std::string()
               : absl::StrCat("the file `", file_path, "` is missing, so nobody knows whether the log is complete");
  }
  const CommitMark& mark = **read;
  if (mark.number > last.number) {
    return absl::StrCat("the log ends with commit ", last.number, ", but commit ", mark.number, " was acknowledged (`",
                        file_path, "`)");
  }
  if (mark.number == 0) {
    return std::string();
  }
  ALLMENDE_ASSIGN_OR_RETURN(const CommitMark known, ReadMark(database, CommitKey(mark.number)));
  if (known != mark) {
    return absl::StrCat("the log, with ", last.number, " commits, has another history than the file `", file_path,
                        "`, which knows commit ", mark.number);
  }
  return std::string();
}

// Whether the entry at `key` is what `head` says its last one is.
absl::StatusOr<bool> MatchesHead(const StoreLogOptions& options, LogId log, const HeadRecord& head, Sequence first,
                                 std::string_view value) {
  const absl::StatusOr<EncodedEntry> entry = DecodeEntry(value);
  if (!entry.ok() || entry->header.count != head.next_sequence - first || entry->header.hash != head.hash ||
      entry->header.entries_before + 1 != head.entries_end) {
    return false;
  }
  if (options.hash_of == nullptr) {
    return true;
  }
  const absl::StatusOr<LogHash> hash = options.hash_of(log, entry->bytes);
  return hash.ok() && *hash == head.hash;
}

// The last entry of `log` that is whole becomes its head; nothing after it stays. `head` is what the log should be.
absl::StatusOr<HeadRecord> FallBack(const StoreLogOptions& options, const store::Database& database, LogId log,
                                    const HeadRecord& head) {
  HeadRecord back = head;
  back.hash = {};
  back.next_sequence = head.first_sequence;
  back.last_entry = 0;
  back.entries_end = head.entries_start;
  back.bytes_end = head.bytes_start;
  const std::unique_ptr<store::Iterator> iterator = database.Scan(
      kEntryFamily, {.lower = EntryKey(log, head.first_sequence), .upper = EntryKey(log, head.next_sequence)});
  for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev()) {
    const absl::StatusOr<Sequence> first = SequenceOfEntryKey(iterator->key());
    const absl::StatusOr<EncodedEntry> entry = DecodeEntry(iterator->value());
    if (!first.ok() || !entry.ok()) {
      continue;
    }
    HeadRecord candidate = head;
    EndAfter(candidate, *first, entry->header);
    ALLMENDE_ASSIGN_OR_RETURN(const bool whole, MatchesHead(options, log, candidate, *first, iterator->value()));
    if (whole) {
      back = candidate;
      break;
    }
  }
  ALLMENDE_RETURN_IF_ERROR(iterator->status());
  return back;
}

absl::Status CheckLastEntry(const StoreLogOptions& options, const store::Database& database, LogId log,
                            HeadRecord& head, Losses& losses, store::WriteSet& repairs) {
  if (!head.holds_entries()) {
    return absl::OkStatus();
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<store::PinnedValue> last,
                            database.GetPinned(kEntryFamily, EntryKey(log, head.last_entry)));
  if (last.has_value()) {
    ALLMENDE_ASSIGN_OR_RETURN(const bool whole, MatchesHead(options, log, head, head.last_entry, last->value()));
    if (whole) {
      return absl::OkStatus();
    }
  }
  ALLMENDE_ASSIGN_OR_RETURN(const HeadRecord back, FallBack(options, database, log, head));
  ALLMENDE_RETURN_IF_ERROR(
      losses.Add(absl::StrCat(LogName(log), " should end with the entry at record ", head.last_entry, ", which is ",
                              last.has_value() ? "not the one that was written" : "missing",
                              "; what is whole ends before record ", back.next_sequence)));
  repairs.DeleteRange(kEntryFamily, EntryKey(log, back.next_sequence), EntryKeysEnd(log));
  repairs.Put(kHeadFamily, HeadKey(log), EncodeHead(back));
  head = back;
  return absl::OkStatus();
}

absl::StatusOr<absl::flat_hash_map<LogId, HeadRecord>> LoadHeads(const StoreLogOptions& options,
                                                                 const store::Database& database, Losses& losses,
                                                                 store::WriteSet& repairs) {
  absl::flat_hash_map<LogId, HeadRecord> heads;
  const std::unique_ptr<store::Iterator> iterator = database.Scan(kHeadFamily);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    ALLMENDE_ASSIGN_OR_RETURN(const LogId log, LogOfHeadKey(iterator->key()));
    ALLMENDE_ASSIGN_OR_RETURN(HeadRecord head, DecodeHead(iterator->value()));
    ALLMENDE_RETURN_IF_ERROR(CheckLastEntry(options, database, log, head, losses, repairs));
    heads.emplace(log, head);
  }
  ALLMENDE_RETURN_IF_ERROR(iterator->status());
  return heads;
}

absl::StatusOr<std::unique_ptr<store::Database>> OpenDatabase(const StoreLogOptions& options) {
  ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(options.path, FileAccess::kOwnerOnly));
  absl::StatusOr<std::unique_ptr<store::Database>> database =
      store::Database::Open(StoreOptions(DatabasePath(options.path), options.memory_bytes_max));
  if (absl::IsDataLoss(database.status())) {
    return absl::DataLossError(absl::StrCat(database.status().message(), ": restore the directory from a backup"));
  }
  return database;
}

}  // namespace

absl::StatusOr<OpenedStore> OpenStore(const StoreLogOptions& options) {
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<store::Database> database, OpenDatabase(options));
  Losses losses(options.accept_loss);
  const std::string file_path = HeadFilePath(options.path);
  ALLMENDE_ASSIGN_OR_RETURN(const CommitMark last, ReadMark(*database, kLastCommitKey));
  ALLMENDE_ASSIGN_OR_RETURN(const std::string difference, CompareMarks(*database, last, file_path));
  if (!difference.empty()) {
    ALLMENDE_RETURN_IF_ERROR(losses.Add(difference));
  }
  store::WriteSet repairs(*database);
  ALLMENDE_ASSIGN_OR_RETURN(auto heads, LoadHeads(options, *database, losses, repairs));
  if (!repairs.empty()) {
    ALLMENDE_RETURN_IF_ERROR(database->Commit(repairs, store::Durability::kSynced));
  }
  ALLMENDE_ASSIGN_OR_RETURN(HeadFile head_file, HeadFile::Create(file_path, last));
  return OpenedStore{std::move(database), std::move(head_file), last, std::move(heads), std::move(losses.found())};
}

}  // namespace allmende::broker
