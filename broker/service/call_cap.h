// How many calls may be open at once, streams and calls with one answer alike. gRPC's own limit counts only what a
// client has acknowledged, so it bounds nobody who does not want to be bounded.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

// Thread-safe. Must outlive every slot.
class CallCap {
 public:
  CallCap(size_t calls_max, size_t calls_per_participant_max)
      : calls_max_(calls_max), calls_per_participant_max_(calls_per_participant_max) {}

  // Gives the place back at its end.
  class Slot {
   public:
    Slot(CallCap& cap, std::string participant) : cap_(cap), participant_(std::move(participant)) {}
    ~Slot() { cap_.Release(participant_); }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    CallCap& cap_;
    const std::string participant_;
  };

  // kResourceExhausted: too many calls, of this participant or of all.
  absl::StatusOr<std::unique_ptr<Slot>> Take(const std::string& participant);

 private:
  void Release(const std::string& participant);

  const size_t calls_max_;
  const size_t calls_per_participant_max_;
  Mutex mutex_;
  size_t open_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, size_t> by_participant_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende::broker
