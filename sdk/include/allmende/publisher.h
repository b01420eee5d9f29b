// Publishing into a dataset, exactly once and in order, also while no broker can be reached.
//
//   auto publisher = allmende::Publisher::Open(*client, {.dataset = "wasser/regen", .outbox_directory = "outbox"});
//   (*publisher)->Append({.key = key, .event_time = absl::Now(), .payload = bytes});
//   (*publisher)->Flush();                                    // on this machine's disk
//   (*publisher)->WaitUntilStored(absl::Now() + absl::Minutes(1));  // on the broker's
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/client.h"
#include "allmende/record.h"

namespace allmende {

// What to do about batches of the outbox that may be stored already, when another writer has stored records since and
// so nobody can tell. Happens only after an answer was lost and the dataset was then taken over twice.
enum class InDoubt { kStop, kSendAgain, kDrop };

struct PublisherOptions {
  std::string dataset = {};

  // Where unsent records are kept; made if missing, one dataset and one process a directory. Everything flushed
  // survives a crash, a power failure, and any time offline. Empty: no outbox. Then records wait in memory until the
  // broker has stored them, a crash loses those, and `outbox_bytes_max` bounds the memory: for imports that can be run
  // again.
  std::string outbox_directory = {};

  // What Append does not take any more: encoded bytes that the broker has not stored yet. 0: 1 GiB with an outbox,
  // 64 MiB without.
  uint64_t outbox_bytes_max = 0;
  // At the bound Append waits for room. Otherwise it returns kResourceExhausted at once. A publisher that has stopped
  // makes no room: then Append returns why it stopped.
  bool block_when_full = true;

  // A batch is closed when one of these is reached. Its records are stored or refused together.
  uint32_t batch_records_max = 256;
  uint32_t batch_bytes_target = 64 << 10;                   // a single larger record makes a batch of its own
  absl::Duration flush_interval = absl::Milliseconds(100);  // how long a record waits for its batch to fill

  // The schema the records were made for (Schema::hash). Empty: whichever the broker has in force when they are sent.
  std::string schema_hash = {};

  // Take the dataset over from another writer, at the first contact. Its unsent records are then refused.
  bool take_over = false;
  InDoubt in_doubt = InDoubt::kStop;
  // Names this writer, 16 bytes; without an outbox only (an outbox has its own). Empty: random, so the next run counts
  // as another writer and needs `take_over`.
  std::string writer_id = {};
};

// Thread-safe. One background thread stores, others send.
//
// A record moves appended -> flushed (on this disk) -> stored (on the broker's disk). Order of Append is the order of
// sequences. Records of a process that died are either all there up to some point, or were never flushed.
//
// The publisher reconnects by itself, with growing pauses and over all endpoints: also to a broker whose disk failed,
// and when the own certificate is no longer accepted after it was, until a renewed one is (see Client). It stops for
// good, keeping everything in the outbox, when only a person can decide. WaitUntilStored and stats() then give the
// reason, while Append and Flush go on into the outbox up to its bound; without an outbox they return the reason too.
//   kInvalidArgument     the broker refused a batch; the message names record, field and reason. DiscardRefused goes on
//   kAborted             fenced: another writer took the dataset over; or records that may be stored already cannot be
//                        told apart from those of another writer
//   kDataLoss            the broker has lost records it had acknowledged, or the outbox is damaged
//   kNotFound, kPermissionDenied, kUnauthenticated, kFailedPrecondition   as the broker says at the first contact
class Publisher {
 public:
  // Opens the outbox; does not wait for a broker.
  //   kInvalidArgument     bad options; names which
  //   kFailedPrecondition  the outbox belongs to another dataset, or another process has it open (names it)
  //   kDataLoss            the outbox is damaged
  static absl::StatusOr<std::unique_ptr<Publisher>> Open(Client& client, const PublisherOptions& options);

  // As Close with one second; what is unsent stays in the outbox.
  ~Publisher();

  // Takes the record into memory. Durable only after Flush, or `flush_interval` later.
  //   kInvalidArgument    the record is too large, or of an operation that cannot be published; not taken
  //   kResourceExhausted  the bound is reached and `block_when_full` is off; not taken, the publisher goes on
  //   kCancelled          Close was called
  //   and what stops a publisher, above; not taken
  absl::Status Append(const NewRecord& record);

  // OK means that everything appended before is fsynced in the outbox. Without an outbox: that it is on its way.
  absl::Status Flush();

  // OK means that everything appended before is fsynced on the broker, or was discarded. kDeadlineExceeded otherwise,
  // and after Close at once; nothing is lost.
  absl::Status WaitUntilStored(absl::Time deadline);

  // After a refusal: drops the refused batch, whole, from the outbox and goes on. Returns its records, so that the good
  // ones can be appended again, behind what waits. The drop is durable first: a crash before the good ones are appended
  // and flushed loses them, so keep what cannot be had again elsewhere until then.
  //   kFailedPrecondition  no batch was refused
  //   kCancelled           Close was called
  absl::StatusOr<std::vector<StoredRecord>> DiscardRefused();

  // Flushes, waits for the broker until `deadline`, then stops the threads; who waits in other calls returns. Returns
  // as WaitUntilStored, the second time at once.
  absl::Status Close(absl::Time deadline);

  struct Stats {
    uint64_t appended_records = 0;  // since Open
    uint64_t outbox_records = 0;    // not stored by the broker yet, flushed or not
    uint64_t outbox_bytes = 0;
    uint64_t stored_records = 0;       // acknowledged since Open
    uint64_t quarantined_records = 0;  // of those: went to the dataset's quarantine
    uint64_t next_sequence = 0;        // the broker has everything of this writer below; 0: no contact yet, ever
    uint64_t epoch = 0;
    std::string connected_to;  // endpoint; empty: not connected
    uint64_t connects = 0;
    absl::Time last_stored;   // when the broker last acknowledged something; InfinitePast: not yet
    absl::Status last_error;  // of the last connection; OK while connected
    absl::Status stopped;     // why the publisher stopped for good; OK: it runs
  };
  Stats stats() const;

 private:
  class Impl;
  explicit Publisher(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace allmende
