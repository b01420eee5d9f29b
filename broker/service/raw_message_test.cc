#include "broker/service/raw_message.h"

#include "gtest/gtest.h"

namespace allmende::broker {
namespace {

std::string Serialized(const grpc::ByteBuffer& buffer) {
  const auto flat = FlatMessage::From(buffer);
  EXPECT_TRUE(flat.ok()) << flat.status();
  return std::string(flat->bytes());
}

TEST(DeliveryMessage, IsWhatProtobufWrites) {
  for (const bool original : {true, false}) {
    for (const uint64_t sequence : {uint64_t{0}, uint64_t{1}, uint64_t{300}, uint64_t{1} << 62}) {
      const std::string content(1000, 'x');
      v1::SubscribeResponse expected;
      v1::Delivery& delivery = *expected.mutable_batch();
      if (original) {
        delivery.set_original(content);
      } else {
        delivery.set_transformed(content);
      }
      delivery.set_first_sequence(sequence);
      delivery.set_last_sequence(sequence + 5);
      delivery.set_accepted_at_us(1'700'000'000'000'000);
      delivery.set_release(7);
      const grpc::ByteBuffer buffer =
          DeliveryMessage(content, {original, sequence, sequence + 5, 1'700'000'000'000'000, 7});
      v1::SubscribeResponse parsed;
      ASSERT_TRUE(parsed.ParseFromString(Serialized(buffer)));
      EXPECT_EQ(parsed.SerializeAsString(), expected.SerializeAsString());
    }
  }
}

TEST(BatchInPublishRequest, FindsTheBatchAndNothingElse) {
  v1::PublishRequest request;
  request.set_batch(std::string(300, 'b'));
  const std::string bytes = request.SerializeAsString();
  EXPECT_EQ(BatchInPublishRequest(bytes), request.batch());
  EXPECT_EQ(BatchInPublishRequest(bytes + "x"), "");
  EXPECT_EQ(BatchInPublishRequest(std::string_view(bytes).substr(0, bytes.size() - 1)), "");
  EXPECT_EQ(BatchInPublishRequest(""), "");
  request.mutable_open()->set_dataset("x");
  EXPECT_EQ(BatchInPublishRequest(request.SerializeAsString()), "");
}

}  // namespace
}  // namespace allmende::broker
