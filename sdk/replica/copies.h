// A replica on the disk: copies of the dataset's view, and the state that belongs to them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/record.h"
#include "allmende/subscriber.h"
#include "sdk/session/replica_state.h"
#include "sdk/store/database.h"

namespace allmende::replica {

// What a directory holds, fixed when it is made, but for the purpose.
struct CopiesOf {
  std::string dataset = {};
  std::string agreement = {};
  std::string purpose = {};      // may be replaced; empty: as before
  std::string participant = {};  // whose view it is; known since the first sync
};

// What reads are about.
struct CopyName {
  uint64_t number = 0;
  bool is_table = false;
};

// Reads are thread-safe; Store, Commit, Drop and Forget are for one thread at a time.
class Copies {
 public:
  // Makes the directory if a dataset is named. `beside_another` as in ReplicaOptions. Errors as Replica::Open.
  static absl::StatusOr<std::unique_ptr<Copies>> Open(const std::string& directory, const CopiesOf& of,
                                                      bool beside_another = false);

  // A sync begins: keeps whose view this is and for which purpose, where that is not known yet. Not while another sync
  // runs.
  //   kFailedPrecondition  it is another participant's; or another process has the directory open
  absl::Status Claim(const std::string& participant, const std::string& purpose);

  const CopiesOf& of() const { return of_; }
  bool read_only() const { return database_->options().read_only; }

  // As committed last.
  absl::StatusOr<session::ReplicaState> Load() const;

  // Adds the batch's records behind `skip_through` to what is committed next, and returns by how many records the copy
  // will grow, or shrink. `new_keys`: no record replaces another, so none is looked for. kDataLoss: damaged.
  absl::StatusOr<int64_t> Store(CopyName copy, const RecordBatch& batch, uint64_t skip_through, bool new_keys);
  // Writes `state` and what was stored since the last commit, together.
  absl::Status Commit(const session::ReplicaState& state, bool with_opened, bool synced);
  // Drops what was stored and not committed.
  void Forget();
  // Streams: adds to what is committed next that records before `oldest` go, and returns by how many the copy will
  // grow: not a positive number.
  absl::StatusOr<int64_t> Trim(CopyName copy, uint64_t oldest);
  // Removes a copy's records. With `purge` it is kept in mind that they have to leave all files, see PurgeOwed.
  absl::Status Drop(uint64_t copy, bool purge);
  // Drops, and will purge, what belongs to no copy of `state`: a process died, or the disk was full.
  absl::Status DropLeftOver(const session::ReplicaState& state);

  // The latest of the copies that have to leave all files, 0: none; and what makes them leave, with those before them.
  // Takes a while; what somebody walks over stays. Both thread-safe.
  absl::StatusOr<uint64_t> PurgeOwed() const;
  absl::Status PurgeThrough(uint64_t copy);

  // The latest time that the local clock has shown, besides ReplicaState::clock_seen. Survives a power failure.
  // Thread-safe.
  absl::Status SaveClock(absl::Time seen);
  absl::StatusOr<absl::Time> LoadClock() const;

  // The record under a database key (TableKey, StreamKey). kDataLoss: damaged.
  absl::StatusOr<std::optional<StoredRecord>> Get(CopyName copy, std::string_view database_key) const;
  std::unique_ptr<store::Snapshot> TakeSnapshot() const { return database_->TakeSnapshot(); }
  std::unique_ptr<store::Iterator> Scan(const store::ScanOptions& options) const;

  uint64_t BytesOnDisk() const;

 private:
  Copies(std::string directory, std::unique_ptr<store::Database> database)
      : directory_(std::move(directory)), database_(std::move(database)), pending_(*database_) {}

  absl::Status LoadOf(const CopiesOf& wanted);
  absl::Status SaveOf();
  absl::StatusOr<bool> Exists(const std::string& database_key);

  // Constant after Open, but for `of_`, which Claim completes.
  const std::string directory_;
  const std::unique_ptr<store::Database> database_;
  CopiesOf of_;

  store::WriteSet pending_;
  absl::flat_hash_map<std::string, bool> pending_keys_;  // tables: whether a key is there once this is committed
  std::string value_;                                    // keeps its memory from record to record
};

}  // namespace allmende::replica
