#include "sdk/rpc/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdk/base/text.h"

namespace allmende::rpc {
namespace {

using ::testing::EndsWith;
using ::testing::Optional;
using ::testing::StartsWith;

TEST(StatusTest, EveryCodeSurvivesTheWay) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");
    EXPECT_EQ(ToGrpc(status).error_code(), code);
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status) << code;
  }
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

TEST(StatusTest, CodeThatIsNoneIsUnknown) {
  const absl::Status status = FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(20), "strange"));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(FromAbsl(status.message()), "strange");
}

TEST(StatusTest, DetailSurvivesTheWay) {
  const std::string detail("\0\xff refusal", 10);
  const absl::Status status = WithDetail(absl::PermissionDeniedError("no"), detail);
  EXPECT_THAT(DetailOf(status), Optional(detail));
  EXPECT_THAT(DetailOf(FromGrpc(ToGrpc(status))), Optional(detail));
  EXPECT_EQ(DetailOf(absl::PermissionDeniedError("no")), std::nullopt);
}

TEST(StatusTest, OkCarriesNoDetail) {
  EXPECT_EQ(DetailOf(WithDetail(absl::OkStatus(), "x")), std::nullopt);
}

TEST(StatusTest, DetailOverTheBoundIsLeftOutWhole) {
  const absl::Status fits = WithDetail(absl::InternalError("x"), std::string(kDetailBytesMax, 'd'));
  EXPECT_EQ(ToGrpc(fits).error_details().size(), kDetailBytesMax);
  const absl::Status over = WithDetail(absl::InternalError("x"), std::string(kDetailBytesMax + 1, 'd'));
  EXPECT_EQ(ToGrpc(over).error_details(), "");
  EXPECT_EQ(ToGrpc(over).error_message(), "x");
}

size_t EncodedSize(const std::string& message) {
  size_t size = 0;
  for (const char c : message) size += c >= 0x20 && c <= 0x7e && c != '%' ? 1 : 3;
  return size;
}

TEST(StatusTest, LongMessageIsCutBetweenCharacters) {
  const std::string units[] = {"a", "ü", "€", "𝄞", "%", "\n"};
  for (const std::string& unit : units) {
    std::string message = "begin ";
    while (message.size() < 3 * kMessageBytesMax) message += unit;
    const std::string cut = ToGrpc(absl::InternalError(message)).error_message();
    EXPECT_LE(EncodedSize(cut), kMessageBytesMax) << unit;
    EXPECT_GT(EncodedSize(cut), kMessageBytesMax - 30) << unit;
    EXPECT_THAT(cut, StartsWith("begin "));
    EXPECT_THAT(cut, EndsWith(unit + "…"));
  }
}

TEST(StatusTest, MessageAtTheBoundIsNotCut) {
  const std::string message(kMessageBytesMax, 'a');
  EXPECT_EQ(ToGrpc(absl::InternalError(message)).error_message(), message);
  EXPECT_EQ(ToGrpc(absl::InternalError(message + "a")).error_message().size(), kMessageBytesMax - 6);
}

}  // namespace
}  // namespace allmende::rpc
