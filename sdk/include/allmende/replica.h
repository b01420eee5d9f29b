// A local copy of a dataset's view. It answers without any network, also after a cold start; every answer says how old
// it is; and it does not answer when its lease does not allow it.
//
//   auto replica = allmende::Replica::Open("replicas/regen", {.dataset = "wasser/regen"});
//   (*replica)->StartSync(*client);
//   auto found = (*replica)->Get(key);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/client.h"
#include "allmende/record.h"
#include "allmende/v1/exchange.pb.h"

namespace allmende {

struct ReplicaOptions {
  std::string dataset = {};    // may be empty for a directory that holds a replica already
  std::string purpose = {};    // empty: as before; at the first sync the client's
  std::string agreement = {};  // empty: the implicit one
  bool verify = true;          // as SubscriberOptions::verify
  // Reads of data older than this are refused. The terms of the agreement may bound it further.
  absl::Duration max_staleness = absl::InfiniteDuration();
  // A clock that went back by no more than this is taken for an ordinary correction.
  absl::Duration clock_tolerance = absl::Seconds(5);
  // Where another process has it open: reads it beside that one, as of Open, and cannot sync. For short looks: what the
  // other process changes meanwhile, its terms included, is not seen.
  bool beside_another = false;
};

// Where an answer comes from and how old it is.
struct ReadInfo {
  enum class Source {
    kSynced,   // the sync is connected and has caught up
    kCatchup,  // the sync is connected and behind
    kOffline,  // no broker now: the last known state
  };
  Source source = Source::kOffline;
  absl::Time as_of;        // the broker's clock when the replica was last known to be up to date with its watermark
  absl::Duration age;      // since then, by the local clock; never negative
  uint64_t watermark = 0;  // the replica holds everything of the view up to this sequence
  uint64_t head = 0;       // of the dataset, as last heard
  absl::Time lease_until;  // by the local clock; InfinitePast: no lease, readable only while a broker is reached
};

struct ReadOptions {
  // Narrower than the replica's own; ignored where wider.
  absl::Duration max_staleness = absl::InfiniteDuration();
};

struct GetResult {
  std::optional<StoredRecord> record;  // none: no such key, deleted, or not in the view
  ReadInfo info;
};

struct ScanOptions : ReadOptions {
  // Tables: keys from `from` (included) to `to` (excluded; empty: no bound), and with this prefix.
  std::string prefix = {};
  std::string from = {};
  std::string to = {};
  // Streams: sequences from ... to, both included.
  uint64_t from_sequence = 0;
  uint64_t to_sequence = UINT64_MAX;
};

// Walks over one state of the replica, whatever the sync does meanwhile. Not thread-safe. Holds disk space while it
// lives; at most 64 cursors of a replica are open at once. Must not outlive the replica.
class ReplicaCursor {
 public:
  virtual ~ReplicaCursor() = default;
  // False at the end, or on an error: see status(). The lease is checked as it goes on.
  virtual bool Next() = 0;
  // Valid until the next call of Next.
  virtual const RecordView& record() const = 0;
  virtual const absl::Status& status() const = 0;
  virtual const ReadInfo& info() const = 0;
};

struct ReplicaStatus {
  std::string dataset;
  std::string agreement;
  v1::DatasetKind kind = v1::DATASET_KIND_UNSPECIFIED;
  bool complete = false;     // a first snapshot, or the first catching up, was finished: reads answer
  bool syncing = false;      // StartSync is in effect
  std::string connected_to;  // empty: not connected
  absl::Status last_error;   // of the last connection; OK while connected
  absl::Status readable;     // what a read would say now
  ReadInfo info;
  uint64_t records = 0;  // in the copy; tables: keys
  uint64_t bytes_on_disk = 0;
  v1::Terms terms;     // fields, licences and lines to show with the data
  std::string schema;  // serialized google.protobuf.FileDescriptorSet
  std::string message_name;
  uint64_t snapshots = 0;  // how often the copy was made anew since Open
};

// Thread-safe. Reads never wait for the sync, and the sync never for reads.
//
// One process at a time has a replica open; whoever else tries is told which one, or reads `beside_another`. Records of
// a crashed process are there up to some point, with the resume token that fits them.
//
// Whatever the clock is set to: a lease ends once its time has passed on this machine, asleep or not, and a clock that
// is turned back opens nothing. Of what the clock has shown, a power failure may take 5 s.
//
// What the broker does not keep any longer goes here too: of a stream what is before its oldest record, about once a
// minute while connected; of a table what it deletes. Between connections nothing goes. A replica that was away for
// longer than records are kept is made anew. What only a wider view has shown leaves the files as well, by rewriting
// them in the background, once no cursor looks at it; what was interrupted or failed goes on later, also after a
// restart.
//
// What every read returns besides its own errors:
//   kUnavailable         nothing complete was ever synced
//   kPermissionDenied    the lease is over, the agreement ended, or the copy is being made anew since the broker did
//   not
//                        say that the new view shows all that the old one showed
//   kFailedPrecondition  the clock was turned back behind a time the replica has seen: set it right, or sync
//   kOutOfRange          the data is older than `max_staleness`; says how old
//   kDataLoss            damage found on disk; what is whole is served on. The sync fetches the copy anew, or says in
//                        `last_error` that the directory has to be removed first
class Replica {
 public:
  // Needs no broker, and on a full disk no space where a replica is there already, as far as the database can do
  // without.
  //   kNotFound            there is no replica, and no dataset is named to make one; or no folder to make it in
  //   kFailedPrecondition  the directory may not be read or written
  //   kInvalidArgument     no dataset named for a replica that was never finished
  //   kFailedPrecondition  the directory holds another dataset or agreement, or another process has it open (names it)
  //   kResourceExhausted   the disk is full
  //   kDataLoss            damaged beyond what the sync can mend; says what to remove
  static absl::StatusOr<std::unique_ptr<Replica>> Open(const std::string& directory, const ReplicaOptions& options);

  // As StopSync, then finishes what has to leave the files, which may take as long as rewriting them.
  ~Replica();

  // Follows the dataset in the background until StopSync; reconnects and fails over by itself. `client` must live until
  // then. kFailedPrecondition: it runs already; another participant's view is in the directory; or another process has
  // it open.
  absl::Status StartSync(Client& client);
  // Within a second, a slow disk apart. Idempotent.
  void StopSync();

  // Waits until the copy was complete and level with the broker's head once since this call; the first one after
  // StartSync, once since then.
  //   kDeadlineExceeded    not by `deadline`; names the last connection error
  //   kFailedPrecondition  no sync runs
  //   others               the sync ended: refused (kPermissionDenied), or as the broker says
  absl::Status WaitUntilSynced(absl::Time deadline);
  // Waits until the watermark has reached `sequence`. Errors as above.
  absl::Status WaitForSequence(uint64_t sequence, absl::Time deadline);

  // Tables: the latest record of a key. kInvalidArgument for streams.
  absl::StatusOr<GetResult> Get(std::string_view key, const ReadOptions& options = {});
  // The record at a sequence of a stream. kInvalidArgument for tables.
  absl::StatusOr<GetResult> GetSequence(uint64_t sequence, const ReadOptions& options = {});
  // Tables: in key order. kInvalidArgument for streams; kResourceExhausted: 64 cursors are open.
  absl::StatusOr<std::unique_ptr<ReplicaCursor>> Scan(const ScanOptions& options = {});
  // Streams: in sequence order. kInvalidArgument for tables.
  absl::StatusOr<std::unique_ptr<ReplicaCursor>> ScanSequences(const ScanOptions& options = {});

  // Always answers.
  ReplicaStatus status();

  // For the library itself.
  class Impl;
  explicit Replica(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace allmende
