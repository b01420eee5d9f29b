#include "sdk/format/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sdk/base/endian.h"
#include "sdk/format/batch_builder.h"
#include "sdk/format/example_batches.h"

namespace allmende::format {
namespace {

constexpr size_t kRecordCountOffset = 40;  // docs/formats.md, Statement

// What a reader who knows the key and the statement hash makes of the bytes.
absl::Status CheckAll(std::string_view bytes, const crypto::Ed25519PublicKey* key) {
  absl::StatusOr<BatchView> view = BatchView::Parse(bytes);
  if (!view.ok()) {
    return view.status();
  }
  if (absl::Status root = view->CheckRoot(); !root.ok()) {
    return root;
  }
  return key == nullptr ? absl::OkStatus() : view->CheckSignature(*key);
}

void ExpectSameRecords(const BatchView& view, const std::vector<RecordContent>& records) {
  size_t index = 0;
  for (const RecordView& record : view.records()) {
    ASSERT_LT(index, records.size());
    EXPECT_EQ(record.operation, records[index].operation);
    EXPECT_EQ(record.event_time_us, records[index].event_time_us);
    EXPECT_EQ(record.key, records[index].key);
    EXPECT_EQ(record.payload, records[index].payload);
    ++index;
  }
  EXPECT_EQ(index, records.size());
}

TEST(Batch, IsReadBackAsWritten) {
  const std::string bytes = ExampleBatch();
  const BatchView view = *BatchView::Parse(bytes);
  EXPECT_TRUE(view.CheckRoot().ok());
  EXPECT_EQ(view.statement().dataset, ExamplePlace().dataset);
  EXPECT_EQ(view.statement().record_count, 3u);
  EXPECT_EQ(view.leaf_only_count(), 0u);
  EXPECT_EQ(view.bytes(), bytes);
  EXPECT_EQ(view.StatementHash(), crypto::Sha256Of(bytes.substr(0, 152)));
  ExpectSameRecords(view, ExampleRecords());
}

TEST(Batch, SameBodyPlaceAndKeyGiveTheSameBytes) {
  const crypto::Ed25519PrivateKey key = ExampleKey();
  const BatchBody body = MakeBody(ExampleRecords());
  EXPECT_EQ(*Seal(body, ExamplePlace(), &key), *Seal(body, ExamplePlace(), &key));
}

TEST(Batch, BodyIsSealedAnewAtAnotherPlace) {
  const crypto::Ed25519PrivateKey key = ExampleKey();
  const BatchBody body = *BatchBody::Parse(std::string(BatchView::Parse(ExampleBatch())->body()));
  BatchPlace place = ExamplePlace();
  place.epoch = 2;
  place.first_sequence = 1000;
  const std::string moved = *Seal(body, place, &key);
  const BatchView view = *BatchView::Parse(moved);
  EXPECT_TRUE(CheckAll(moved, &key.public_key()).ok());
  EXPECT_EQ(view.statement().first_sequence, 1000u);
  EXPECT_EQ(view.statement().root, BatchView::Parse(ExampleBatch())->statement().root);
  ExpectSameRecords(view, ExampleRecords());
}

TEST(Batch, RecordsGetSaltsOfTheirOwn) {
  crypto::SaltPool salts;
  BatchBuilder builder(salts);
  ASSERT_TRUE(builder.Add({.payload = "same"}).ok());
  ASSERT_TRUE(builder.Add({.payload = "same"}).ok());
  const BatchBody body = *builder.Finish();
  EXPECT_NE(body.bytes().substr(0, body.bytes().size() / 2), body.bytes().substr(body.bytes().size() / 2));
}

TEST(Batch, EveryTruncationIsRefused) {
  const crypto::Ed25519PrivateKey key = ExampleKey();
  const std::string bytes = ExampleBatch(&key);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(BatchView::Parse(bytes.substr(0, size)).status().code(), absl::StatusCode::kInvalidArgument) << size;
  }
  EXPECT_FALSE(BatchView::Parse(bytes + std::string(1, '\0')).ok());
  EXPECT_FALSE(BatchView::Parse(bytes + bytes).ok());
}

TEST(Batch, EveryFlippedBitOfASignedBatchIsRefused) {
  const crypto::Ed25519PrivateKey key = ExampleKey();
  const std::string bytes = ExampleBatch(&key);
  ASSERT_TRUE(CheckAll(bytes, &key.public_key()).ok());
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(CheckAll(flipped, &key.public_key()).ok()) << "byte " << bit / 8 << ", bit " << bit % 8;
  }
}

// Without a signature, the statement hash in the next batch, or in the broker's head, takes its place.
TEST(Batch, EveryFlippedBitOfAnUnsignedBatchIsRefusedOrChangesTheStatementHash) {
  const std::string bytes = ExampleBatch();
  const crypto::Digest statement_hash = BatchView::Parse(bytes)->StatementHash();
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    EXPECT_TRUE(!CheckAll(flipped, nullptr).ok() || BatchView::Parse(flipped)->StatementHash() != statement_hash)
        << "byte " << bit / 8 << ", bit " << bit % 8;
  }
}

TEST(Batch, SwappedRecordsAreRefused) {
  const std::string bytes = *Seal(MakeBody({{.payload = "first"}, {.payload = "other"}}), ExamplePlace());
  const size_t record_bytes = (bytes.size() - kBatchHeaderBytes) / 2;
  const std::string swapped = bytes.substr(0, kBatchHeaderBytes) + bytes.substr(kBatchHeaderBytes + record_bytes) +
                              bytes.substr(kBatchHeaderBytes, record_bytes);
  EXPECT_EQ(BatchView::Parse(swapped)->CheckRoot().code(), absl::StatusCode::kDataLoss);
}

TEST(Batch, SignatureSaysWhyItDoesNotFit) {
  const crypto::Ed25519PrivateKey key = ExampleKey();
  const crypto::Ed25519PrivateKey other = crypto::Ed25519PrivateKey::Generate();
  const std::string unsigned_batch = ExampleBatch();
  const std::string signed_batch = ExampleBatch(&key);
  EXPECT_EQ(BatchView::Parse(unsigned_batch)->signature().algorithm(), SignatureAlgorithm::kNone);
  EXPECT_EQ(BatchView::Parse(unsigned_batch)->CheckSignature(key.public_key()).message(), "there is no signature");
  EXPECT_EQ(BatchView::Parse(signed_batch)->signature().key_id(), KeyIdOf(key.public_key()));
  EXPECT_EQ(BatchView::Parse(signed_batch)->CheckSignature(other.public_key()).message(),
            "the signature is by another key");
}

TEST(Batch, UnknownSignatureAlgorithmAsksForANewerProgram) {
  std::string bytes = ExampleBatch();
  bytes[kStatementBytes] = '\2';
  EXPECT_EQ(BatchView::Parse(bytes).status().code(), absl::StatusCode::kUnimplemented);
}

TEST(Batch, RecordCountAndRecordsMustAgree) {
  for (const char count : {'\2', '\4'}) {
    std::string bytes = ExampleBatch();
    bytes[43] = count;
    EXPECT_EQ(BatchView::Parse(bytes).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(Batch, ErrorNamesTheRecord) {
  std::string bytes = ExampleBatch();
  const size_t second = kBatchHeaderBytes + BatchView::Parse(bytes)->records().begin()->encoded.size();
  bytes[second + 4] = '\7';
  EXPECT_EQ(BatchView::Parse(bytes).status().message(),
            "malformed batch: record 1: malformed record: its operation is 7; known are 1 to 4");
}

// -------------------------------------------------------------------------------------------------------------- limits

TEST(BatchBuilder, RefusesAnEmptyBatch) {
  CountedSalts salts;
  EXPECT_EQ(BatchBuilder(salts).Finish().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(BatchBody::Parse("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(BatchBuilder, BadRecordChangesNothing) {
  CountedSalts salts;
  BatchBuilder builder(salts);
  ASSERT_TRUE(builder.Add({.payload = "good"}).ok());
  EXPECT_EQ(builder.Add({.operation = Operation::kDelete}).code(), absl::StatusCode::kInvalidArgument);
  const std::string too_large(kBatchBodyBytesMax, 'x');
  EXPECT_EQ(builder.Add({.payload = too_large}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(builder.record_count(), 1u);
  EXPECT_EQ(builder.Finish()->bytes(), MakeBody({{.payload = "good"}}).bytes());
}

TEST(BatchBuilder, FullBatchTakesNoMoreAndTheNextOneBegins) {
  CountedSalts salts;
  BatchBuilder builder(salts);
  const std::string payload(kBatchBodyBytesMax - 34 - 50, 'x');
  ASSERT_TRUE(builder.Add({.payload = payload}).ok());
  ASSERT_TRUE(builder.Add({}).ok()) << "50 bytes are left, and a small record counts with 50";
  EXPECT_EQ(builder.Add({}).code(), absl::StatusCode::kResourceExhausted);
  const std::string batch = *Seal(*builder.Finish(), ExamplePlace());
  EXPECT_TRUE(CheckAll(batch, nullptr).ok());
  EXPECT_TRUE(builder.empty());
  ASSERT_TRUE(builder.Add({.payload = "next"}).ok());
  const std::string next = *Seal(*builder.Finish(), ExamplePlace());
  EXPECT_TRUE(CheckAll(next, nullptr).ok());
}

TEST(BatchBuilder, MostRecordsFitAndOneMoreDoesNot) {
  CountedSalts salts;
  BatchBuilder builder(salts);
  for (uint32_t i = 0; i < kBatchRecordsMax; ++i) {
    ASSERT_TRUE(builder.Add({}).ok()) << i;
  }
  EXPECT_EQ(builder.Add({}).code(), absl::StatusCode::kResourceExhausted);
  const BatchBody body = *builder.Finish();
  EXPECT_TRUE(CheckAll(*Seal(body, ExamplePlace()), nullptr).ok());
  const std::string record(body.bytes().substr(0, 34));
  EXPECT_EQ(BatchBody::Parse(std::string(body.bytes()) + record).status().message(),
            "malformed batch: it has more than 16384 records");
}

TEST(BatchBody, OverTheLimitIsRefused) {
  std::string bytes;
  for (int i = 0; i < 2; ++i) {
    AppendRecord({.payload = std::string(kBatchBodyBytesMax / 2, 'x')}, crypto::Salt{}, bytes);
  }
  EXPECT_EQ(BatchBody::Parse(bytes).status().message(), "malformed batch: its records have more than 1048576 bytes");
}

TEST(Seal, RefusesAPlaceThatDoesNotExist) {
  BatchPlace place = ExamplePlace();
  place.first_sequence = 0;
  EXPECT_EQ(Seal(MakeBody(ExampleRecords()), place).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(BatchWalk, SeesWhatAViewSees) {
  const std::string bytes = ExampleBatch();
  const BatchView view = *BatchView::Parse(bytes);
  BatchWalk walk = *BatchWalk::Open(bytes);
  EXPECT_EQ(walk.statement(), view.statement());
  EXPECT_EQ(walk.rest(), view.body());
  for (const RecordView& record : view.records()) {
    ASSERT_TRUE(walk.Next()) << walk.status();
    EXPECT_EQ(walk.record().encoded, record.encoded);
    EXPECT_EQ(walk.record().key, record.key);
    EXPECT_EQ(walk.record().payload, record.payload);
  }
  EXPECT_FALSE(walk.Next());
  EXPECT_TRUE(walk.status().ok()) << walk.status();
  EXPECT_FALSE(walk.Next()) << "it stays at the end";
}

TEST(BatchWalk, GivesWhatStandsBeforeADamageAndThenSaysWhatIsWrong) {
  std::string bytes = ExampleBatch();
  const std::string_view body = BatchView::Parse(bytes)->body();
  const size_t first_bytes = (*BatchView::Parse(bytes)->records().begin()).encoded.size();
  bytes[bytes.size() - body.size() + first_bytes + 4] = 9;  // the operation of the second record
  BatchWalk walk = *BatchWalk::Open(bytes);
  EXPECT_TRUE(walk.Next());
  EXPECT_FALSE(walk.Next());
  EXPECT_EQ(walk.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(walk.status().message()), ::testing::HasSubstr("record 1: malformed record: its operation"));
  EXPECT_FALSE(walk.Next()) << "nothing behind a damage is given";
  EXPECT_EQ(BatchView::Parse(bytes).status(), walk.status());
}

TEST(BatchWalk, FewerOrMoreRecordsThanTheStatementSaysAreAnError) {
  const std::string bytes = ExampleBatch();
  for (const uint32_t told : {2u, 4u}) {
    std::string other = bytes;
    StoreBigEndian(told, other.data() + kRecordCountOffset);
    ASSERT_EQ(BatchWalk::Open(other)->statement().record_count, told);
    BatchWalk walk = *BatchWalk::Open(other);
    while (walk.Next()) {
    }
    EXPECT_THAT(std::string(walk.status().message()), ::testing::HasSubstr(absl::StrCat("it has ", told, " records")));
    EXPECT_FALSE(BatchView::Parse(other).ok());
  }
}

}  // namespace
}  // namespace allmende::format
