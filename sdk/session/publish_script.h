// For tests: plays the world around a PublishSession and writes its effects as lines that read like a protocol.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sdk/format/statement.h"
#include "sdk/session/publish_session.h"

namespace allmende::session {

inline constexpr uint32_t kRecordsPerBatch = 10;
inline constexpr uint64_t kBytesPerBatch = 1000;

inline crypto::Digest DigestFrom(uint8_t seed) {
  crypto::Digest digest;
  digest.fill(seed);
  return digest;
}

inline std::string Bytes(const crypto::Digest& digest) {
  return std::string(crypto::AsBytes(digest));
}

inline PendingBatch BatchNumber(uint64_t number) {
  PendingBatch batch;
  batch.number = number;
  batch.record_count = kRecordsPerBatch;
  batch.encoded_bytes = kBytesPerBatch;
  batch.created_us = static_cast<int64_t>(number);
  batch.root = DigestFrom(static_cast<uint8_t>(number));
  return batch;
}

// A broker's log as far as a publisher sees it.
struct FakeLog {
  std::string dataset_id = std::string(16, 'd');
  uint64_t epoch = 1;
  uint64_t next_sequence = 1;
  crypto::Digest head{};
  crypto::Digest schema = DigestFrom(0x5c);

  v1::PublishResponse Opened() const {
    v1::PublishResponse response;
    v1::PublishOpened& opened = *response.mutable_opened();
    opened.set_dataset_id(dataset_id);
    opened.set_epoch(epoch);
    opened.set_next_sequence(next_sequence);
    opened.set_head_statement_hash(Bytes(head));
    opened.set_schema_hash(Bytes(schema));
    opened.set_batch_bytes_max(1 << 20);
    opened.set_in_flight_bytes_max(3 * kBytesPerBatch);
    return response;
  }

  // Takes a batch if it follows; the acknowledgement otherwise says where the log stands.
  v1::PublishResponse Store(const PublishSend& send, const PendingBatch& batch) {
    if (send.place.first_sequence == next_sequence && send.place.previous_hash == head && send.place.epoch == epoch) {
      head = StatementHashOf(batch, send.place);
      next_sequence += batch.record_count;
    }
    return Stored(next_sequence);
  }

  // Another writer takes the dataset over and stores a batch of its own.
  void AnotherWriterStores(uint32_t records) {
    ++epoch;
    next_sequence += records;
    head = DigestFrom(0xee);
  }

  static v1::PublishResponse Stored(uint64_t next) {
    v1::PublishResponse response;
    response.mutable_stored()->set_next_sequence(next);
    return response;
  }

  static v1::PublishResponse Refused(v1::PublishRefusedCode code) {
    v1::PublishResponse response;
    response.mutable_refused()->set_code(code);
    response.mutable_refused()->set_detail("because");
    return response;
  }
};

inline std::string Line(const PublishOpenStream& e) {
  return absl::StrCat("open ", e.endpoint, e.request.open().take_over() ? " taking over" : "");
}
inline std::string Line(const PublishCloseStream&) {
  return "close";
}
inline std::string Line(const PublishSetTimer& e) {
  return absl::StrCat("timer ", absl::FormatDuration(e.after));
}
inline std::string Line(const PublishLoad& e) {
  return absl::StrCat("load from ", e.from_number);
}
inline std::string Line(const PublishSend& e) {
  return absl::StrCat("send ", e.number, " as ", e.place.epoch, "/", e.place.first_sequence);
}
inline std::string Line(const PublishSaveBase& e) {
  return absl::StrCat("save ", e.base.first_number, " at ", e.base.epoch, "/", e.base.next_sequence);
}
inline std::string Line(const PublishAcknowledged& e) {
  return absl::StrCat("stored ", e.first_number, "-", e.base.first_number - 1, " (", e.records, " records)");
}
inline std::string Line(const PublishStopped& e) {
  return absl::StrCat("stop ", absl::StatusCodeToString(e.status.code()),
                      e.refused.has_value() ? absl::StrCat(" batch ", *e.refused) : "");
}

// Timers and loads are left out unless asked for: few tests are about them.
inline std::vector<std::string> Lines(const PublishEffects& effects, bool all = false) {
  std::vector<std::string> lines;
  for (const PublishEffect& effect : effects) {
    if (!all && (std::holds_alternative<PublishSetTimer>(effect) || std::holds_alternative<PublishLoad>(effect))) {
      continue;
    }
    lines.push_back(std::visit([](const auto& e) { return Line(e); }, effect));
  }
  return lines;
}

}  // namespace allmende::session
