#include "sdk/format/delivery_entry.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/endian.h"
#include "sdk/format/record.h"
#include "sdk/format/record_layout.h"
#include "sdk/format/statement.h"

namespace allmende::format {
namespace {

constexpr size_t kRunBytes = sizeof(uint64_t);  // how many sequences

absl::Status Malformed(const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("malformed entry: ", why));
}

bool IsRecord(EntryKind kind) {
  return kind == EntryKind::kUpsert || kind == EntryKind::kDelete;
}

// What ReadEntry relies on, and what it would not see.
absl::Status CheckHeader(const layout::Header& header) {
  if (header.salt_count != 0) {
    return Malformed("it has salts");
  }
  if (!IsRecord(static_cast<EntryKind>(header.operation))) {
    const bool only_count =
        header.flags == 0 && header.key_bytes == 0 && header.event_time_us == 0 && header.content_bytes == kRunBytes;
    return only_count ? absl::OkStatus() : Malformed("a run of sequences carries something else than its length");
  }
  if ((header.flags & ~(layout::kFlagEventTime | layout::kFlagPseudonym)) != 0) {
    return Malformed(absl::StrCat("its flags are ", header.flags));
  }
  if ((header.flags & layout::kFlagEventTime) == 0 && header.event_time_us != 0) {
    return Malformed("it has an event time, but no flag for it");
  }
  if (header.key_bytes > header.content_bytes) {
    return Malformed("its key does not fit into it");
  }
  return absl::OkStatus();
}

DeliveryEntry ReadEntry(const layout::Header& header, std::string_view encoded) {
  DeliveryEntry entry;
  entry.kind = static_cast<EntryKind>(header.operation);
  if (!entry.is_record()) {
    entry.count = LoadBigEndian<uint64_t>(encoded.data() + layout::kAfterHeader);
    return entry;
  }
  entry.key_is_pseudonym = (header.flags & layout::kFlagPseudonym) != 0;
  if ((header.flags & layout::kFlagEventTime) != 0) {
    entry.event_time_us = header.event_time_us;
  }
  entry.key = encoded.substr(layout::kAfterHeader, header.key_bytes);
  entry.payload = encoded.substr(layout::kAfterHeader + header.key_bytes);
  return entry;
}

}  // namespace

absl::Status CheckEntry(const DeliveryEntry& entry) {
  switch (entry.kind) {
    case EntryKind::kUpsert:
    case EntryKind::kDelete:
      if (entry.count != 1) {
        return Malformed(absl::StrCat("a record stands for one sequence, not for ", entry.count));
      }
      if (entry.key_is_pseudonym && entry.key.size() != kPseudonymBytes) {
        return Malformed(absl::StrCat("a pseudonym has ", kPseudonymBytes, " bytes, not ", entry.key.size()));
      }
      return CheckContent({static_cast<Operation>(entry.kind), entry.event_time_us, entry.key, entry.payload});
    case EntryKind::kWithheld:
    case EntryKind::kErased:
    case EntryKind::kSuperseded:
      if (entry.count < 1 || entry.count > kSequenceMax) {
        return Malformed(
            absl::StrCat("it is a run of ", entry.count, " sequences; 1 to ", kSequenceMax, " are possible"));
      }
      return absl::OkStatus();
  }
  return Malformed(absl::StrCat("its kind is ", static_cast<int>(entry.kind), "; known are 1 to 5"));
}

size_t EncodedBytes(const DeliveryEntry& entry) {
  return kRecordHeaderBytes + (entry.is_record() ? entry.key.size() + entry.payload.size() : kRunBytes);
}

void AppendEntry(const DeliveryEntry& entry, std::string& out) {
  layout::Header header{.content_bytes = EncodedBytes(entry) - kRecordHeaderBytes,
                        .operation = static_cast<uint8_t>(entry.kind)};
  if (!entry.is_record()) {
    layout::AppendHeader(header, out);
    AppendBigEndian(entry.count, out);
    return;
  }
  header.flags = static_cast<uint8_t>((entry.event_time_us ? layout::kFlagEventTime : 0) |
                                      (entry.key_is_pseudonym ? layout::kFlagPseudonym : 0));
  header.key_bytes = entry.key.size();
  header.event_time_us = entry.event_time_us.value_or(0);
  layout::AppendHeader(header, out);
  out.append(entry.key);
  out.append(entry.payload);
}

absl::StatusOr<DeliveryEntry> TakeEntry(std::string_view& rest) {
  if (!layout::HasWholeRecord(rest)) {
    return Malformed(absl::StrCat("it is cut off or has a wrong length; ", rest.size(), " bytes are left for it"));
  }
  const std::string_view encoded = layout::WholeRecord(rest);
  const layout::Header header = layout::ReadHeader(encoded);
  if (absl::Status valid = CheckHeader(header); !valid.ok()) {
    return valid;
  }
  DeliveryEntry entry = ReadEntry(header, encoded);
  if (absl::Status valid = CheckEntry(entry); !valid.ok()) {
    return valid;
  }
  rest.remove_prefix(encoded.size());
  return entry;
}

DeliveryEntry TakeKnownEntry(std::string_view& rest) {
  const std::string_view encoded = layout::WholeRecord(rest);
  rest.remove_prefix(encoded.size());
  return ReadEntry(layout::ReadHeader(encoded), encoded);
}

}  // namespace allmende::format
