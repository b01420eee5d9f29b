// A StoreLog's view: a snapshot of its database.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "broker/log/records.h"
#include "broker/log/store_format.h"
#include "broker/log/view.h"
#include "broker/log/view_gauge.h"
#include "sdk/store/database.h"

namespace allmende::broker {

// The entry that contains `sequence`, which must be held: its first sequence, and its header. Without a snapshot: as of
// now. kDataLoss: damaged or missing.
struct FoundEntry {
  Sequence first = 0;
  EntryHeader header;
};
absl::StatusOr<FoundEntry> FindEntry(const store::Database& database, LogId log, Sequence sequence,
                                     const store::Snapshot* snapshot);

// Where the last entry at or before `sequence` begins, held or given up and not deleted yet; 0 if there is none.
absl::StatusOr<Sequence> EntryAtOrBefore(const store::Database& database, LogId log, Sequence sequence);

class StoreView final : public LogView, public std::enable_shared_from_this<StoreView> {
 public:
  // Both are borrowed.
  static std::shared_ptr<const StoreView> Take(const store::Database& database, ViewGauge& gauge);
  ~StoreView() override;

  absl::StatusOr<LogHead> HeadOf(LogId log) const override;
  absl::StatusOr<std::unique_ptr<LogCursor>> ReadFrom(LogId log, LogPosition position,
                                                      std::size_t bytes_max) const override;
  absl::StatusOr<std::unique_ptr<LogCursor>> ReadFromSequence(LogId log, Sequence sequence,
                                                              std::size_t bytes_max) const override;
  absl::StatusOr<Sequence> FirstSequenceWithin(LogId log, std::uint64_t bytes) const override;
  absl::StatusOr<std::optional<std::string>> GetSide(SideFamily family, std::string_view key) const override;
  std::unique_ptr<SideCursor> ScanSide(SideFamily family, std::string_view prefix,
                                       std::string_view start) const override;

 private:
  StoreView(const store::Database& database, ViewGauge& gauge);

  absl::StatusOr<HeadRecord> RecordOf(LogId log) const;
  std::unique_ptr<store::Iterator> EntriesUpTo(LogId log, Sequence end) const;

  const store::Database& database_;
  ViewGauge& gauge_;
  const std::uint64_t ticket_;
  std::unique_ptr<store::Snapshot> snapshot_;  // constant while the view lives
};

}  // namespace allmende::broker
