#include "sdk/format/erase.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sdk/format/batch.h"
#include "sdk/format/body.h"
#include "sdk/format/example_batches.h"

namespace allmende::format {
namespace {

std::vector<Operation> OperationsOf(std::string_view batch) {
  std::vector<Operation> operations;
  for (const RecordView& record : BatchView::Parse(batch)->records()) {
    operations.push_back(record.operation);
  }
  return operations;
}

TEST(Erase, EverySelectionStillVerifies) {
  const crypto::Ed25519PrivateKey key = ExampleKey();
  const std::string batch = ExampleBatch(&key);
  for (uint32_t selection = 0; selection < 8; ++selection) {
    std::vector<uint32_t> indexes;
    for (uint32_t i = 0; i < 3; ++i) {
      if ((selection >> i & 1) != 0) {
        indexes.push_back(i);
      }
    }
    const std::string erased = *Erase(batch, indexes);
    const BatchView view = *BatchView::Parse(erased);
    EXPECT_TRUE(view.CheckRoot().ok()) << selection;
    EXPECT_TRUE(view.CheckSignature(key.public_key()).ok()) << selection;
    EXPECT_EQ(view.statement_bytes(), BatchView::Parse(batch)->statement_bytes());
    EXPECT_EQ(view.leaf_only_count(), indexes.size());
  }
}

TEST(Erase, ContentAndSaltAreGone) {
  const std::string batch = ExampleBatch();
  const std::string salt(BatchView::Parse(batch)->records().begin()->salt);
  const std::string erased = *Erase(batch, std::vector<uint32_t>{0});
  EXPECT_EQ(erased.find("key-1"), std::string::npos);
  EXPECT_EQ(erased.find("payload-1"), std::string::npos);
  EXPECT_EQ(erased.find(salt), std::string::npos);
  EXPECT_NE(erased.find("payload-3"), std::string::npos) << "the others stay";
}

TEST(Erase, ErasingAgainChangesNothing) {
  const std::string once = *Erase(ExampleBatch(), std::vector<uint32_t>{1, 1});
  EXPECT_EQ(*Erase(once, std::vector<uint32_t>{1}), once);
  EXPECT_EQ(*Withhold(once, std::vector<uint32_t>{1}), once) << "what is erased is not merely withheld";
}

TEST(Erase, WithheldRecordsCanBeErased) {
  const std::string withheld = *Withhold(ExampleBatch(), std::vector<uint32_t>{2, 0});
  EXPECT_EQ(OperationsOf(withheld),
            (std::vector<Operation>{Operation::kWithheld, Operation::kDelete, Operation::kWithheld}));
  EXPECT_TRUE(BatchView::Parse(withheld)->CheckRoot().ok());
  const std::string erased = *Erase(withheld, std::vector<uint32_t>{2});
  EXPECT_EQ(OperationsOf(erased),
            (std::vector<Operation>{Operation::kWithheld, Operation::kDelete, Operation::kErased}));
  EXPECT_TRUE(BatchView::Parse(erased)->CheckRoot().ok());
}

TEST(Erase, WhatDoesNotExistIsRefused) {
  EXPECT_EQ(Erase(ExampleBatch(), std::vector<uint32_t>{0, 3}).status().message(),
            "there is no record 3 in the batch; it has 3, counted from 0");
  EXPECT_EQ(Erase("no batch", {}).status().code(), absl::StatusCode::kInvalidArgument);
}

// A record is smaller than its leaf where key and payload are short, so erasing makes such a batch grow.
TEST(Erase, FullBatchOfSmallRecordsStaysWithinTheLimit) {
  CountedSalts salts;
  BatchBuilder builder(salts);
  const std::string large(kBatchBodyBytesMax - 34 - 1000 * kLeafRecordBytes, 'x');
  ASSERT_TRUE(builder.Add({.payload = large}).ok());
  std::vector<uint32_t> small;
  while (builder.Add({}).ok()) {
    small.push_back(builder.record_count() - 1);
  }
  ASSERT_EQ(small.size(), 1000u);
  const std::string erased = *Erase(*Seal(*builder.Finish(), ExamplePlace()), small);
  EXPECT_EQ(erased.size(), kBatchBytesMax);
  EXPECT_TRUE(BatchView::Parse(erased)->CheckRoot().ok());
}

}  // namespace
}  // namespace allmende::format
