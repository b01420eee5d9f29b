#include "sdk/format/statement.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "sdk/format/chain.h"

namespace allmende::format {
namespace {

Statement ExampleStatement() {
  Statement statement;
  statement.dataset = *DatasetId::FromBytes("0123456789abcdef");
  statement.epoch = 2;
  statement.first_sequence = 100;
  statement.record_count = 3;
  statement.created_us = 1'719'792'000'000'000;
  statement.schema_hash.fill(0x5c);
  statement.previous_hash.fill(0xee);
  statement.root.fill(0x77);
  return statement;
}

TEST(Statement, IsReadBackAsWritten) {
  const std::string bytes = EncodeStatement(ExampleStatement());
  ASSERT_EQ(bytes.size(), kStatementBytes);
  EXPECT_EQ(*ParseStatement(bytes), ExampleStatement());
  EXPECT_EQ(*ParseStatement(bytes + "what follows"), ExampleStatement());
}

TEST(Statement, EveryTruncationIsRefused) {
  const std::string bytes = EncodeStatement(ExampleStatement());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseStatement(bytes.substr(0, size)).status().code(), absl::StatusCode::kInvalidArgument) << size;
  }
}

TEST(Statement, SomethingElseIsRefusedAsSuch) {
  EXPECT_EQ(ParseStatement(std::string(200, 'x')).status().message(),
            "malformed batch: it does not begin with `ALMBAT`");
  EXPECT_EQ(ParseStatement("ALM").status().message(),
            "malformed batch: cut off after 3 bytes; the statement alone has 152");
}

struct ByteCase {
  size_t offset;
  char value;
  absl::StatusCode code;
};

class StatementByte : public testing::TestWithParam<ByteCase> {};

TEST_P(StatementByte, IsRefused) {
  std::string bytes = EncodeStatement(ExampleStatement());
  bytes[GetParam().offset] = GetParam().value;
  EXPECT_EQ(ParseStatement(bytes).status().code(), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Unknown, StatementByte,
    testing::Values(ByteCase{6, '\1', absl::StatusCode::kInvalidArgument},       // magic
                    ByteCase{7, '\2', absl::StatusCode::kUnimplemented},         // version
                    ByteCase{7, '\0', absl::StatusCode::kUnimplemented},         //
                    ByteCase{44, '\2', absl::StatusCode::kUnimplemented},        // profile
                    ByteCase{44, '\0', absl::StatusCode::kUnimplemented},        //
                    ByteCase{45, '\2', absl::StatusCode::kUnimplemented},        // hash
                    ByteCase{46, '\x80', absl::StatusCode::kUnimplemented},      // flags
                    ByteCase{47, '\1', absl::StatusCode::kUnimplemented},        //
                    ByteCase{24, '\x80', absl::StatusCode::kInvalidArgument},    // epoch over the greatest
                    ByteCase{32, '\x80', absl::StatusCode::kInvalidArgument},    // sequence likewise
                    ByteCase{40, '\1', absl::StatusCode::kInvalidArgument},      // record count likewise
                    ByteCase{48, '\x80', absl::StatusCode::kInvalidArgument}));  // created in the distant past

TEST(Statement, FieldsOutOfTheirBoundsAreRefused) {
  const std::function<void(Statement&)> cases[] = {
      [](Statement& s) { s.dataset = DatasetId(); },
      [](Statement& s) { s.epoch = 0; },
      [](Statement& s) { s.epoch = kEpochMax + 1; },
      [](Statement& s) { s.first_sequence = 0; },
      [](Statement& s) { s.first_sequence = kSequenceMax - 1; },  // the third record would be one over
      [](Statement& s) { s.first_sequence = ~uint64_t{0}; },
      [](Statement& s) { s.record_count = 0; },
      [](Statement& s) { s.record_count = kBatchRecordsMax + 1; },
      [](Statement& s) { s.created_us = kTimeMinUs - 1; },
      [](Statement& s) { s.created_us = kTimeMaxUs + 1; },
  };
  for (const auto& change : cases) {
    Statement statement = ExampleStatement();
    change(statement);
    EXPECT_EQ(CheckStatement(statement).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ParseStatement(EncodeStatement(statement)).status(), CheckStatement(statement));
  }
}

TEST(Statement, GreatestValuesAreAllowed) {
  Statement statement = ExampleStatement();
  statement.epoch = kEpochMax;
  statement.record_count = kBatchRecordsMax;
  statement.first_sequence = kSequenceMax - kBatchRecordsMax + 1;
  statement.created_us = kTimeMaxUs;
  EXPECT_EQ(statement.last_sequence(), kSequenceMax);
  EXPECT_EQ(*ParseStatement(EncodeStatement(statement)), statement);
}

TEST(DatasetId, ReadsItsOwnText) {
  const DatasetId id = DatasetId::Random();
  EXPECT_EQ(*DatasetId::FromHex(id.ToHex()), id);
  EXPECT_EQ(*DatasetId::FromBytes(id.bytes()), id);
  EXPECT_NE(DatasetId::Random(), id);
}

TEST(DatasetId, RefusesWhatIsNone) {
  EXPECT_FALSE(DatasetId::FromBytes("").ok());
  EXPECT_FALSE(DatasetId::FromBytes("0123456789abcde").ok());
  EXPECT_FALSE(DatasetId::FromBytes(std::string(16, '\0')).ok());
  EXPECT_FALSE(DatasetId::FromHex("").ok());
  EXPECT_FALSE(DatasetId::FromHex("0011223344556677889900112233445").ok());
  EXPECT_FALSE(DatasetId::FromHex("0011223344556677889900112233445g").ok());
  EXPECT_FALSE(DatasetId::FromHex("AA112233445566778899001122334455").ok()) << "upper case is another spelling";
}

// --------------------------------------------------------------------------------------------------------- the chain

ChainHead ExampleHead() {
  ChainHead head;
  head.dataset = ExampleStatement().dataset;
  head.epoch = 2;
  head.next_sequence = 100;
  head.statement_hash.fill(0xee);
  return head;
}

TEST(Chain, TakesTheStatementThatNamesItsHead) {
  EXPECT_TRUE(CheckFollows(ExampleHead(), ExampleStatement()).ok());
}

TEST(Chain, TakesAHigherEpoch) {
  Statement next = ExampleStatement();
  next.epoch = 7;
  EXPECT_TRUE(CheckFollows(ExampleHead(), next).ok());
}

TEST(Chain, SaysWhatDoesNotFit) {
  const struct {
    std::function<void(Statement&)> change;
    absl::StatusCode code;
  } cases[] = {
      {[](Statement& s) { s.dataset = DatasetId::Random(); }, absl::StatusCode::kInvalidArgument},
      {[](Statement& s) { s.epoch = 1; }, absl::StatusCode::kPermissionDenied},
      {[](Statement& s) { s.first_sequence = 101; }, absl::StatusCode::kOutOfRange},
      {[](Statement& s) { s.first_sequence = 99; }, absl::StatusCode::kOutOfRange},
      {[](Statement& s) { s.previous_hash[31] ^= 1; }, absl::StatusCode::kFailedPrecondition},
  };
  for (const auto& [change, code] : cases) {
    Statement next = ExampleStatement();
    change(next);
    EXPECT_EQ(CheckFollows(ExampleHead(), next).code(), code);
  }
}

TEST(Chain, BeginsAtSequenceOneWithoutPreviousHash) {
  ChainHead head;
  head.dataset = ExampleStatement().dataset;
  Statement first = ExampleStatement();
  first.first_sequence = 1;
  EXPECT_EQ(CheckFollows(head, first).code(), absl::StatusCode::kFailedPrecondition);
  first.previous_hash = {};
  EXPECT_TRUE(CheckFollows(head, first).ok());
}

TEST(Chain, HeadMovesBehindWhatWasAppended) {
  const std::string bytes = EncodeStatement(ExampleStatement());
  const ChainHead head = HeadAfter(ExampleStatement(), bytes + "signature and records");
  EXPECT_EQ(head.dataset, ExampleStatement().dataset);
  EXPECT_EQ(head.epoch, 2u);
  EXPECT_EQ(head.next_sequence, 103u);
  EXPECT_EQ(head.statement_hash, crypto::Sha256Of(bytes));
}

}  // namespace
}  // namespace allmende::format
