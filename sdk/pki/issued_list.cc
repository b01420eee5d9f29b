#include "sdk/pki/issued_list.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"

namespace allmende::pki {
namespace {

constexpr char kHeader[] = "allmende-issued 1";
constexpr char kTimeFormat[] = "%Y-%m-%dT%H:%M:%SZ";
constexpr char kBroker[] = "-";
constexpr size_t kFileBytesMax = 64 << 20;

absl::StatusOr<CertificateEntry> ParseLine(const std::string& line) {
  const std::vector<std::string> parts = absl::StrSplit(line, ' ');
  CertificateEntry entry;
  std::string error;
  if ((parts.size() != 5 && parts.size() != 6) || !absl::ParseTime(kTimeFormat, parts[0], &entry.issued, &error) ||
      !absl::ParseTime(kTimeFormat, parts[2], &entry.not_after, &error)) {
    return absl::InvalidArgumentError(
        "an entry is `<issued> <serial> <until> <participant>[/<member>] <roles> <fingerprint>`");
  }
  entry.serial = parts[1];
  if (parts.size() == 6) entry.fingerprint = parts[5];
  if (parts[3] != kBroker) {
    const std::pair<std::string, std::string> name = absl::StrSplit(parts[3], absl::MaxSplits('/', 1));
    std::tie(entry.participant, entry.member) = name;
    ALLMENDE_ASSIGN_OR_RETURN(entry.roles, ParseRoles(absl::StrSplit(parts[4], ',')));
  }
  return entry;
}

std::string FormatLine(const CertificateEntry& entry) {
  const auto time = [](absl::Time at) { return absl::FormatTime(kTimeFormat, at, absl::UTCTimeZone()); };
  const bool is_broker = entry.participant.empty();
  return absl::StrCat(time(entry.issued), " ", entry.serial, " ", time(entry.not_after), " ",
                      is_broker ? kBroker : entry.participant, entry.member.empty() ? "" : "/", entry.member, " ",
                      is_broker ? kBroker : absl::StrJoin(entry.roles.Names(), ","),
                      entry.fingerprint.empty() ? "" : " ", entry.fingerprint, "\n");
}

}  // namespace

absl::StatusOr<std::vector<CertificateEntry>> LoadIssued(const std::string& path) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kFileBytesMax));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  if (lines.front() != kHeader || !lines.back().empty()) {
    return absl::InvalidArgumentError(absl::StrCat("`", path,
                                                   "` is no record of issued certificates: its first line must be `",
                                                   kHeader, "`, and its last line must have an end"));
  }
  std::vector<CertificateEntry> entries;
  for (size_t i = 1; i + 1 < lines.size(); ++i) {
    absl::StatusOr<CertificateEntry> entry = ParseLine(lines[i]);
    if (!entry.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("line ", i + 1, " of `", path, "`: ", entry.status().message()));
    }
    entries.push_back(*std::move(entry));
  }
  return entries;
}

absl::Status SaveIssued(const std::string& path, const std::vector<CertificateEntry>& entries) {
  std::string text = absl::StrCat(kHeader, "\n");
  for (const CertificateEntry& entry : entries) text += FormatLine(entry);
  return WriteFileAtomically(path, text, FileAccess::kEverybody);
}

}  // namespace allmende::pki
