#include "sdk/pki/revocation.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/pki/file_stamp.h"
#include "sdk/pki/pair.h"

namespace allmende::pki {
namespace {

constexpr char kHeader[] = "allmende-revocations 1";
constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%SZ";
constexpr size_t kFileBytesMax = 16 << 20;
constexpr size_t kFingerprintDigits = 64;
constexpr size_t kSerialDigitsMax = 40;  // RFC 5280: at most 20 bytes
constexpr size_t kReasonBytesMax = 200;

constexpr Revocation::Kind kKinds[] = {Revocation::Kind::kSerial, Revocation::Kind::kCertificate,
                                       Revocation::Kind::kParticipant};

bool IsHex(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

absl::StatusOr<Revocation> ParseLine(const std::string& line) {
  const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(' ', 3));
  Revocation entry;
  std::string time_error;
  if (parts.size() < 3 || !absl::ParseTime(kTimeFormat, parts[0], &entry.time, &time_error)) {
    return absl::InvalidArgumentError("an entry is `<time> serial|certificate|participant <which> <reason>`");
  }
  const auto kind = std::find_if(std::begin(kKinds), std::end(kKinds),
                                 [&](Revocation::Kind known) { return RevocationKindName(known) == parts[1]; });
  if (kind == std::end(kKinds)) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", parts[1], "` is not one of serial, certificate and participant"));
  }
  entry.kind = *kind;
  entry.subject = parts[2];
  if (parts.size() == 4) entry.reason = parts[3];
  ALLMENDE_RETURN_IF_ERROR(CheckRevocation(entry));
  return entry;
}

}  // namespace

std::string RevocationKindName(Revocation::Kind kind) {
  switch (kind) {
    case Revocation::Kind::kSerial:
      return "serial";
    case Revocation::Kind::kCertificate:
      return "certificate";
    case Revocation::Kind::kParticipant:
      return "participant";
  }
  return "";
}

absl::Status CheckRevocation(const Revocation& revocation) {
  const std::string& subject = revocation.subject;
  if (revocation.kind == Revocation::Kind::kParticipant) {
    ALLMENDE_RETURN_IF_ERROR(CheckParticipantId(subject));
  } else if (revocation.kind == Revocation::Kind::kCertificate) {
    if (!IsHex(subject) || subject.size() != kFingerprintDigits) {
      return absl::InvalidArgumentError(
          absl::StrCat("`", subject, "` is no fingerprint: it takes 64 lower-case hex digits without colons"));
    }
  } else if (!IsHex(subject) || subject.size() > kSerialDigitsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", subject, "` is no serial: it takes lower-case hex digits without colons"));
  } else if (subject.size() % 2 != 0 || (subject.size() > 2 && subject.compare(0, 2, "00") == 0)) {
    // Serials are compared as texts, so such an entry would never match.
    return absl::InvalidArgumentError(
        absl::StrCat("`", subject, "` is no serial: it takes two hex digits for each byte, and no `00` in front"));
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (revocation.reason.size() > kReasonBytesMax ||
      std::any_of(revocation.reason.begin(), revocation.reason.end(), is_control)) {
    return absl::InvalidArgumentError(absl::StrCat("a reason is one line of at most ", kReasonBytesMax, " bytes"));
  }
  return absl::OkStatus();
}

std::string FormatRevocations(const std::vector<Revocation>& revocations) {
  std::string text = absl::StrCat(kHeader, "\n");
  for (const Revocation& entry : revocations) {
    absl::StrAppend(&text, absl::FormatTime(kTimeFormat, entry.time, absl::UTCTimeZone()), " ",
                    RevocationKindName(entry.kind), " ", entry.subject, entry.reason.empty() ? "" : " ", entry.reason,
                    "\n");
  }
  return text;
}

absl::StatusOr<std::vector<Revocation>> ParseRevocations(const std::string& text) {
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  if (lines.front() != kHeader) {
    return absl::InvalidArgumentError(absl::StrCat("line 1 is not `", kHeader, "`, so this is no revocation register"));
  }
  if (!lines.back().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("line ", lines.size(), " has no end, so it may be half written; complete it or take it out"));
  }
  std::vector<Revocation> revocations;
  for (size_t i = 1; i + 1 < lines.size(); ++i) {
    if (lines[i].empty() || lines[i].front() == '#') continue;
    absl::StatusOr<Revocation> entry = ParseLine(lines[i]);
    if (!entry.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", i + 1, ": ", entry.status().message()));
    }
    revocations.push_back(*std::move(entry));
  }
  return revocations;
}

absl::StatusOr<std::vector<Revocation>> LoadRevocations(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path, kFileBytesMax);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        absl::StrCat(text.status().message(),
                                     "; without its revocation register a broker cannot know who is "
                                     "still welcome: restore the file, or write one with the single line `",
                                     kHeader, "`"));
  }
  absl::StatusOr<std::vector<Revocation>> revocations = ParseRevocations(*text);
  if (!revocations.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the revocation register `", path, "` cannot be used: ", revocations.status().message()));
  }
  return revocations;
}

struct RevocationRegister::Entries {
  explicit Entries(std::vector<Revocation> from) : list(std::move(from)) {
    for (const Revocation& entry : list) by_subject[static_cast<size_t>(entry.kind)].emplace(entry.subject, &entry);
  }

  const Revocation* Find(Revocation::Kind kind, const std::string& subject) const {
    const auto& map = by_subject[static_cast<size_t>(kind)];
    const auto found = map.find(subject);
    return found == map.end() ? nullptr : found->second;
  }

  const std::vector<Revocation> list;
  absl::flat_hash_map<std::string, const Revocation*> by_subject[std::size(kKinds)];
};

RevocationRegister::RevocationRegister(std::string path, std::string stamp, std::shared_ptr<const Entries> entries)
    : path_(std::move(path)), stamp_(std::move(stamp)), entries_(std::move(entries)) {}

RevocationRegister::~RevocationRegister() = default;

absl::StatusOr<std::unique_ptr<RevocationRegister>> RevocationRegister::Open(std::string path) {
  std::string stamp = FileStamp(path);  // before reading: a change in between is then noticed by the first Refresh
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<Revocation> revocations, LoadRevocations(path));
  return std::unique_ptr<RevocationRegister>(new RevocationRegister(
      std::move(path), std::move(stamp), std::make_shared<const Entries>(std::move(revocations))));
}

absl::Status RevocationRegister::Refresh() {
  MutexLock refresh_lock(refresh_mutex_);
  std::string stamp = FileStamp(path_);
  if (stamp == stamp_) return absl::OkStatus();
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<Revocation> revocations, LoadRevocations(path_));
  auto entries = std::make_shared<const Entries>(std::move(revocations));
  stamp_ = std::move(stamp);
  MutexLock lock(mutex_);
  entries_ = std::move(entries);
  ++generation_;
  return absl::OkStatus();
}

absl::Status RevocationRegister::Check(const Identity& identity) const {
  std::shared_ptr<const Entries> entries;
  {
    MutexLock lock(mutex_);
    entries = entries_;
  }
  const std::pair<Revocation::Kind, const std::string*> questions[] = {
      {Revocation::Kind::kParticipant, &identity.participant},
      {Revocation::Kind::kSerial, &identity.serial},
      {Revocation::Kind::kCertificate, &identity.fingerprint}};
  for (const auto& [kind, subject] : questions) {
    const Revocation* entry = entries->Find(kind, *subject);
    if (entry == nullptr) continue;
    return absl::UnauthenticatedError(absl::StrCat(
        kind == Revocation::Kind::kParticipant ? "the participant `" : "the certificate of `", identity.Name(),
        "` was revoked at ", FormatMinute(entry->time), entry->reason.empty() ? "" : ": ", entry->reason));
  }
  return absl::OkStatus();
}

uint64_t RevocationRegister::generation() const {
  MutexLock lock(mutex_);
  return generation_;
}

}  // namespace allmende::pki
