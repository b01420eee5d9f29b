#include "sdk/replica/housekeeper.h"

#include <chrono>

namespace allmende::replica {

namespace {

// How much of what the clock has shown a power failure may take: whoever turns the clock back and cuts the power gains
// no more than this and the tolerance.
constexpr absl::Duration kInterval = absl::Seconds(5);
constexpr absl::Duration kClockStep = absl::Seconds(1);  // less is not worth a write

constexpr std::chrono::minutes kPurgePause(1);  // after a failure

}  // namespace

Housekeeper::Housekeeper(Copies* copies, Published* published, const CursorPlaces* cursors, absl::Time clock_saved)
    : copies_(copies), published_(published), cursors_(cursors), clock_saved_(clock_saved), thread_([this] {
        Run();
      }) {}

Housekeeper::~Housekeeper() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void Housekeeper::Wake() {
  MutexLock lock(mutex_);
  woken_ = true;
  changed_.NotifyAll();
}

void Housekeeper::Run() {
  bool last = false;
  while (true) {
    SaveClock();
    Purge();
    if (last) return;
    MutexLock lock(mutex_);
    while (!woken_ && !stopping_ && changed_.WaitFor(mutex_, kInterval)) {
    }
    woken_ = false;
    last = stopping_;
  }
}

void Housekeeper::SaveClock() {
  const absl::Time seen = published_->SeeClock();
  if (seen >= clock_saved_ && seen < clock_saved_ + kClockStep) return;
  // On a full disk the mark in memory has to do: what a replica is for must go on. Where a broker has vouched for an
  // earlier time, a later one stands there, and only a broker or the right time opens the copy.
  if (copies_->SaveClock(seen).ok()) clock_saved_ = seen;
}

void Housekeeper::Purge() {
  const absl::StatusOr<uint64_t> owed = copies_->PurgeOwed();
  if (!owed.ok() || *owed == 0) return;
  if (*owed != purge_through_) {
    purge_through_ = *owed;
    cursors_before_ = cursors_->count();
    purge_after_ = SteadyTime::min();
  }
  // A walk over the old copy keeps it in the files.
  if (cursors_->AnyOfFirst(cursors_before_) || std::chrono::steady_clock::now() < purge_after_) return;
  if (copies_->PurgeThrough(purge_through_).ok()) {
    purge_through_ = 0;
  } else {
    purge_after_ = std::chrono::steady_clock::now() + kPurgePause;
  }
}

}  // namespace allmende::replica
