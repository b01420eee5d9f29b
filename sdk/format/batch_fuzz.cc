// Whatever the bytes are: reading them neither crashes nor reads outside, and what is accepted means one thing only, so
// that writing it down again gives the same bytes.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "sdk/format/batch.h"
#include "sdk/format/batch_builder.h"
#include "sdk/format/delivery.h"
#include "sdk/format/erase.h"

namespace allmende::format {
namespace {

void Expect(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

std::string WriteAgain(const RecordView& record) {
  std::string bytes;
  if (record.has_content()) {
    crypto::Salt salt;
    record.salt.copy(reinterpret_cast<char*>(salt.data()), salt.size());
    AppendRecord({record.operation, record.event_time_us, record.key, record.payload}, salt, bytes);
  } else {
    crypto::Digest leaf;
    record.leaf.copy(reinterpret_cast<char*>(leaf.data()), leaf.size());
    AppendLeafRecord(record.operation, leaf, bytes);
  }
  return bytes;
}

void ReadBatch(std::string_view bytes) {
  const absl::StatusOr<BatchView> view = BatchView::Parse(bytes);
  if (!view.ok()) {
    return;
  }
  Expect(EncodeStatement(view->statement()) == view->statement_bytes(), "statements are written in one way");
  std::string body;
  for (const RecordView& record : view->records()) {
    body += WriteAgain(record);
  }
  Expect(body == view->body(), "records are written in one way");
  const absl::StatusOr<BatchBody> parsed = BatchBody::Parse(body);
  Expect(parsed.ok() && parsed->record_count() == view->statement().record_count, "a batch's body is a body");
  Expect((parsed->root() == view->statement().root) == view->CheckRoot().ok(), "there is one root");

  std::vector<uint32_t> all(view->statement().record_count);
  std::iota(all.begin(), all.end(), 0);
  const absl::StatusOr<std::string> erased = Erase(bytes, all);
  Expect(erased.ok(), "every batch can be erased");
  const absl::StatusOr<BatchView> rest = BatchView::Parse(*erased);
  Expect(rest.ok() && rest->CheckRoot().ok() == view->CheckRoot().ok(), "erasing does not touch the root");
  Expect(rest->leaf_only_count() == all.size(), "erasing leaves leaves only");
}

void ReadDelivery(std::string_view bytes) {
  const absl::StatusOr<DeliveryView> view = DeliveryView::Parse(bytes);
  if (!view.ok()) {
    return;
  }
  std::string body;
  uint64_t next_sequence = view->attestation().first_sequence;
  view->ForEach([&](const DeliveryEntry& entry) {
    Expect(entry.first_sequence == next_sequence, "sequences are dense");
    next_sequence += entry.count;
    AppendEntry(entry, body);
  });
  Expect(next_sequence == view->attestation().last_sequence + 1, "every sequence is accounted for");
  Expect(body == bytes.substr(kDeliveryHeaderBytes), "entries are written in one way");
  static_cast<void>(view->CheckContent());
}

}  // namespace
}  // namespace allmende::format

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  allmende::format::ReadBatch(bytes);
  allmende::format::ReadDelivery(bytes);
  return 0;
}
