// The revocation register: a broker's own list of certificates and participants that are no longer welcome. It is a
// text file, one line an entry, so that it can be read, copied and compared without tools:
//
//   allmende-revocations 1
//   2026-03-01T10:00:00Z serial 5f3a… key lost with a laptop
//   2026-03-02T08:30:00Z participant navi-ag contract ended
//
// It must exist: a missing register is an error, never an empty one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sdk/base/mutex.h"
#include "sdk/pki/identity.h"

namespace allmende::pki {

struct Revocation {
  // `serial` (hex), `certificate` (SHA-256 fingerprint: exact where two authorities may use the same serial), or
  // `participant` (id; every certificate of it and of its members, until the line is taken out).
  enum class Kind { kSerial, kCertificate, kParticipant };
  absl::Time time;
  Kind kind = Kind::kSerial;
  std::string subject;
  std::string reason;  // one line, may be empty
};

// `serial`, `certificate`, `participant`.
std::string RevocationKindName(Revocation::Kind kind);

// kInvalidArgument if `revocation` cannot be an entry: a subject that is not of its kind, a reason of several lines.
absl::Status CheckRevocation(const Revocation& revocation);

// The file's text form. ParseRevocations: kInvalidArgument with the line's number for anything that is not understood,
// a last line without its end included (it may be half written).
std::string FormatRevocations(const std::vector<Revocation>& revocations);
absl::StatusOr<std::vector<Revocation>> ParseRevocations(const std::string& text);

// Reads the file. The error names it and says what to do; kNotFound, kFailedPrecondition, or as ParseRevocations.
absl::StatusOr<std::vector<Revocation>> LoadRevocations(const std::string& path);

// The register as a running broker uses it. Thread-safe.
class RevocationRegister {
 public:
  // Errors as LoadRevocations; the broker then refuses to start.
  static absl::StatusOr<std::unique_ptr<RevocationRegister>> Open(std::string path);
  ~RevocationRegister();

  // Reads the file again if it changed (size, inode or modification time); cheap otherwise: one stat. Call it about
  // once a second, from a thread that may block. On an error the entries known so far stay in force, so nobody becomes
  // welcome again by deleting the file; the caller reports the error each time.
  absl::Status Refresh();

  // kUnauthenticated, saying when and why, if the identity's serial, certificate or participant is listed. Does not
  // block on the file; made to be called for each call and each delivery.
  absl::Status Check(const Identity& identity) const;

  // Grows whenever Refresh has read other entries than before, so a session may skip Check while it stays the same.
  uint64_t generation() const;

 private:
  struct Entries;

  RevocationRegister(std::string path, std::string stamp, std::shared_ptr<const Entries> entries);

  // Constant after construction.
  const std::string path_;

  Mutex refresh_mutex_;                                // one Refresh at a time; taken before mutex_
  std::string stamp_ ABSL_GUARDED_BY(refresh_mutex_);  // of the file as last read
  mutable Mutex mutex_;
  std::shared_ptr<const Entries> entries_ ABSL_GUARDED_BY(mutex_);
  uint64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace allmende::pki
