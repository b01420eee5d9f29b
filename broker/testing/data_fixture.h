// For tests of broker/data: a dataset of `test.Record` on a log in memory, and batches for it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/data/dataset_log.h"
#include "broker/data/keys.h"
#include "broker/log/memory_log.h"
#include "google/protobuf/text_format.h"
#include "policy/testing/test_schema.h"
#include "policy/wire/validator.h"
#include "sdk/crypto/random.h"
#include "sdk/format/batch_builder.h"

namespace allmende::broker {

class DataTest : public ::testing::Test {
 protected:
  explicit DataTest(v1::DatasetKind kind = v1::TABLE) {
    dataset_.name = "amt/orte";
    dataset_.id = std::string(16, 'd');
    dataset_.log = 1;
    dataset_.kind = kind;
    dataset_.provider = "amt";
    dataset_.writer = {1, std::string(16, 'w'), "amt"};
    auto schema = std::make_shared<Schema>();
    schema->version = 1;
    schema->descriptor_set = schema_.descriptor_set();
    schema->message_name = "test.Record";
    schema->hash = std::string(32, 's');
    auto table = policy::SchemaTable::Compile(schema->descriptor_set, schema->message_name);
    EXPECT_TRUE(table.ok()) << table.status();
    schema->table = std::make_shared<const policy::SchemaTable>(*std::move(table));
    dataset_.schema = std::move(schema);
    Reopen();
  }

  void Reopen() {
    data_.reset();
    log_.reset();
    auto log = MemoryLog::Open(disk_);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    auto data = DatasetLog::Open(*log_, clock_, dataset_);
    ASSERT_TRUE(data.ok()) << data.status();
    data_ = *std::move(data);
    Claim();
  }

  void Claim() {
    data_->Claim([this](absl::StatusOr<WriterTicket> ticket) {
      ASSERT_TRUE(ticket.ok()) << ticket.status();
      ticket_ = *ticket;
    });
    log_->Settle();
    place_.dataset = *format::DatasetId::FromBytes(dataset_.id);
    place_.epoch = dataset_.writer.epoch;
    place_.first_sequence = ticket_.head.next_sequence;
    place_.previous_hash = ticket_.head.statement_hash;
    place_.created_us = absl::ToUnixMicros(clock_.Now());
    std::copy(dataset_.schema->hash.begin(), dataset_.schema->hash.end(), place_.schema_hash.begin());
  }

  struct Line {
    std::string id;
    int level = 0;
    bool deleted = false;
    bool bad = false;
  };

  // The next batch of the chain.
  std::string Seal(const std::vector<Line>& lines) {
    format::BatchBuilder builder(salts_);
    for (const Line& line : lines) {
      const auto message = schema_.NewRecord();
      EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(absl::StrCat("id: '", line.id, "' level: ", line.level),
                                                                message.get()));
      std::string payload = message->SerializeAsString();
      policy::RecordFacts facts;
      EXPECT_FALSE(policy::RecordValidator(schema_.table()).Validate(payload, facts).has_value());
      payload += line.bad ? "\xff" : "";
      format::RecordContent content;
      content.operation = line.deleted ? format::Operation::kDelete : format::Operation::kUpsert;
      content.key = facts.key.bytes();
      content.payload = line.deleted ? std::string_view() : std::string_view(payload);
      EXPECT_TRUE(builder.Add(content).ok());
    }
    const auto body = builder.Finish();
    EXPECT_TRUE(body.ok()) << body.status();
    const auto batch = format::Seal(*body, place_);
    EXPECT_TRUE(batch.ok()) << batch.status();
    place_.first_sequence += lines.size();
    place_.previous_hash = format::HashStatement(std::string_view(*batch).substr(0, format::kStatementBytes));
    return *batch;
  }

  void Submit(const std::string& batch, std::optional<absl::StatusOr<BatchOutcome>>* outcome) {
    data_->Submit(ticket_.number, dataset_, batch,
                  [outcome](absl::StatusOr<BatchOutcome> answer) { *outcome = std::move(answer); });
  }

  absl::StatusOr<BatchOutcome> SubmitAndSettle(const std::string& batch) {
    std::optional<absl::StatusOr<BatchOutcome>> outcome;
    Submit(batch, &outcome);
    log_->Settle();
    return outcome.has_value() ? *outcome : absl::StatusOr<BatchOutcome>(absl::InternalError("no outcome"));
  }

  void Store(const std::vector<Line>& lines) {
    const auto outcome = SubmitAndSettle(Seal(lines));
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    ASSERT_TRUE(outcome->stored) << outcome->refused.ShortDebugString();
  }

  // Every stored record: `sequence id=level`, `sequence -id` for a delete, `sequence erased`.
  std::vector<std::string> Stored() const {
    std::vector<std::string> lines;
    const auto view = log_->View();
    const auto head = view->HeadOf(LogId{dataset_.log});
    EXPECT_TRUE(head.ok()) << head.status();
    auto cursor = view->ReadFromSequence(LogId{dataset_.log}, head->first_sequence, 1 << 30);
    EXPECT_TRUE(cursor.ok()) << cursor.status();
    while ((*cursor)->Next()) {
      const auto stored = SplitStored((*cursor)->entry().bytes);
      const auto batch = format::BatchView::Parse(stored->batch);
      EXPECT_TRUE(batch.ok()) << batch.status();
      EXPECT_TRUE(batch->CheckRoot().ok());
      uint64_t sequence = batch->statement().first_sequence;
      for (const format::RecordView& record : batch->records()) {
        lines.push_back(absl::StrCat(sequence++, " ", Describe(record)));
      }
    }
    EXPECT_TRUE((*cursor)->status().ok()) << (*cursor)->status();
    return lines;
  }

  const policy::testing::TestSchema schema_{
      policy::testing::ProtoText("message Record { string id = 1 [$k, $p]; int32 level = 2 [$p]; }")};
  ManualClock clock_{absl::FromUnixSeconds(1'760'000'000)};
  DatasetState dataset_;
  MemoryDisk disk_;
  std::unique_ptr<MemoryLog> log_;
  std::shared_ptr<DatasetLog> data_;
  WriterTicket ticket_;
  format::BatchPlace place_;

 private:
  std::string Describe(const format::RecordView& record) const {
    if (!record.has_content()) {
      return "erased";
    }
    if (record.operation == format::Operation::kDelete) {
      // A canonical key of one string is the string with its end marked.
      return absl::StrCat("-", std::string(record.key.substr(0, 1)));
    }
    const auto message = schema_.NewRecord();
    EXPECT_TRUE(message->ParseFromArray(record.payload.data(), static_cast<int>(record.payload.size())));
    const auto* reflection = message->GetReflection();
    const auto* descriptor = message->GetDescriptor();
    return absl::StrCat(reflection->GetString(*message, descriptor->field(0)), "=",
                        reflection->GetInt32(*message, descriptor->field(1)));
  }

  crypto::SaltPool salts_;
};

}  // namespace allmende::broker
