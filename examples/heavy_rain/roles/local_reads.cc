#include "examples/heavy_rain/roles/local_reads.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace heavy_rain {
namespace {

constexpr absl::Duration kBetweenReads = absl::Milliseconds(20);
constexpr absl::Duration kBetweenReports = absl::Milliseconds(200);

}  // namespace

LocalReads::LocalReads(std::vector<Copy> copies, std::string shown_dataset, std::string shown_key, Console& console)
    : copies_(std::move(copies)),
      shown_dataset_(std::move(shown_dataset)),
      shown_key_(std::move(shown_key)),
      console_(console) {
  thread_ = std::thread([this] { Run(); });
}

LocalReads::~LocalReads() {
  stopping_ = true;
  thread_.join();
}

void LocalReads::Run() {
  absl::Time told = absl::Now();
  for (; !stopping_; ++round_) {
    for (const Copy& copy : copies_) ReadOne(copy);
    if (absl::Now() - told >= kBetweenReports) {
      Tell();
      told = absl::Now();
    }
    absl::SleepFor(kBetweenReads);
  }
  Tell();
}

void LocalReads::ReadOne(const Copy& copy) {
  const absl::StatusOr<allmende::GetResult> result = Get(copy);
  absl::Status status = result.status();
  if (status.ok() && !result->record.has_value()) status = absl::NotFoundError("a record that the copy had is gone");
  if (!status.ok()) {
    ++counts_.failed;
    if (counts_.error.empty()) counts_.error = absl::StrCat(copy.dataset, ": ", std::string(status.message()));
    return;
  }
  ++counts_.ok;
  counts_.offline += result->info.source == allmende::ReadInfo::Source::kOffline;
  counts_.oldest = std::max(counts_.oldest, result->info.age);
  if (copy.dataset == shown_dataset_ && result->record->key.find(shown_key_) != std::string::npos) {
    counts_.sample = result->record->payload;
    counts_.sample_age = result->info.age;
  }
}

// Tables: one key after the other. Streams: sequences all over what is there.
absl::StatusOr<allmende::GetResult> LocalReads::Get(const Copy& copy) {
  if (!copy.table) {
    const uint64_t watermark = copy.replica->status().info.watermark;
    if (watermark == 0) return absl::UnavailableError("the copy is empty");
    return copy.replica->GetSequence(1 + round_ * 7919 % watermark);
  }
  std::vector<std::string>& keys = keys_[copy.dataset];
  if (keys.empty()) {
    if (absl::Status status = LearnKeys(copy, keys); !status.ok()) return status;
  }
  return copy.replica->Get(keys[round_ % keys.size()]);
}

absl::Status LocalReads::LearnKeys(const Copy& copy, std::vector<std::string>& keys) {
  const absl::StatusOr<std::unique_ptr<allmende::ReplicaCursor>> cursor = copy.replica->Scan();
  if (!cursor.ok()) return cursor.status();
  while ((*cursor)->Next()) keys.emplace_back((*cursor)->record().key);
  if (!(*cursor)->status().ok()) return (*cursor)->status();
  return keys.empty() ? absl::UnavailableError("the copy is empty") : absl::OkStatus();
}

// Counts are totals; the oldest age is of the time since the last report.
void LocalReads::Tell() {
  console_.Tell(Report("reads")
                    .With("ok", counts_.ok)
                    .With("failed", counts_.failed)
                    .With("offline", counts_.offline)
                    .With("oldest_us", static_cast<uint64_t>(absl::ToInt64Microseconds(counts_.oldest)))
                    .With("error", counts_.error)
                    .With("sample", counts_.sample)
                    .With("sample_age_us", static_cast<uint64_t>(absl::ToInt64Microseconds(counts_.sample_age))));
  counts_.oldest = absl::ZeroDuration();
}

}  // namespace heavy_rain
