#include "sdk/subscriber/batch_decoder.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/crypto/random.h"
#include "sdk/format/batch_builder.h"
#include "sdk/format/delivery.h"
#include "sdk/format/erase.h"

namespace allmende {
namespace {

using ::testing::ElementsAre;

constexpr char kDataset[] = "0123456789abcdef";

class BatchDecoderTest : public testing::Test {
 protected:
  // The next batch of the chain: `count` records that carry their sequences.
  v1::Delivery NextBatch(uint64_t count) {
    format::BatchBuilder builder(salts_);
    for (uint64_t i = 0; i < count; ++i) {
      const std::string payload = absl::StrCat(head_.next_sequence + i);
      EXPECT_TRUE(builder.Add({.event_time_us = 5, .key = "key", .payload = payload}).ok());
    }
    format::BatchPlace place;
    place.dataset = *format::DatasetId::FromBytes(kDataset);
    place.epoch = 1;
    place.first_sequence = head_.next_sequence;
    place.previous_hash = head_.statement_hash;
    v1::Delivery delivery;
    delivery.set_original(*format::Seal(*builder.Finish(), place));
    const format::BatchView view = *format::BatchView::Parse(delivery.original());
    head_ = format::HeadAfter(view.statement(), view.statement_bytes());
    delivery.set_first_sequence(view.statement().first_sequence);
    delivery.set_last_sequence(view.statement().last_sequence());
    return delivery;
  }

  // One record, a withheld run of two and a superseded one where `snapshot`.
  v1::Delivery Transformed(uint64_t first, bool snapshot = false) {
    format::DeliveryBuilder builder(salts_);
    format::DeliveryEntry record;
    record.key_is_pseudonym = true;
    record.key = "a pseudonym 0001";
    record.payload = "less";
    EXPECT_TRUE(builder.Add(record).ok());
    EXPECT_TRUE(builder.Add({.kind = format::EntryKind::kWithheld, .count = 2}).ok());
    if (snapshot) {
      EXPECT_TRUE(builder.Add({.kind = format::EntryKind::kSuperseded, .count = 1}).ok());
    }
    format::Attestation attestation;
    attestation.dataset = *format::DatasetId::FromBytes(kDataset);
    attestation.first_sequence = first;
    attestation.release = 7;
    attestation.snapshot = snapshot;
    v1::Delivery delivery;
    delivery.set_transformed(*builder.Finish(attestation));
    delivery.set_first_sequence(first);
    delivery.set_last_sequence(first + (snapshot ? 3 : 2));
    delivery.set_release(7);
    return delivery;
  }

  static RecordBatchDecoder Decoder(bool verify = true, uint64_t snapshot_through = 0) {
    RecordBatchDecoder decoder(verify);
    v1::Opened opened;
    opened.set_dataset_id(kDataset);
    opened.set_snapshot(snapshot_through > 0);
    opened.set_head_sequence(snapshot_through);
    decoder.Begin(opened);
    return decoder;
  }

  static std::vector<uint64_t> Sequences(const RecordBatch& batch) {
    std::vector<uint64_t> sequences;
    for (const RecordView& record : batch.records()) sequences.push_back(record.sequence);
    return sequences;
  }

  crypto::SaltPool salts_;
  format::ChainHead head_;
};

TEST_F(BatchDecoderTest, ReadsABatchAsItWasPublished) {
  RecordBatchDecoder decoder = Decoder();
  v1::Delivery delivery = NextBatch(3);
  const std::string bytes = delivery.original();
  absl::StatusOr<RecordBatch> decoded = decoder.Decode(delivery, 0);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  const RecordBatch batch = *std::move(decoded);  // the views survive a move
  EXPECT_TRUE(batch.original());
  EXPECT_EQ(batch.bytes(), bytes);
  EXPECT_THAT(Sequences(batch), ElementsAre(1, 2, 3));
  EXPECT_EQ(batch.records()[1].payload, "2");
  EXPECT_EQ(batch.records()[1].key, "key");
  EXPECT_EQ(batch.records()[1].event_time, absl::FromUnixMicros(5));
}

TEST_F(BatchDecoderTest, LeavesOutWhatWasHandedOutBefore) {
  RecordBatchDecoder decoder = Decoder();
  v1::Delivery delivery = NextBatch(5);
  const absl::StatusOr<RecordBatch> batch = decoder.Decode(delivery, 3);
  ASSERT_TRUE(batch.ok());
  EXPECT_THAT(Sequences(*batch), ElementsAre(4, 5));
  EXPECT_EQ(batch->first_sequence(), 4u);
  EXPECT_EQ(batch->last_sequence(), 5u);
}

TEST_F(BatchDecoderTest, LeavesOutErasedRecords) {
  RecordBatchDecoder decoder = Decoder();
  v1::Delivery delivery = NextBatch(3);
  const uint32_t erased[] = {1};
  delivery.set_original(*format::Erase(delivery.original(), erased));
  const absl::StatusOr<RecordBatch> batch = decoder.Decode(delivery, 0);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(Sequences(*batch), ElementsAre(1, 3));
}

TEST_F(BatchDecoderTest, ReadsADeliveryThatAViewMade) {
  RecordBatchDecoder decoder = Decoder();
  v1::Delivery delivery = Transformed(11);
  const absl::StatusOr<RecordBatch> batch = decoder.Decode(delivery, 0);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_FALSE(batch->original());
  EXPECT_THAT(Sequences(*batch), ElementsAre(11));
  EXPECT_TRUE(batch->records()[0].key_is_pseudonym);
  EXPECT_EQ(batch->records()[0].payload, "less");
  EXPECT_EQ(batch->last_sequence(), 13u);
}

TEST_F(BatchDecoderTest, TakesASnapshotOnlyWhereOneWasAnnounced) {
  v1::Delivery delivery = Transformed(1, /*snapshot=*/true);
  v1::Delivery again = delivery;
  v1::Delivery third = delivery;
  EXPECT_TRUE(Decoder(true, 4).Decode(delivery, 0).ok());
  EXPECT_EQ(Decoder(true, 3).Decode(again, 0).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Decoder(true, 0).Decode(third, 0).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(BatchDecoderTest, RefusesWhatIsNotWhatItSays) {
  struct Case {
    const char* name;
    std::function<void(v1::Delivery&)> change;
    absl::StatusCode code;
  };
  const auto flip = [](std::string& bytes, size_t from_end) { bytes[bytes.size() - from_end] ^= 1; };
  const std::vector<Case> originals = {
      {"a changed payload", [&](v1::Delivery& d) { flip(*d.mutable_original(), 1); }, absl::StatusCode::kDataLoss},
      {"another first sequence", [](v1::Delivery& d) { d.set_first_sequence(2); }, absl::StatusCode::kDataLoss},
      {"another last sequence", [](v1::Delivery& d) { d.set_last_sequence(9); }, absl::StatusCode::kDataLoss},
      {"another dataset", [](v1::Delivery& d) { (*d.mutable_original())[8] ^= 1; }, absl::StatusCode::kDataLoss},
      {"cut off", [](v1::Delivery& d) { d.mutable_original()->pop_back(); }, absl::StatusCode::kInvalidArgument},
      {"nothing", [](v1::Delivery& d) { d.clear_content(); }, absl::StatusCode::kInvalidArgument},
      {"garbage", [](v1::Delivery& d) { d.set_original("garbage"); }, absl::StatusCode::kInvalidArgument},
      {"as the other kind", [](v1::Delivery& d) { d.set_transformed(std::string(d.original())); },
       absl::StatusCode::kInvalidArgument},
  };
  for (const Case& c : originals) {
    head_ = {};
    v1::Delivery delivery = NextBatch(3);
    c.change(delivery);
    EXPECT_EQ(Decoder().Decode(delivery, 0).status().code(), c.code) << c.name;
  }
  const std::vector<Case> transformed = {
      {"a changed payload", [&](v1::Delivery& d) { flip(*d.mutable_transformed(), 27); }, absl::StatusCode::kDataLoss},
      {"another last sequence", [](v1::Delivery& d) { d.set_last_sequence(14); }, absl::StatusCode::kDataLoss},
      {"another release", [](v1::Delivery& d) { d.set_release(8); }, absl::StatusCode::kDataLoss},
      {"cut off", [](v1::Delivery& d) { d.mutable_transformed()->pop_back(); }, absl::StatusCode::kInvalidArgument},
  };
  for (const Case& c : transformed) {
    v1::Delivery delivery = Transformed(11);
    c.change(delivery);
    EXPECT_EQ(Decoder().Decode(delivery, 0).status().code(), c.code) << c.name;
  }
}

TEST_F(BatchDecoderTest, DoesNotHashWhatNobodyWantsVerified) {
  v1::Delivery delivery = NextBatch(3);
  delivery.mutable_original()->back() ^= 1;
  EXPECT_TRUE(Decoder(/*verify=*/false).Decode(delivery, 0).ok());
}

TEST_F(BatchDecoderTest, RefusesABatchThatDoesNotFollowTheOneBefore) {
  RecordBatchDecoder decoder = Decoder();
  v1::Delivery first = NextBatch(3);
  v1::Delivery good = NextBatch(2);
  ASSERT_TRUE(decoder.Decode(first, 0).ok());

  head_.next_sequence = 4;
  head_.statement_hash.fill(9);
  v1::Delivery forged = NextBatch(2);
  EXPECT_EQ(decoder.Decode(forged, 3).status().code(), absl::StatusCode::kDataLoss);
  head_.next_sequence = 3;
  v1::Delivery overlapping = NextBatch(4);
  EXPECT_EQ(decoder.Decode(overlapping, 3).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(decoder.Decode(good, 3).ok());
}

TEST_F(BatchDecoderTest, TakesRepeatsAndGaps) {
  RecordBatchDecoder decoder = Decoder();
  v1::Delivery first = NextBatch(3);
  v1::Delivery repeat = first;
  (void)NextBatch(5);  // handed out by a view, or withheld
  v1::Delivery third = NextBatch(2);
  EXPECT_TRUE(decoder.Decode(first, 0).ok());
  EXPECT_TRUE(decoder.Decode(repeat, 1).ok());
  EXPECT_TRUE(decoder.Decode(third, 8).ok());
}

}  // namespace
}  // namespace allmende
