// Following a dataset through one's view.
//
//   auto subscriber = allmende::Subscriber::Open(*client, {.dataset = "wasser/regen"});
//   while (true) {
//     auto event = (*subscriber)->Next(absl::InfiniteFuture());
//     if (!event.ok()) break;
//     if (auto* batch = std::get_if<allmende::RecordBatch>(&*event)) {
//       for (const allmende::RecordView& record : batch->records()) Use(record);
//     }
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/client.h"
#include "allmende/record.h"
#include "allmende/v1/exchange.pb.h"

namespace allmende {

struct StartAtOldest {};
struct StartAtHead {};  // only what comes from now on
struct StartAtSequence {
  uint64_t sequence = 1;
};
struct StartAtEventTime {
  absl::Time time;
};  // the first record from which on event times reach this one
struct StartAtToken {
  std::string token = {};
};                            // Watermark::resume_token of an earlier subscription
struct StartWithSnapshot {};  // tables: the latest record of each key, then the tail
using SubscribeStart =
    std::variant<StartAtOldest, StartAtHead, StartAtSequence, StartAtEventTime, StartAtToken, StartWithSnapshot>;

struct SubscriberOptions {
  std::string dataset = {};
  std::string purpose = {};    // empty: the client's
  std::string agreement = {};  // empty: the implicit one
  SubscribeStart start = {};
  bool stop_at_head = false;
  bool with_schema = false;
  bool report_withheld = false;
  bool keep_copy = false;  // the records are kept: only rules that permit copies count
  // Recomputes the Merkle root of every batch that comes unchanged by the view, and checks that its statements follow
  // one another. About 0.15 ms for 64 KiB.
  bool verify = true;
  uint64_t buffer_bytes_max = 4 << 20;  // of received events that Next has not taken; then the broker is made to wait
};

// The records of one delivery, decoded. Owns their bytes; movable.
class RecordBatch {
 public:
  // In order of their sequences. Withheld and erased records are left out; the range below says what is complete.
  std::span<const RecordView> records() const { return records_; }

  // Everything from first to last is here, withheld, erased or (in a snapshot) superseded.
  uint64_t first_sequence() const { return first_sequence_; }
  uint64_t last_sequence() const { return last_sequence_; }
  absl::Time accepted_at() const { return accepted_at_; }  // by the broker
  uint64_t release() const { return release_; }            // of the policy that the view comes from
  // The batch as it was published; otherwise made and attested by the broker.
  bool original() const { return original_; }
  // The encoded delivery, docs/formats.md.
  const std::string& bytes() const { return *bytes_; }

  RecordBatch(RecordBatch&&) noexcept = default;
  RecordBatch& operator=(RecordBatch&&) noexcept = default;

 private:
  friend class RecordBatchDecoder;
  RecordBatch() = default;

  std::unique_ptr<const std::string> bytes_;  // on the heap, so that the views survive a move
  std::vector<RecordView> records_;
  uint64_t first_sequence_ = 0;
  uint64_t last_sequence_ = 0;
  absl::Time accepted_at_;
  uint64_t release_ = 0;
  bool original_ = false;
};

// The subscription stands. Comes first, and again after each reconnect (`resumed`).
struct SubscriptionOpened {
  v1::Opened opened;
  std::string endpoint;
  bool resumed = false;
};

struct WithheldRange {
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
};

struct WatermarkReached {
  uint64_t sequence = 0;       // everything up to here was handed out, or is withheld
  uint64_t head_sequence = 0;  // stored on the broker
  std::string resume_token;    // keep it with what you did with the records
  absl::Time as_of;            // the broker's clock
  absl::Time lease_until;      // by the broker's clock; InfinitePast: none; InfiniteFuture: without end
  bool snapshot_complete = false;
  uint64_t oldest_sequence = 0;  // that the broker still keeps; 0: not said
};

// Records after this one follow the new terms.
struct TermsChanged {
  v1::Terms terms;
  std::string cause;      // `release`, `regime`, `time`, `agreement`
  bool narrowed = false;  // less is shown than before, or the broker does not say that it is not less
};

// The last event.
struct SubscriptionEnded {
  bool complete = false;  // `stop_at_head` was asked for and reached
  v1::Refusal refused;    // otherwise: nothing permits the subscription (any more)
};

using SubscriptionEvent =
    std::variant<SubscriptionOpened, RecordBatch, WithheldRange, WatermarkReached, TermsChanged, SubscriptionEnded>;

// Each record is handed out once and in order, across reconnects and brokers. Next is for one thread at a time; the
// rest is thread-safe. One background thread receives.
class Subscriber {
 public:
  // Does not wait for a broker. kInvalidArgument: bad options.
  static absl::StatusOr<std::unique_ptr<Subscriber>> Open(Client& client, const SubscriberOptions& options);

  // Stops within a second.
  ~Subscriber();

  // The next event. While no broker can be reached it waits and the subscriber goes on trying.
  //   kDeadlineExceeded    nothing came until `deadline`; call again. The message names the last connection error
  //   kOutOfRange          SubscriptionEnded was handed out before
  //   kCancelled           Cancel was called
  //   kFailedPrecondition  the broker cannot resume where this subscription stands (its log was replaced); start anew
  //   kDataLoss            a delivery is damaged, forged or out of order, three times in a row
  //   others               as the broker says; final
  absl::StatusOr<SubscriptionEvent> Next(absl::Time deadline);

  // Makes Next return. From any thread.
  void Cancel();

  struct Stats {
    uint64_t records = 0;        // handed out
    uint64_t bytes = 0;          // of their deliveries
    uint64_t sequence = 0;       // everything up to here was handed out or withheld
    uint64_t head_sequence = 0;  // as last heard
    uint64_t connects = 0;
    std::string connected_to;  // empty: not connected
    absl::Status last_error;   // of the last connection; OK while connected
  };
  Stats stats() const;

 private:
  class Impl;
  explicit Subscriber(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace allmende
