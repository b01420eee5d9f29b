// What a replica knows about its copy. Kept on the disk in the same write as the records it is about.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "allmende/v1/exchange.pb.h"

namespace allmende::session {

// One copy of the dataset's view. Copies have numbers, so that a new one can be made beside the one that is served.
struct ReplicaCopy {
  uint64_t number = 0;   // 0: none
  uint64_t applied = 0;  // everything of the view up to this sequence is in it
  uint64_t records = 0;  // tables: keys

  friend bool operator==(const ReplicaCopy&, const ReplicaCopy&) = default;
};

struct ReplicaState {
  ReplicaCopy served;
  ReplicaCopy made;          // being made; replaces `served` once it is complete
  uint64_t made_target = 0;  // streams: complete when it reaches this sequence

  // Either closes the copy to reads.
  bool narrowed = false;  // the view became narrower than `served`, until `made` replaces it
  bool ended = false;     // nothing permits a copy any more, until the broker permits it again

  // For `served`.
  std::string resume_token;
  uint64_t token_sequence = 0;

  uint64_t head = 0;  // of the dataset, as last heard
  uint64_t epoch = 0;
  absl::Time as_of = absl::InfinitePast();        // by the broker's clock: then nothing newer existed
  absl::Time level_at = absl::InfinitePast();     // the same by the local clock
  absl::Time lease_until = absl::InfinitePast();  // by the local clock; InfinitePast: no lease
  // The local clock has been here, so it cannot honestly show less. Set anew at each contact, for then the broker
  // vouches.
  absl::Time clock_seen = absl::InfinitePast();

  // Dataset, schema and terms. Changes rarely; kept apart on the disk.
  v1::Opened opened;
};

}  // namespace allmende::session
