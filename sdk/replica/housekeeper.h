// What a replica does on the disk besides following: it keeps in mind how late it was, and takes what a wider view
// showed out of all files. On a thread of its own, so that neither reads nor the sync wait for it.
#pragma once

#include <cstdint>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "sdk/base/mutex.h"
#include "sdk/client/mailbox.h"
#include "sdk/replica/copies.h"
#include "sdk/replica/cursor.h"
#include "sdk/replica/published.h"

namespace allmende::replica {

class Housekeeper {
 public:
  // Borrows all three. `clock_saved`: as Copies keeps it.
  Housekeeper(Copies* copies, Published* published, const CursorPlaces* cursors, absl::Time clock_saved);
  // Does what is owed first.
  ~Housekeeper();

  // There is something to purge. Thread-safe.
  void Wake();

 private:
  void Run();
  void SaveClock();
  void Purge();

  // Constant after construction.
  Copies* const copies_;
  Published* const published_;
  const CursorPlaces* const cursors_;

  // Of the thread.
  absl::Time clock_saved_;
  uint64_t purge_through_ = 0;   // as owed last
  uint64_t cursors_before_ = 0;  // so many cursors may walk over what is to be purged
  SteadyTime purge_after_ = SteadyTime::min();

  Mutex mutex_;
  CondVar changed_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: it uses everything above
};

}  // namespace allmende::replica
