// What goes to the disk with one fsync.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "broker/log/head_table.h"
#include "broker/log/store_format.h"
#include "broker/log/store_log.h"
#include "broker/log/write.h"
#include "sdk/store/database.h"

namespace allmende::broker {

// When trimmed entries of each log were last deleted.
using ReclaimTimes = absl::flat_hash_map<LogId, std::chrono::steady_clock::time_point>;

// Collects writes of one group and what each will be told once the group is durable. Not thread-safe; for the
// committer.
class StoreGroup {
 public:
  // Everything is borrowed; `writes` is empty.
  StoreGroup(const store::Database& database, const HeadTable& heads, const StoreLogOptions& options,
             ReclaimTimes& reclaims, store::WriteSet& writes)
      : database_(database), heads_(heads), options_(options), reclaims_(reclaims), writes_(writes) {}

  // False: the write must look at what an earlier one of this group does, so it begins the next group. Nothing was
  // taken.
  bool Add(Write& write);

  bool empty() const { return outcomes_.empty(); }
  // Whether there is anything to write.
  bool changes() const { return changes_; }

  // Adds the heads and the mark that follows `last`, which is returned.
  CommitMark Seal(const CommitMark& last);

  struct Outcome {
    Write write;
    absl::StatusOr<LogHead> head;  // of the log after this write
  };
  // In the order in which they were added.
  std::vector<Outcome>& outcomes() { return outcomes_; }

  const std::map<LogId, HeadRecord>& changed_heads() const { return changed_; }
  // The logs of which entries were deleted.
  const std::vector<LogId>& reclaimed() const { return reclaimed_; }
  // The logs that grew, in order of their numbers.
  const std::vector<LogId>& grown() const { return grown_; }

 private:
  HeadRecord HeadOf(LogId log) const;
  absl::StatusOr<LogHead> Stage(const Write& write);
  absl::StatusOr<LogHead> StageAppend(const Write& write);
  absl::StatusOr<LogHead> StageReplace(const Write& write);
  absl::StatusOr<LogHead> StageTrim(const Write& write);
  absl::StatusOr<LogHead> StageReclaim(LogId log, HeadRecord head, Sequence from);
  absl::StatusOr<LogHead> StageSideAlone(const std::vector<SideWrite>& writes);
  void StageSide(const std::vector<SideWrite>& writes);
  bool ReclaimIsDue(LogId log, const HeadRecord& head);

  const store::Database& database_;
  const HeadTable& heads_;
  const StoreLogOptions& options_;
  ReclaimTimes& reclaims_;
  store::WriteSet& writes_;

  std::vector<Outcome> outcomes_;
  std::map<LogId, HeadRecord> changed_;
  std::vector<LogId> grown_;
  std::vector<LogId> reclaimed_;
  std::size_t new_logs_ = 0;
  bool changes_ = false;
  std::string chained_;  // what the mark covers of this group: log, first sequence and hash of every entry
};

}  // namespace allmende::broker
