#include "broker/testing/test_reader.h"

#include <gtest/gtest.h>

#include <utility>

#include "sdk/base/status.h"
#include "sdk/format/batch.h"
#include "sdk/format/delivery.h"
#include "sdk/rpc/status.h"

namespace allmende::broker {

v1::SubscribeRequest Wanted(const std::string& dataset) {
  v1::SubscribeRequest request;
  request.set_dataset(dataset);
  request.set_purpose("verkehrslenkung");
  return request;
}

TestReader::TestReader(const std::shared_ptr<grpc::Channel>& channel, v1::SubscribeRequest request)
    : stub_(v1::ExchangeService::NewStub(channel)) {
  context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(1)));
  stream_ = stub_->Subscribe(&context_, request);
}

TestReader::~TestReader() {
  if (!finished_) {
    context_.TryCancel();
    stream_->Finish();
  }
}

absl::StatusOr<v1::SubscribeResponse> TestReader::Receive() {
  v1::SubscribeResponse response;
  if (!stream_->Read(&response)) {
    finished_ = true;
    ALLMENDE_RETURN_IF_ERROR(rpc::FromGrpc(stream_->Finish()));
    return absl::OutOfRangeError("the stream has ended");
  }
  Keep(response);
  return response;
}

void TestReader::Keep(const v1::SubscribeResponse& response) {
  if (response.has_opened()) {
    opened_ = response.opened();
  }
  if (!response.has_batch()) {
    return;
  }
  if (response.batch().has_original()) {
    const auto batch = format::BatchView::Parse(response.batch().original());
    ASSERT_TRUE(batch.ok()) << batch.status();
    EXPECT_TRUE(batch->CheckRoot().ok());
    uint64_t sequence = batch->statement().first_sequence;
    for (const format::RecordView& record : batch->records()) {
      if (record.has_content()) {
        records_.push_back({sequence, record.operation == format::Operation::kDelete, std::string(record.key),
                            std::string(record.payload), true});
      }
      ++sequence;
    }
    return;
  }
  const auto delivery = format::DeliveryView::Parse(response.batch().transformed());
  ASSERT_TRUE(delivery.ok()) << delivery.status();
  delivery->ForEach([this](const format::DeliveryEntry& entry) {
    if (entry.kind == format::EntryKind::kUpsert || entry.kind == format::EntryKind::kDelete) {
      records_.push_back({entry.first_sequence, entry.kind == format::EntryKind::kDelete, std::string(entry.key),
                          std::string(entry.payload), false});
    }
  });
}

absl::StatusOr<v1::SubscribeResponse> TestReader::ReceiveUntil(
    const std::function<bool(const v1::SubscribeResponse&)>& enough) {
  while (true) {
    ALLMENDE_ASSIGN_OR_RETURN(v1::SubscribeResponse response, Receive());
    if (enough(response)) {
      return response;
    }
  }
}

absl::StatusOr<v1::SubscribeResponse> TestReader::ReceiveThrough(uint64_t sequence) {
  return ReceiveUntil([sequence](const v1::SubscribeResponse& response) {
    return response.has_watermark() && response.watermark().sequence() >= sequence;
  });
}

absl::StatusOr<v1::Ended> TestReader::ReceiveAll() {
  ALLMENDE_ASSIGN_OR_RETURN(const v1::SubscribeResponse response,
                            ReceiveUntil([](const v1::SubscribeResponse& one) { return one.has_ended(); }));
  return response.ended();
}

}  // namespace allmende::broker
