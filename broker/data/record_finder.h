// Single records of a dataset's log, by sequence.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/log/log.h"
#include "sdk/format/batch.h"

namespace allmende::broker {

// Keeps the batch that it found last, as what is asked for next often lies in it. Not thread-safe.
class RecordFinder {
 public:
  RecordFinder(std::shared_ptr<const LogView> view, LogId log) : view_(std::move(view)), log_(log) {}

  // The record as it is stored, so it may be an erased one; none where its batch is no longer kept. What it borrows is
  // valid until the next call. Blocks on the disk.
  //   kDataLoss  the batch is damaged or missing
  absl::StatusOr<std::optional<format::RecordView>> Find(Sequence sequence);
  // Whose record it is, according to its batch. Requires that Find found one.
  const format::DatasetId& dataset() const { return walk_->statement().dataset; }

 private:
  absl::Status Open(Sequence sequence);

  const std::shared_ptr<const LogView> view_;
  const LogId log_;
  // The batch, and its records as far as they were needed.
  std::unique_ptr<LogCursor> cursor_;
  std::optional<format::BatchWalk> walk_;
  std::vector<format::RecordView> records_;
};

}  // namespace allmende::broker
