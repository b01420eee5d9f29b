#include "sdk/replica/encoding.h"

#include <string>

#include "gtest/gtest.h"

namespace allmende::replica {
namespace {

TEST(ReplicaEncodingTest, ReadsBackRecordsOfBothKinds) {
  RecordView record;
  record.sequence = 7;
  record.key_is_pseudonym = true;
  record.key = "key";
  record.event_time = absl::FromUnixMicros(-3);
  record.payload = "payload";
  std::string value = "left over";

  EncodeTableRecord(record, value);
  const std::string table_key = TableKey(2, "key");
  const RecordView from_table = *DecodeTableRecord(table_key, value);
  EXPECT_EQ(from_table.sequence, 7u);
  EXPECT_EQ(from_table.key, "key");
  EXPECT_EQ(from_table.payload, "payload");
  EXPECT_EQ(from_table.event_time, absl::FromUnixMicros(-3));
  EXPECT_TRUE(from_table.key_is_pseudonym);

  EncodeStreamRecord(record, value);
  const std::string stream_key = StreamKey(2, 7);
  const RecordView from_stream = *DecodeStreamRecord(stream_key, value);
  EXPECT_EQ(from_stream.sequence, 7u);
  EXPECT_EQ(from_stream.key, "key");
  EXPECT_EQ(from_stream.payload, "payload");
}

TEST(ReplicaEncodingTest, KeepsCopiesApartAndSequencesInOrder) {
  EXPECT_LT(StreamKey(1, 255), StreamKey(1, 256));
  EXPECT_LT(StreamKey(1, UINT64_MAX), StreamKey(2, 0));
  EXPECT_LT(TableKey(1, "\xff\xff"), CopyPrefix(2));
}

TEST(ReplicaEncodingTest, RefusesRecordsOfAnotherLength) {
  EXPECT_EQ(DecodeTableRecord(TableKey(1, "k"), "short").status().code(), absl::StatusCode::kDataLoss);
  std::string value;
  EncodeStreamRecord({.key = "a long key"}, value);
  const std::string key = StreamKey(1, 1);
  EXPECT_EQ(DecodeStreamRecord(key, value.substr(0, 15)).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeStreamRecord(key + "x", value).status().code(), absl::StatusCode::kDataLoss);
}

TEST(ReplicaEncodingTest, ReadsBackTheStateWithItsInfinities) {
  session::ReplicaState state;
  state.served = {3, 4, 5};
  state.made = {6, 7, 8};
  state.made_target = 9;
  state.narrowed = true;
  state.ended = true;
  state.resume_token = std::string("a\0b", 3);
  state.token_sequence = 10;
  state.head = 11;
  state.epoch = 12;
  state.as_of = absl::FromUnixMicros(13);
  state.lease_until = absl::InfiniteFuture();
  const session::ReplicaState read = *DecodeState(EncodeState(state));
  EXPECT_EQ(read.served, state.served);
  EXPECT_EQ(read.made, state.made);
  EXPECT_EQ(read.made_target, 9u);
  EXPECT_TRUE(read.narrowed && read.ended);
  EXPECT_EQ(read.resume_token, state.resume_token);
  EXPECT_EQ(read.token_sequence, 10u);
  EXPECT_EQ(read.head, 11u);
  EXPECT_EQ(read.epoch, 12u);
  EXPECT_EQ(read.as_of, state.as_of);
  EXPECT_EQ(read.level_at, absl::InfinitePast());
  EXPECT_EQ(read.lease_until, absl::InfiniteFuture());
  EXPECT_EQ(DecodeState("short").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace allmende::replica
