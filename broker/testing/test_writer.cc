#include "broker/testing/test_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "google/protobuf/text_format.h"
#include "policy/wire/validator.h"
#include "sdk/base/status.h"
#include "sdk/format/statement.h"
#include "sdk/rpc/status.h"

namespace allmende::broker {

TestRecord RecordOf(const policy::testing::TestSchema& schema, const std::string& text) {
  const std::unique_ptr<google::protobuf::Message> message = schema.NewRecord();
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, message.get())) << text;
  TestRecord record;
  record.payload = message->SerializeAsString();
  policy::RecordFacts facts;
  const auto problem = policy::RecordValidator(schema.table()).Validate(record.payload, facts);
  EXPECT_FALSE(problem.has_value()) << text << ": " << problem->detail;
  record.key = std::string(facts.key.bytes());
  record.event_time_us = facts.event_time_us;
  return record;
}

TestRecord DeleteOf(const policy::testing::TestSchema& schema, const std::string& text) {
  TestRecord record = RecordOf(schema, text);
  record.payload.clear();
  record.event_time_us.reset();
  record.deleted = true;
  return record;
}

TestWriter::TestWriter(const std::shared_ptr<grpc::Channel>& channel, std::string dataset, std::string writer_id)
    : stub_(v1::ExchangeService::NewStub(channel)), dataset_(std::move(dataset)), writer_id_(std::move(writer_id)) {
  context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(1)));
}

TestWriter::~TestWriter() {
  if (stream_ != nullptr && !finished_) {
    context_.TryCancel();
    stream_->Finish();
  }
}

absl::StatusOr<v1::PublishOpened> TestWriter::Open(bool take_over) {
  stream_ = stub_->Publish(&context_);
  v1::PublishRequest request;
  request.mutable_open()->set_dataset(dataset_);
  request.mutable_open()->set_writer_id(writer_id_);
  request.mutable_open()->set_take_over(take_over);
  stream_->Write(request);
  ALLMENDE_ASSIGN_OR_RETURN(const v1::PublishResponse response, Receive());
  EXPECT_TRUE(response.has_opened()) << response.ShortDebugString();
  const v1::PublishOpened& opened = response.opened();
  place_.dataset = *format::DatasetId::FromBytes(opened.dataset_id());
  place_.epoch = opened.epoch();
  place_.first_sequence = opened.next_sequence();
  place_.created_us = absl::ToUnixMicros(absl::Now());
  std::copy(opened.schema_hash().begin(), opened.schema_hash().end(), place_.schema_hash.begin());
  std::copy(opened.head_statement_hash().begin(), opened.head_statement_hash().end(), place_.previous_hash.begin());
  return opened;
}

std::string TestWriter::Seal(const std::vector<TestRecord>& records) {
  crypto::SaltPool salts;
  format::BatchBuilder builder(salts);
  for (const TestRecord& record : records) {
    format::RecordContent content;
    content.operation = record.deleted ? format::Operation::kDelete : format::Operation::kUpsert;
    content.key = record.key;
    content.event_time_us = record.event_time_us;
    content.payload = record.payload;
    EXPECT_TRUE(builder.Add(content).ok());
  }
  const auto body = builder.Finish();
  EXPECT_TRUE(body.ok()) << body.status();
  absl::StatusOr<std::string> batch = format::Seal(*body, place_);
  EXPECT_TRUE(batch.ok()) << batch.status();
  place_.first_sequence += records.size();
  place_.previous_hash = format::HashStatement(std::string_view(*batch).substr(0, format::kStatementBytes));
  return *std::move(batch);
}

void TestWriter::Send(const std::string& batch) {
  v1::PublishRequest request;
  request.set_batch(batch);
  stream_->Write(request);
}

absl::StatusOr<v1::PublishResponse> TestWriter::Receive() {
  v1::PublishResponse response;
  if (stream_->Read(&response)) {
    return response;
  }
  finished_ = true;
  ALLMENDE_RETURN_IF_ERROR(rpc::FromGrpc(stream_->Finish()));
  return absl::OutOfRangeError("the stream has ended");
}

absl::StatusOr<v1::PublishResponse> TestWriter::Store(const std::vector<TestRecord>& records) {
  Send(Seal(records));
  return Receive();
}

}  // namespace allmende::broker
