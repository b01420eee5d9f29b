#include "sdk/format/record.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "sdk/format/merkle.h"
#include "sdk/format/record_layout.h"
#include "sdk/format/statement.h"

namespace allmende::format {
namespace {

using layout::Header;

constexpr size_t kSaltBytes = sizeof(crypto::Salt);

// What a leaf commits to besides salt, key and payload: operation, flags, key bytes, event time.
constexpr size_t kCommittedBytes = layout::kSaltCount - layout::kOperation;

absl::Status Malformed(const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("malformed record: ", why));
}

absl::Status CheckContentHeader(const Header& header) {
  if ((header.flags & ~layout::kFlagEventTime) != 0) {
    return Malformed(absl::StrCat("its flags are ", header.flags, "; a batch knows only ", layout::kFlagEventTime));
  }
  if (header.flags == 0 && header.event_time_us != 0) {
    return Malformed("it has an event time, but no flag for it");
  }
  if (header.salt_count != 1) {
    return Malformed(absl::StrCat("it has ", header.salt_count, " salts instead of one"));
  }
  if (header.content_bytes < kSaltBytes + header.key_bytes) {
    return Malformed("its salt and key do not fit into it");
  }
  return absl::OkStatus();
}

absl::Status CheckLeafHeader(const Header& header) {
  const bool only_leaf = header.flags == 0 && header.key_bytes == 0 && header.event_time_us == 0 &&
                         header.salt_count == 0 && header.content_bytes == sizeof(crypto::Digest);
  return only_leaf ? absl::OkStatus() : Malformed("a withheld or erased record carries something else than its leaf");
}

absl::Status CheckHeader(const Header& header) {
  switch (static_cast<Operation>(header.operation)) {
    case Operation::kUpsert:
    case Operation::kDelete:
      return CheckContentHeader(header);
    case Operation::kWithheld:
    case Operation::kErased:
      return CheckLeafHeader(header);
  }
  return Malformed(absl::StrCat("its operation is ", header.operation, "; known are 1 to 4"));
}

// `header` has passed CheckHeader.
RecordView ViewOf(const Header& header, std::string_view encoded) {
  RecordView record;
  record.operation = static_cast<Operation>(header.operation);
  record.encoded = encoded;
  if (!record.has_content()) {
    record.leaf = encoded.substr(layout::kAfterHeader);
    return record;
  }
  if (header.flags != 0) {
    record.event_time_us = header.event_time_us;
  }
  const size_t key_offset = layout::kAfterHeader + kSaltBytes;
  record.salt = encoded.substr(layout::kAfterHeader, kSaltBytes);
  record.key = encoded.substr(key_offset, header.key_bytes);
  record.payload = encoded.substr(key_offset + header.key_bytes);
  return record;
}

}  // namespace

absl::Status CheckContent(const RecordContent& content) {
  if (content.operation != Operation::kUpsert && content.operation != Operation::kDelete) {
    return Malformed("only upserts and deletes have content");
  }
  if (content.key.size() > kKeyBytesMax) {
    return Malformed(absl::StrCat("its key has ", content.key.size(), " bytes; at most ", kKeyBytesMax,
                                  " are allowed: use shorter values in the key fields"));
  }
  if (content.event_time_us && (*content.event_time_us < kTimeMinUs || *content.event_time_us > kTimeMaxUs)) {
    return Malformed("its event time is outside the years 1 to 9999");
  }
  if (content.operation == Operation::kDelete && content.key.empty()) {
    return Malformed("it deletes, but has no key");
  }
  if (content.operation == Operation::kDelete && !content.payload.empty()) {
    return Malformed("it deletes, but has a payload; the key alone says what is deleted");
  }
  return absl::OkStatus();
}

void AppendRecord(const RecordContent& content, const crypto::Salt& salt, std::string& out) {
  layout::AppendHeader({.content_bytes = salt.size() + content.key.size() + content.payload.size(),
                        .operation = static_cast<uint8_t>(content.operation),
                        .flags = content.event_time_us ? layout::kFlagEventTime : uint8_t{0},
                        .key_bytes = content.key.size(),
                        .event_time_us = content.event_time_us.value_or(0),
                        .salt_count = 1},
                       out);
  out.append(crypto::AsBytes(salt));
  out.append(content.key);
  out.append(content.payload);
}

void AppendLeafRecord(Operation operation, const crypto::Digest& leaf, std::string& out) {
  layout::AppendHeader({.content_bytes = leaf.size(), .operation = static_cast<uint8_t>(operation)}, out);
  out.append(crypto::AsBytes(leaf));
}

absl::StatusOr<RecordView> ParseRecord(std::string_view bytes) {
  if (!layout::HasWholeRecord(bytes)) {
    return Malformed(absl::StrCat("it is cut off or has a wrong length; ", bytes.size(), " bytes are left for it"));
  }
  const std::string_view encoded = layout::WholeRecord(bytes);
  const Header header = layout::ReadHeader(encoded);
  if (absl::Status valid = CheckHeader(header); !valid.ok()) {
    return valid;
  }
  const RecordView record = ViewOf(header, encoded);
  if (record.has_content()) {
    if (absl::Status valid = CheckContent({record.operation, record.event_time_us, record.key, record.payload});
        !valid.ok()) {
      return valid;
    }
  }
  return record;
}

RecordView ReadRecord(std::string_view bytes) {
  const std::string_view encoded = layout::WholeRecord(bytes);
  return ViewOf(layout::ReadHeader(encoded), encoded);
}

crypto::Digest LeafOf(const RecordView& record, crypto::Sha256& hasher) {
  if (!record.has_content()) {
    crypto::Digest leaf;
    std::copy(record.leaf.begin(), record.leaf.end(), leaf.begin());
    return leaf;
  }
  // One buffer for all that is short, so that the hasher is called twice and not six times.
  std::array<char, 1 + kSaltBytes + kCommittedBytes> head;
  head[0] = kLeafPrefix;
  std::copy(record.salt.begin(), record.salt.end(), head.begin() + 1);
  std::copy_n(record.encoded.begin() + layout::kOperation, kCommittedBytes, head.begin() + 1 + kSaltBytes);
  return hasher.Update({head.data(), head.size()})
      .Update(record.encoded.substr(layout::kAfterHeader + kSaltBytes))
      .Finish();
}

}  // namespace allmende::format
