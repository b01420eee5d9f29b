#include "sdk/schema_tools/record_printer.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

#include "sdk/schema_tools/compile_schema.h"

namespace allmende {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RecordPrinterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto schema = CompileSchemaText(R"pb(
                                            syntax = "proto3"
                                            ;
      package city;
      import "allmende/v1/options.proto";
      import "google/protobuf/timestamp.proto";
      message Record {
        int64 id = 1;
        optional double value = 2;
        float ratio = 3;
        allmende.v1.Position position = 4;
        google.protobuf.Timestamp time = 5;
        string text_value = 6;
        bytes raw = 7;
        Light light = 8;
        repeated int32 numbers = 9;
        repeated Part parts = 10;
        map<string, int32> counts = 11;
        bool yes = 12;
        uint64 large = 13;
        message Part { string name = 1; }
        enum Light { OFF = 0; RED = 1; }
      })pb",
                                          "r.proto", "", {});
    ASSERT_TRUE(schema.ok()) << schema.status();
    auto printer = RecordPrinter::Create(schema->files, schema->message);
    ASSERT_TRUE(printer.ok()) << printer.status();
    printer_ = *std::move(printer);
    for (const auto& file : schema->files.file()) pool_.BuildFile(file);
    type_ = pool_.FindMessageTypeByName("city.Record");
  }

  std::string Payload(const std::string& text) {
    std::unique_ptr<google::protobuf::Message> message(factory_.GetPrototype(type_)->New());
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, message.get()));
    return message->SerializeAsString();
  }

  std::unique_ptr<RecordPrinter> printer_;
  google::protobuf::DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
  const google::protobuf::Descriptor* type_ = nullptr;
};

constexpr char kFull[] =
    "id: -5 value: 0.1 ratio: 0.3 position { latitude: 52.5 longitude: 13.25 } "
    "time { seconds: 1704067200 nanos: 250000000 } text_value: \"a,\\\"b\\\"\\n\" raw: \"\\x00\\xff\" light: RED "
    "numbers: [1, -2] parts { name: \"x\" } parts { } counts { key: \"k\" value: 3 } yes: true large: "
    "18446744073709551615";

TEST_F(RecordPrinterTest, PrintsJsonAsProtobufDefinesItWithTheNamesOfTheSchema) {
  EXPECT_EQ(
      *printer_->Json(Payload(kFull)),
      "{\"id\":\"-5\",\"value\":0.1,\"ratio\":0.3,\"position\":{\"latitude\":52.5,\"longitude\":13.25},"
      "\"time\":\"2024-01-01T00:00:00.250Z\",\"text_value\":\"a,\\\"b\\\"\\n\",\"raw\":\"AP8=\",\"light\":\"RED\","
      "\"numbers\":[1,-2],\"parts\":[{\"name\":\"x\"},{}],\"counts\":{\"k\":3},\"yes\":true,"
      "\"large\":\"18446744073709551615\"}");
  EXPECT_EQ(*printer_->Json(""), "{}");
}

TEST_F(RecordPrinterTest, PrintsCellsWithMessagesOpenedUp) {
  EXPECT_THAT(printer_->Columns(),
              ElementsAre("id", "value", "ratio", "position.latitude", "position.longitude", "time", "text_value",
                          "raw", "light", "numbers", "parts", "counts", "yes", "large"));
  EXPECT_THAT(*printer_->Cells(Payload(kFull)),
              ElementsAre("-5", "0.1", "0.3", "52.5", "13.25", "2024-01-01T00:00:00.250Z", "a,\"b\"\n", "AP8=", "RED",
                          "[1,-2]", "[{\"name\":\"x\"},{}]", "{\"k\":3}", "true", "18446744073709551615"));
  EXPECT_THAT(*printer_->Cells(""), ElementsAre("0", "", "0", "", "", "", "", "", "OFF", "", "", "", "false", "0"));
}

TEST_F(RecordPrinterTest, QuotesCsvWhereItMust) {
  EXPECT_EQ(printer_->CsvHeader(),
            "id,value,ratio,position.latitude,position.longitude,time,text_value,raw,light,numbers,parts,counts,yes,"
            "large");
  EXPECT_THAT(*printer_->CsvRow(Payload("id: 1 text_value: \"a,\\\"b\\\"\\n\" numbers: [1, 2]")),
              HasSubstr("1,,0,,,,\"a,\"\"b\"\"\n\",,OFF,\"[1,2]\",,,false,0"));
}

TEST_F(RecordPrinterTest, PrintsNumbersSoThatTheyReadBack) {
  const std::pair<const char*, const char*> cases[] = {
      {"491.7", "491.7"}, {"1e15", "1e+15"},        {"123456789012345", "123456789012345"},
      {"1e-7", "1e-07"},  {"0.000001", "0.000001"}, {"-0.0182484225649335", "-0.0182484225649335"},
      {"inf", "inf"},     {"nan", "nan"},           {"0", "0"}};
  for (const auto& [number, text] : cases) {
    EXPECT_EQ((*printer_->Cells(Payload(std::string("value: ") + number)))[1], text);
  }
}

TEST_F(RecordPrinterTest, RefusesWhatIsNoRecord) {
  EXPECT_EQ(printer_->Json("\x0a").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(printer_->Cells("\xff").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(printer_->Cells(Payload("time { seconds: 99999999999999 }")).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(printer_->Json(Payload("time { seconds: 99999999999999 }")).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(RecordPrinterTest, ShowsNumbersOfEnumsWithoutName) {
  EXPECT_EQ((*printer_->Cells("\x40\x07"))[8], "7");
}

TEST(RecordPrinterCreateTest, RefusesASetThatDoesNotFitTogether) {
  const auto schema = CompileSchemaText("syntax = \"proto3\"; message A { int32 x = 1; }", "a.proto", "", {});
  EXPECT_EQ(RecordPrinter::Create(schema->files, "B").status().code(), absl::StatusCode::kInvalidArgument);
  google::protobuf::FileDescriptorSet broken;
  broken.add_file()->set_name("a.proto");
  broken.mutable_file(0)->add_dependency("none.proto");
  EXPECT_EQ(RecordPrinter::Create(broken, "A").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace allmende
