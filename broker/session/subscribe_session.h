// One subscription, as a state machine: where it stands in the dataset's log, under which entitlement, and what the
// subscriber gets next. No I/O, no clock, no threads: the caller reads what Next() asks for and hands it in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/v1/exchange.pb.h"
#include "broker/data/keys.h"
#include "broker/gate/entitled.h"
#include "broker/log/types.h"
#include "policy/view/view.h"
#include "sdk/crypto/random.h"
#include "sdk/format/batch.h"
#include "sdk/format/delivery.h"

namespace allmende::broker {

// Where a subscription starts; found out by the caller from the request, the log and its indexes.
struct SubscribeStart {
  format::DatasetId dataset;
  Sequence first_sequence = 1;    // the first one to deliver
  Sequence head_sequence = 0;     // the last one stored
  LogHash previous_hash{};        // of the entry that holds the sequence before the first one; zeros: none is kept
  bool snapshot = false;          // up to `head_sequence` only the latest upsert of each key
  Sequence may_hold_below = 0;    // records from below this one the reader may hold already
  uint64_t erasures = 0;          // ErasureCount of the log
  Sequence erased_tombstone = 0;  // NewestErasedTombstone
  bool stop_at_head = false;
  bool accept_withheld = false;
};

// The place up to which a subscriber has received everything, sealed against mix-ups: another dataset, or a log that
// was replaced, is noticed. Not secret.
struct ResumePoint {
  format::DatasetId dataset;
  Sequence next_sequence = 1;
  LogHash hash{};  // of the entry that holds the sequence before; zeros at the beginning
};
std::string EncodeResumeToken(const ResumePoint& point);
//   kInvalidArgument  not a token of this broker's version
absl::StatusOr<ResumePoint> DecodeResumeToken(std::string_view token);

class SubscribeSession {
 public:
  // A message for the subscriber, other than a delivery.
  struct Say {
    v1::SubscribeResponse response;
  };
  struct Deliver {
    std::string content;
    bool original = false;
    Sequence first_sequence = 0;
    Sequence last_sequence = 0;
    absl::Time accepted_at;
    uint64_t release = 0;
    uint64_t records = 0;
  };
  // Read the entries from this sequence on and give each to Take(), until it returns true or there are no more.
  struct ReadFrom {
    Sequence sequence = 0;
  };
  // Nothing to do until the log grows, the entitlement changes, or this time comes.
  struct Wait {
    absl::Time until;
  };
  // The subscription is over, and said so.
  struct Over {};
  using Action = std::variant<Say, Deliver, ReadFrom, Wait, Over>;

  // What Take may ask about the log, all of one moment.
  struct Questions {
    // Whether the record of this key at this sequence is the key's latest; asked in snapshots only.
    std::function<absl::StatusOr<bool>(std::string_view key, Sequence sequence)> is_latest = {};
    // The others are asked only in tables whose rows are filtered.
    // As RecordFinder::Find.
    std::function<absl::StatusOr<std::optional<format::RecordView>>(Sequence sequence)> find = {};
    std::function<absl::StatusOr<uint64_t>()> erasures = {};  // ErasureCount
  };

  // Borrows `salts`.
  SubscribeSession(SubscribeStart start, v1::Opened opened, std::shared_ptr<const Entitled> entitled,
                   crypto::SaltSource& salts);

  // Another entitlement holds from here on.
  void OnEntitlement(std::shared_ptr<const Entitled> entitled, std::string_view cause);
  // Nothing permits the subscription any more; the next action says so.
  void OnRefused(const v1::Refusal& refused);
  // The broker stops; the next action says so.
  void OnStopping(std::string_view why);

  // What was handed out from `first` on, deliveries only, has not left and never will: it is made again, and so is what
  // waits behind it.
  void Unsend(Sequence first);

  Action Next(const LogHead& head, absl::Time now);
  // The next action is a delivery, or reading for one.
  bool HasMore(const LogHead& head) const;

  // Takes one entry of the log, in order. True when the session has enough: call Next again. `stored_bytes` are needed
  // only during the call.
  //   kDataLoss            the entry is not a batch, or does not follow the one before
  //   kFailedPrecondition  the reader may hold a record that must go, but the log does not know any more
  absl::StatusOr<bool> Take(Sequence first_sequence, const LogHash& hash, std::string_view stored_bytes,
                            const Questions& ask);
  // The log has no more entries to take now: what was taken goes out.
  absl::Status TakeNoMore();

  Sequence next_sequence() const { return next_sequence_; }
  const SubscribeStart& start() const { return start_; }
  const Entitled& entitlement() const { return *entitled_; }
  // Records that the view could not be applied to, so that they were kept back, and the last one of them. Not one may
  // occur: the payloads were checked against their schema when they were published.
  uint64_t view_errors() const { return view_errors_; }
  Sequence last_view_error() const { return last_view_error_; }

 private:
  absl::Status Transform(const StoredBatch& stored, Sequence sequence, const Questions& ask);
  absl::Status TransformRecord(const format::RecordView& record, Sequence sequence, Sequence previous,
                               const Questions& ask);
  absl::StatusOr<bool> ReaderMayHold(std::string_view key, Sequence previous, const Questions& ask) const;
  absl::Status AddRun(format::EntryKind kind);
  absl::Status FlushRun();
  absl::Status FinishDelivery();
  void DropBuilt();
  Action SayWatermark(const LogHead& head, absl::Time now, bool snapshot_complete);

  // Constant after construction.
  const SubscribeStart start_;
  crypto::SaltSource& salts_;

  std::shared_ptr<const Entitled> entitled_;
  std::deque<v1::SubscribeResponse> say_first_;  // goes out before anything else
  bool over_ = false;                            // after what goes out first

  Sequence next_sequence_;  // of the log, not taken yet
  LogHash last_hash_{};
  Sequence said_sequence_ = 0;  // of the last watermark
  absl::Time said_at_ = absl::InfinitePast();
  bool snapshot_open_ = false;  // the snapshot was not reported complete yet

  uint64_t view_errors_ = 0;
  Sequence last_view_error_ = 0;

  // The delivery being built, from `built_from_` (0: none) up to `next_sequence_`, and the one that is ready.
  std::optional<format::DeliveryBuilder> builder_;
  Sequence built_from_ = 0;
  uint64_t built_records_ = 0;
  absl::Time built_accepted_at_;
  crypto::Digest built_source_{};
  format::DeliveryEntry run_{.count = 0};  // sequences with nothing to show, not added yet
  policy::ViewOutput output_;
  std::optional<Deliver> ready_;
};

}  // namespace allmende::broker
