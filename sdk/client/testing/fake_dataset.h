// For tests: one dataset as a broker keeps it, in memory, with faults to order. Several brokers over one dataset are
// the endpoints of one exchange.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/v1/exchange.pb.h"
#include "sdk/base/clock.h"
#include "sdk/base/mutex.h"
#include "sdk/crypto/random.h"
#include "sdk/format/batch.h"
#include "sdk/format/chain.h"
#include "sdk/format/delivery.h"

namespace allmende {

enum class BatchFate {
  kStore,
  kStoreAndCut,  // stored, and the connection breaks before the answer
  kCut,          // the connection breaks before it is stored
  kRefuse,       // its record 1 is bad
  kDiskFailed,   // the stream ends: the broker's disk failed before it was stored
  kExpired,      // the stream ends: the caller's certificate is over
};

// Thread-safe.
class FakeDataset {
 public:
  explicit FakeDataset(v1::DatasetKind kind = v1::STREAM);

  // Publishing.
  absl::StatusOr<v1::PublishOpened> OpenPublish(const v1::PublishOpen& open);
  // Checks everything that a broker checks of a batch's place; violations are refused as a broker would.
  v1::PublishResponse Store(const std::string& batch);
  // What happens to the nth batch (from 0) that arrives from now on.
  void DecideFate(std::function<BatchFate(uint64_t nth)> fate);
  BatchFate NextFate();
  void SetBounds(uint64_t batch_bytes_max, uint64_t in_flight_bytes_max);

  // What is stored.
  struct Item {
    uint64_t sequence = 0;
    format::Operation operation;
    std::string key;
    std::string payload;
    int64_t created_us = 0;  // of its batch
  };
  std::vector<Item> Records() const;
  uint64_t head() const;
  uint64_t epoch() const;
  uint64_t repeats() const;  // batches that were stored before
  // Returns when so many records are stored.
  void AwaitRecords(uint64_t count) const;

  // Stores a batch itself. Keys are taken as they are.
  void Append(const std::vector<format::RecordContent>& records);
  // Another log takes the place of this one, empty, under the same or another id.
  void ReplaceLog(bool same_id);

  // Subscribing.
  using Stopped = std::function<bool()>;
  using Send = std::function<bool(const v1::SubscribeResponse&)>;
  absl::Status Serve(const v1::SubscribeRequest& request, const Stopped& stopped, const Send& send);

  // What a record looks like to subscribers; nothing: withheld. Empty function: batches go out as they are.
  using View = std::function<std::optional<std::string>(const format::RecordView&)>;
  void SetView(View view, const std::string& view_id, bool narrowed);
  // What is before is no longer kept; told with the next watermark.
  void Trim(uint64_t oldest);
  void SetLease(std::optional<absl::Duration> lease);  // none: no copy may be kept
  void Refuse(std::optional<std::string> code);
  void SetClock(const Clock* clock);
  // Sees each message before it goes out and may change it. False: the connection breaks instead.
  using Tamper = std::function<bool(v1::SubscribeResponse&)>;
  void SetTamper(Tamper tamper);
  std::vector<v1::SubscribeRequest> requests() const;

 private:
  struct Stored {
    std::string bytes;
    uint64_t first = 0;
    uint64_t last = 0;
    crypto::Digest hash{};
  };
  struct Reader {
    uint64_t next = 1;
    uint64_t head_at_start = 0;
    bool snapshot = false;
    bool watermark_due = true;
    uint64_t terms_version = 0;
  };

  absl::StatusOr<Reader> OpenReader(const v1::SubscribeRequest& request, v1::Opened& opened)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The next message for the reader; nothing: wait. Sets `over` with the last one.
  std::optional<v1::SubscribeResponse> NextMessage(const v1::SubscribeRequest& request, Reader& reader, bool& over)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::SubscribeResponse Deliver(Reader& reader, bool accept_withheld) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::SubscribeResponse Watermark(const Reader& reader) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Terms Terms() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsLatest(const std::string& key, uint64_t sequence) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time Now() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::PublishResponse Refusal(v1::PublishRefusedCode code, const std::string& detail) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Keep(std::string bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const v1::DatasetKind kind_;

  mutable Mutex mutex_;
  mutable CondVar changed_;
  format::ChainHead head_ ABSL_GUARDED_BY(mutex_);
  std::string writer_id_ ABSL_GUARDED_BY(mutex_);
  uint64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  int log_number_ ABSL_GUARDED_BY(mutex_) = 1;
  std::vector<Stored> batches_ ABSL_GUARDED_BY(mutex_);
  uint64_t repeats_ ABSL_GUARDED_BY(mutex_) = 0;
  std::function<BatchFate(uint64_t)> fate_ ABSL_GUARDED_BY(mutex_);
  uint64_t arrived_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t batch_bytes_max_ ABSL_GUARDED_BY(mutex_) = format::kBatchBytesMax;
  uint64_t in_flight_bytes_max_ ABSL_GUARDED_BY(mutex_) = 4 << 20;

  crypto::SaltPool salts_ ABSL_GUARDED_BY(mutex_);
  View view_ ABSL_GUARDED_BY(mutex_);
  std::string view_id_ ABSL_GUARDED_BY(mutex_) = "identity";
  bool narrowed_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t oldest_ ABSL_GUARDED_BY(mutex_) = 1;
  uint64_t terms_version_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<absl::Duration> lease_ ABSL_GUARDED_BY(mutex_) = absl::Hours(1);
  std::optional<std::string> refuse_ ABSL_GUARDED_BY(mutex_);
  const Clock* clock_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Tamper tamper_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::SubscribeRequest> requests_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende
