#include "broker/service/call_cap.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace allmende::broker {

absl::StatusOr<std::unique_ptr<CallCap::Slot>> CallCap::Take(const std::string& participant) {
  MutexLock lock(mutex_);
  if (open_ >= calls_max_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the broker serves ", calls_max_, " calls, which is its limit: retry later or elsewhere"));
  }
  size_t& of_participant = by_participant_[participant];
  if (of_participant >= calls_per_participant_max_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("`", participant, "` has ", of_participant, " calls open, which is the limit: end one first"));
  }
  ++open_;
  ++of_participant;
  return std::make_unique<Slot>(*this, participant);
}

void CallCap::Release(const std::string& participant) {
  MutexLock lock(mutex_);
  --open_;
  const auto found = by_participant_.find(participant);
  if (--found->second == 0) {
    by_participant_.erase(found);
  }
}

}  // namespace allmende::broker
