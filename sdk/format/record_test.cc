#include "sdk/format/record.h"

#include <gtest/gtest.h>

#include <string>

#include "sdk/format/statement.h"

namespace allmende::format {
namespace {

using std::string_literals::operator""s;

std::string Encoded(const RecordContent& content) {
  std::string bytes;
  crypto::Salt salt;
  salt.fill(0xaa);
  AppendRecord(content, salt, bytes);
  return bytes;
}

RecordContent ExampleContent() {
  return {.event_time_us = 5, .key = "key", .payload = "payload"};
}

std::string ErasedExample() {
  std::string bytes;
  crypto::Digest leaf;
  leaf.fill(0x1f);
  AppendLeafRecord(Operation::kErased, leaf, bytes);
  return bytes;
}

TEST(Record, IsWrittenAsSpecified) {
  EXPECT_EQ(Encoded(ExampleContent()),
            "\0\0\0\x28"s          // 40 bytes follow
            "\x01\x01"             // upsert, with event time
            "\0\x03"s              // key bytes
            "\0\0\0\0\0\0\0\x05"s  // event time
            "\0\x01"s +            // salts
                std::string(16, '\xaa') +
                "keypayload");
}

TEST(Record, IsReadBackAsWritten) {
  const std::string bytes = Encoded(ExampleContent());
  const std::string with_next = bytes + "the next record";
  const RecordView record = *ParseRecord(with_next);
  EXPECT_EQ(record.operation, Operation::kUpsert);
  EXPECT_TRUE(record.has_content());
  EXPECT_EQ(record.event_time_us, 5);
  EXPECT_EQ(record.key, "key");
  EXPECT_EQ(record.payload, "payload");
  EXPECT_EQ(record.salt, std::string(16, '\xaa'));
  EXPECT_EQ(record.leaf, "");
  EXPECT_EQ(record.encoded, bytes);
}

TEST(Record, EventTimeZeroIsNotNoEventTime) {
  EXPECT_EQ(ParseRecord(Encoded({.event_time_us = 0}))->event_time_us, 0);
  EXPECT_EQ(ParseRecord(Encoded({}))->event_time_us, std::nullopt);
}

TEST(Record, LeafIsAllThatIsLeftOfAnErasedOne) {
  const std::string bytes = ErasedExample();
  EXPECT_EQ(bytes.size(), kLeafRecordBytes);
  const RecordView record = *ParseRecord(bytes);
  EXPECT_EQ(record.operation, Operation::kErased);
  EXPECT_FALSE(record.has_content());
  EXPECT_EQ(record.leaf, std::string(32, '\x1f'));
  EXPECT_EQ(record.salt, "");
  crypto::Sha256 hasher;
  EXPECT_EQ(crypto::AsBytes(LeafOf(record, hasher)), record.leaf);
}

TEST(Record, LeafCommitsToEverything) {
  crypto::Sha256 hasher;
  const crypto::Digest leaf = LeafOf(*ParseRecord(Encoded(ExampleContent())), hasher);
  const RecordContent others[] = {
      {.event_time_us = 6, .key = "key", .payload = "payload"},
      {.key = "key", .payload = "payload"},
      {.event_time_us = 5, .key = "kex", .payload = "payload"},
      {.event_time_us = 5, .key = "key", .payload = "payloae"},
      {.event_time_us = 5, .key = "keyp", .payload = "ayload"},  // the border between key and payload
      {.event_time_us = 5, .key = "key"}};
  for (const RecordContent& other : others) {
    EXPECT_NE(LeafOf(*ParseRecord(Encoded(other)), hasher), leaf);
  }
  std::string resalted = Encoded(ExampleContent());
  resalted[18] ^= 1;
  EXPECT_NE(LeafOf(*ParseRecord(resalted), hasher), leaf);
}

TEST(Record, ContentThatNoBatchCanHoldIsRefused) {
  const std::string long_key(kKeyBytesMax + 1, 'k');
  const RecordContent cases[] = {
      {.operation = Operation::kWithheld},
      {.operation = Operation::kErased, .key = "key"},
      {.operation = static_cast<Operation>(0)},
      {.operation = static_cast<Operation>(5)},
      {.key = long_key},
      {.event_time_us = kTimeMinUs - 1},
      {.event_time_us = kTimeMaxUs + 1},
      {.operation = Operation::kDelete},
      {.operation = Operation::kDelete, .key = "key", .payload = "payload"},
  };
  for (const RecordContent& content : cases) {
    EXPECT_EQ(CheckContent(content).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ParseRecord(Encoded(content)).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(Record, GreatestKeyAndTimesAreAllowed) {
  const std::string key(kKeyBytesMax, 'k');
  EXPECT_TRUE(CheckContent({.event_time_us = kTimeMaxUs, .key = key}).ok());
  EXPECT_TRUE(CheckContent({.operation = Operation::kDelete, .event_time_us = kTimeMinUs, .key = key}).ok());
}

struct ByteCase {
  size_t offset;
  char value;
  const char* message;
};

void ExpectRefused(std::string bytes, const ByteCase& change) {
  bytes[change.offset] = change.value;
  const absl::Status status = ParseRecord(bytes).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << change.offset;
  EXPECT_EQ(status.message(), std::string("malformed record: ") + change.message);
}

TEST(Record, FieldsThatDoNotFitAreRefused) {
  const ByteCase cases[] = {
      {0, '\1', "it is cut off or has a wrong length; 44 bytes are left for it"},
      {3, '\x0d', "it is cut off or has a wrong length; 44 bytes are left for it"},  // less than a header
      {3, '\x29', "it is cut off or has a wrong length; 44 bytes are left for it"},  // more than there is
      {4, '\0', "its operation is 0; known are 1 to 4"},
      {4, '\5', "its operation is 5; known are 1 to 4"},
      {4, '\2', "it deletes, but has a payload; the key alone says what is deleted"},
      {4, '\4', "a withheld or erased record carries something else than its leaf"},
      {5, '\0', "it has an event time, but no flag for it"},
      {5, '\2', "its flags are 2; a batch knows only 1"},
      {5, '\x81', "its flags are 129; a batch knows only 1"},
      {7, '\x0b', "its salt and key do not fit into it"},
      {6, '\x04', "its salt and key do not fit into it"},
      {8, '\x7f', "its event time is outside the years 1 to 9999"},
      {17, '\0', "it has 0 salts instead of one"},
      {17, '\2', "it has 2 salts instead of one"},
      {16, '\1', "it has 257 salts instead of one"},
  };
  for (const ByteCase& change : cases) {
    ExpectRefused(Encoded(ExampleContent()), change);
  }
}

TEST(Record, ErasedOnesThatCarryMoreAreRefused) {
  for (const size_t offset : {5, 6, 7, 8, 15, 16, 17}) {
    ExpectRefused(ErasedExample(), {offset, '\1', "a withheld or erased record carries something else than its leaf"});
  }
  std::string longer = ErasedExample() + "x";
  ++longer[3];
  EXPECT_FALSE(ParseRecord(longer).ok());
  std::string shorter = ErasedExample();
  --shorter[3];
  EXPECT_FALSE(ParseRecord(shorter).ok());
}

TEST(Record, EveryTruncationIsRefused) {
  for (const std::string& bytes : {Encoded(ExampleContent()), ErasedExample()}) {
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(ParseRecord(bytes.substr(0, size)).status().code(), absl::StatusCode::kInvalidArgument) << size;
    }
  }
}

}  // namespace
}  // namespace allmende::format
