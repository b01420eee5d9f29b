#include "broker/log/log_conformance.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/text.h"
#include "sdk/crypto/hash.h"

namespace allmende::broker {

LogEntry EntryOf(std::string bytes, std::uint32_t count) {
  const LogHash hash = crypto::Sha256Of(bytes);
  return {std::move(bytes), count, hash};
}

AppendRequest RequestFor(LogId log, LogPosition expected, std::vector<LogEntry> entries,
                         std::vector<SideWrite> side_writes) {
  return {log, expected, std::move(entries), std::move(side_writes)};
}

std::vector<std::string> Drain(LogCursor& cursor) {
  std::vector<std::string> entries;
  while (cursor.Next()) {
    const StoredEntry& entry = cursor.entry();
    entries.push_back(absl::StrCat(entry.first_sequence, "+", entry.count, ":", ForAbsl(entry.bytes)));
  }
  if (!cursor.status().ok()) {
    entries.push_back(absl::StrCat("!", absl::StatusCodeToString(cursor.status().code())));
  }
  return entries;
}

std::vector<std::string> Drain(SideCursor& cursor) {
  std::vector<std::string> entries;
  while (cursor.Next()) {
    entries.push_back(absl::StrCat(ForAbsl(cursor.key()), "=", ForAbsl(cursor.value())));
  }
  if (!cursor.status().ok()) {
    entries.push_back(absl::StrCat("!", absl::StatusCodeToString(cursor.status().code())));
  }
  return entries;
}

std::vector<std::string> Drain(absl::StatusOr<std::unique_ptr<LogCursor>> cursor) {
  if (!cursor.ok()) {
    return {absl::StrCat("!", absl::StatusCodeToString(cursor.status().code()))};
  }
  return Drain(**cursor);
}

absl::StatusOr<LogHead> LogConformance::Append(AppendRequest request) {
  absl::StatusOr<LogHead> outcome = absl::UnknownError("not reported");
  const absl::Status accepted =
      log().Append(std::move(request), [&](absl::StatusOr<LogHead> head) { outcome = std::move(head); });
  if (!accepted.ok()) {
    return accepted;
  }
  harness_->Settle();
  return outcome;
}

absl::StatusOr<LogHead> LogConformance::AppendTo(LogId id, std::vector<LogEntry> entries,
                                                 std::vector<SideWrite> side_writes) {
  return Append(RequestFor(id, log().HeadOf(id).position, std::move(entries), std::move(side_writes)));
}

absl::Status LogConformance::WriteSide(std::vector<SideWrite> writes) {
  absl::Status outcome = absl::UnknownError("not reported");
  const absl::Status accepted =
      log().WriteSide(std::move(writes), [&](absl::Status status) { outcome = std::move(status); });
  harness_->Settle();
  return accepted.ok() ? outcome : accepted;
}

absl::Status LogConformance::Replace(LogId id, Sequence first, LogEntry entry, std::vector<SideWrite> side_writes) {
  absl::Status outcome = absl::UnknownError("not reported");
  const absl::Status accepted = log().Replace(id, first, std::move(entry), std::move(side_writes),
                                              [&](absl::Status status) { outcome = std::move(status); });
  harness_->Settle();
  return accepted.ok() ? outcome : accepted;
}

absl::Status LogConformance::Trim(LogId id, Sequence sequence) {
  absl::Status outcome = absl::UnknownError("not reported");
  const absl::Status accepted =
      log().TrimBefore(id, sequence, [&](absl::Status status) { outcome = std::move(status); });
  harness_->Settle();
  return accepted.ok() ? outcome : accepted;
}

std::vector<std::string> LogConformance::Entries(LogId id) {
  const std::shared_ptr<const LogView> view = log().View();
  const absl::StatusOr<LogHead> head = view->HeadOf(id);
  EXPECT_TRUE(head.ok()) << head.status();
  return Drain(view->ReadFromSequence(id, head->first_sequence, std::numeric_limits<std::size_t>::max()));
}

}  // namespace allmende::broker
