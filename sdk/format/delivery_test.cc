#include "sdk/format/delivery.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sdk/format/example_batches.h"
#include "sdk/format/statement.h"

namespace allmende::format {
namespace {

Attestation ExampleAttestation() {
  Attestation attestation;
  attestation.dataset = ExamplePlace().dataset;
  attestation.first_sequence = 10;
  attestation.release = 3;
  attestation.regime = 1;
  attestation.view_id.fill(0x11);
  attestation.source_hash.fill(0x22);
  return attestation;
}

std::vector<DeliveryEntry> ExampleEntries() {
  return {{.event_time_us = 5, .key = "key-1", .payload = "payload-1"},
          {.kind = EntryKind::kWithheld, .count = 7},
          {.kind = EntryKind::kDelete, .key_is_pseudonym = true, .key = "pseudonym-16byte"},
          {.kind = EntryKind::kErased, .count = 1}};
}

std::string Deliver(const std::vector<DeliveryEntry>& entries, const Attestation& attestation,
                    const crypto::Ed25519PrivateKey* signer = nullptr) {
  CountedSalts salts;
  DeliveryBuilder builder(salts);
  for (const DeliveryEntry& entry : entries) {
    EXPECT_TRUE(builder.Add(entry).ok());
  }
  return *builder.Finish(attestation, signer);
}

absl::Status CheckAll(std::string_view bytes, const crypto::Ed25519PublicKey& key) {
  absl::StatusOr<DeliveryView> view = DeliveryView::Parse(bytes);
  if (!view.ok()) {
    return view.status();
  }
  absl::Status content = view->CheckContent();
  return content.ok() ? view->CheckSignature(key) : content;
}

TEST(Delivery, IsReadBackAsWritten) {
  const std::string bytes = Deliver(ExampleEntries(), ExampleAttestation());
  const DeliveryView view = *DeliveryView::Parse(bytes);
  EXPECT_TRUE(view.CheckContent().ok());
  EXPECT_EQ(view.attestation().dataset, ExampleAttestation().dataset);
  EXPECT_EQ(view.attestation().first_sequence, 10u);
  EXPECT_EQ(view.attestation().last_sequence, 19u);
  EXPECT_EQ(view.attestation().release, 3u);
  EXPECT_EQ(view.attestation().regime, 1u);
  EXPECT_FALSE(view.attestation().snapshot);
  EXPECT_EQ(view.attestation().view_id, ExampleAttestation().view_id);
  EXPECT_EQ(view.attestation().source_hash, ExampleAttestation().source_hash);
  EXPECT_EQ(view.entry_count(), 4u);

  const std::vector<DeliveryEntry> expected = ExampleEntries();
  const uint64_t sequences[] = {10, 11, 18, 19};
  size_t index = 0;
  view.ForEach([&](const DeliveryEntry& entry) {
    ASSERT_LT(index, expected.size());
    EXPECT_EQ(entry.kind, expected[index].kind);
    EXPECT_EQ(entry.key_is_pseudonym, expected[index].key_is_pseudonym);
    EXPECT_EQ(entry.event_time_us, expected[index].event_time_us);
    EXPECT_EQ(entry.key, expected[index].key);
    EXPECT_EQ(entry.payload, expected[index].payload);
    EXPECT_EQ(entry.count, expected[index].count);
    EXPECT_EQ(entry.first_sequence, sequences[index]);
    ++index;
  });
  EXPECT_EQ(index, expected.size());
}

TEST(Delivery, EveryTruncationIsRefused) {
  const std::string bytes = Deliver(ExampleEntries(), ExampleAttestation());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DeliveryView::Parse(bytes.substr(0, size)).status().code(), absl::StatusCode::kInvalidArgument) << size;
  }
  EXPECT_FALSE(DeliveryView::Parse(bytes + std::string(1, '\0')).ok());
}

TEST(Delivery, EveryFlippedBitOfASignedDeliveryIsRefused) {
  const crypto::Ed25519PrivateKey key = ExampleKey();
  const std::string bytes = Deliver(ExampleEntries(), ExampleAttestation(), &key);
  ASSERT_TRUE(CheckAll(bytes, key.public_key()).ok());
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(CheckAll(flipped, key.public_key()).ok()) << "byte " << bit / 8 << ", bit " << bit % 8;
  }
}

std::string DeliverWithoutHash() {
  CountedSalts salts;
  DeliveryBuilder builder(salts);
  for (const DeliveryEntry& entry : ExampleEntries()) {
    EXPECT_TRUE(builder.Add(entry).ok());
  }
  return *builder.FinishWithoutHash(ExampleAttestation());
}

TEST(Delivery, WithoutHashDiffersInHashAndSaltAlone) {
  const std::string plain = DeliverWithoutHash();
  std::string hashed = Deliver(ExampleEntries(), ExampleAttestation());
  ASSERT_EQ(plain.size(), hashed.size());
  hashed[60] = '\0';
  hashed.replace(128, 32, 32, '\0');
  hashed.replace(229, 16, 16, '\0');
  EXPECT_EQ(plain, hashed);
  const DeliveryView view = *DeliveryView::Parse(plain);
  EXPECT_FALSE(view.attestation().content_hash.has_value());
  EXPECT_EQ(view.CheckContent().code(), absl::StatusCode::kFailedPrecondition) << "nothing is vouched for";
  EXPECT_EQ(view.CheckSignature(ExampleKey().public_key()).code(), absl::StatusCode::kUnauthenticated);
}

TEST(Delivery, NothingStandsInThePlaceOfAHashThatIsNotThere) {
  const crypto::Ed25519PrivateKey key = ExampleKey();
  std::string stripped = Deliver(ExampleEntries(), ExampleAttestation(), &key);
  stripped[60] = '\0';
  stripped.replace(128, 32, 32, '\0');
  stripped.replace(229, 16, 16, '\0');
  EXPECT_FALSE(DeliveryView::Parse(stripped).ok()) << "a signature over no content";
  for (const size_t offset : {128, 159, 229, 244}) {
    std::string bytes = DeliverWithoutHash();
    bytes[offset] = '\1';
    EXPECT_EQ(DeliveryView::Parse(bytes).status().code(), absl::StatusCode::kInvalidArgument) << offset;
  }
}

TEST(Delivery, SupersededRunsOccurInSnapshotsOnly) {
  const DeliveryEntry superseded{.kind = EntryKind::kSuperseded, .count = 5};
  Attestation attestation = ExampleAttestation();
  CountedSalts salts;
  DeliveryBuilder builder(salts);
  ASSERT_TRUE(builder.Add(superseded).ok());
  EXPECT_EQ(builder.Finish(attestation).status().code(), absl::StatusCode::kInvalidArgument);
  attestation.snapshot = true;
  std::string bytes = *builder.Finish(attestation);
  EXPECT_TRUE(DeliveryView::Parse(bytes)->attestation().snapshot);
  bytes[63] = '\0';
  EXPECT_FALSE(DeliveryView::Parse(bytes).ok());
}

TEST(Delivery, EntriesMustAccountForTheRange) {
  std::string bytes = Deliver(ExampleEntries(), ExampleAttestation());
  bytes[39] = 18;  // last sequence
  EXPECT_EQ(DeliveryView::Parse(bytes).status().message(),
            "malformed delivery: its entries do not account for the sequences that it says it covers");
}

TEST(Delivery, WhatANewerProgramMadeIsRefusedAsSuch) {
  for (const size_t offset : {7, 60, 61, 62, 63}) {
    std::string bytes = Deliver(ExampleEntries(), ExampleAttestation());
    bytes[offset] = '\x42';
    EXPECT_EQ(DeliveryView::Parse(bytes).status().code(), absl::StatusCode::kUnimplemented) << offset;
  }
}

TEST(DeliveryBuilder, RefusesEntriesThatCannotBe) {
  CountedSalts salts;
  DeliveryBuilder builder(salts);
  const std::string long_key(1025, 'k');
  const DeliveryEntry cases[] = {
      {.kind = static_cast<EntryKind>(0)},
      {.kind = static_cast<EntryKind>(6)},
      {.key = "key", .count = 2},
      {.key = "key", .count = 0},
      {.key_is_pseudonym = true},
      {.key = long_key},
      {.event_time_us = kTimeMaxUs + 1},
      {.kind = EntryKind::kDelete},
      {.kind = EntryKind::kDelete, .key = "key", .payload = "payload"},
      {.kind = EntryKind::kWithheld, .count = 0},
      {.kind = EntryKind::kErased, .count = ~uint64_t{0}},
  };
  for (const DeliveryEntry& entry : cases) {
    EXPECT_EQ(builder.Add(entry).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(builder.Finish(ExampleAttestation()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(DeliveryBuilder, RefusesPlacesThatDoNotExist) {
  CountedSalts salts;
  DeliveryBuilder builder(salts);
  ASSERT_TRUE(builder.Add({.kind = EntryKind::kWithheld, .count = 2}).ok());
  Attestation attestation = ExampleAttestation();
  attestation.first_sequence = 0;
  EXPECT_FALSE(builder.Finish(attestation).ok());
  attestation.first_sequence = kSequenceMax;
  EXPECT_FALSE(builder.Finish(attestation).ok());
  attestation = ExampleAttestation();
  attestation.dataset = DatasetId();
  EXPECT_FALSE(builder.Finish(attestation).ok());
  EXPECT_TRUE(builder.Finish(ExampleAttestation()).ok()) << "a refusal keeps what was added";
  EXPECT_TRUE(builder.empty());
}

TEST(DeliveryBuilder, FullDeliveryTakesNoMore) {
  CountedSalts salts;
  DeliveryBuilder builder(salts);
  const std::string half(kDeliveryBodyBytesMax / 2, 'x');
  ASSERT_TRUE(builder.Add({.payload = half}).ok());
  EXPECT_EQ(builder.Add({.payload = half}).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(builder.Add({.payload = half + half}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(builder.sequences(), 1u);
}

TEST(DeliveryEntry, HeadersThatDoNotFitAreRefused) {
  std::string record;
  AppendEntry(ExampleEntries()[0], record);
  std::string run;
  AppendEntry(ExampleEntries()[1], run);
  const struct {
    const std::string& bytes;
    size_t offset;
    char value;
  } cases[] = {
      {record, 3, '\x0d'}, {record, 3, '\x7f'}, {record, 4, '\0'},   {record, 4, '\x06'}, {record, 4, '\x03'},
      {record, 5, '\0'},   {record, 5, '\x04'}, {record, 6, '\x7f'}, {record, 17, '\1'},  {run, 5, '\1'},
      {run, 7, '\1'},      {run, 15, '\1'},     {run, 16, '\1'},     {run, 25, '\0'},     {run, 18, '\x80'},
  };
  for (const auto& change : cases) {
    std::string bytes = change.bytes;
    bytes[change.offset] = change.value;
    std::string_view rest = bytes;
    EXPECT_EQ(TakeEntry(rest).status().code(), absl::StatusCode::kInvalidArgument) << change.offset;
    EXPECT_EQ(rest.size(), bytes.size()) << "moved on after an error";
  }
}

}  // namespace
}  // namespace allmende::format
