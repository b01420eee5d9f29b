#include "policy/view/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "google/protobuf/text_format.h"
#include "policy/testing/test_mac.h"
#include "policy/testing/test_schema.h"
#include "policy/testing/wire_bytes.h"
#include "policy/view/grid.h"
#include "policy/wire/validator.h"

namespace allmende::policy {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using testing::ProtoText;
using testing::TestMac;
using testing::TestSchema;
using testing::Wire;

constexpr char kSchema[] = R"(
  message Inner { string name = 1 [$p]; int32 count = 2 [$p]; }
  message Record {
    string id = 1 [$k, $p];
    google.protobuf.Timestamp time = 2 [$t, $p];
    allmende.v1.Position place = 3 [$l];
    int32 level = 4 [$p];
    optional double flow = 5 [$o];
    string phone = 6 [(allmende.v1.class) = PERSONAL];
    Inner inner = 7 [$p];
    repeated Inner inners = 8 [$p];
    int64 seen = 9 [$p, (allmende.v1.unit) = "s"];
    bytes tag = 10 [$p];
    repeated int32 packed = 11 [$p];
    string wide = 300 [$p];
  })";

class ViewTest : public ::testing::Test {
 protected:
  static const TestSchema& Schema() {
    static const auto& schema = *new TestSchema(ProtoText(kSchema));
    return schema;
  }

  static v1::ViewProgram Program(const std::string& text) {
    v1::ViewProgram program;
    program.set_dataset_id("0123456789abcdef");
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &program)) << text;
    return program;
  }

  static CompiledView View(const std::string& text) {
    auto view = CompiledView::Compile(Program(text), Schema().table(), std::make_shared<TestMac>("key"));
    EXPECT_TRUE(view.ok()) << view.status();
    return *std::move(view);
  }

  // The payload that comes out of a view that delivers; otherwise `filtered` or `error`.
  static std::string Applied(const std::string& program, const Wire& payload) {
    const CompiledView view = View(program);
    ViewOutput output;
    switch (view.Apply({RecordOperation::kUpsert, "key", 7, payload.bytes()}, output)) {
      case ViewResult::kDeliver:
        return std::string(output.payload);
      case ViewResult::kFiltered:
        return "filtered";
      case ViewResult::kError:
        break;
    }
    return "error";
  }
};

Wire Place(double latitude, double longitude) {
  return Wire().Double(1, latitude).Double(2, longitude);
}

Wire Record() {
  return Wire()
      .Text(1, "gauge-1")
      .Message(2, Wire().Varint(1, 1'700'000'123).Varint(2, 500'000'000))
      .Message(3, Place(52.52, 13.405))
      .Varint(4, 42)
      .Double(5, 0.25)
      .Text(6, "030-1234")
      .Message(7, Wire().Text(1, "n").Varint(2, 3));
}

TEST_F(ViewTest, DeliversNothingWithoutInstructions) {
  EXPECT_EQ(Applied("", Record()), "");
}

TEST_F(ViewTest, DeliversNamedFieldsAsTheyAre) {
  EXPECT_EQ(Applied("fields { number: 4 keep {} } fields { number: 5 keep {} }", Record()),
            Wire().Varint(4, 42).Double(5, 0.25).bytes());
}

TEST_F(ViewTest, OrderOfInstructionsDoesNotMatter) {
  EXPECT_EQ(Applied("fields { number: 5 keep {} } fields { number: 1 keep {} } fields { number: 4 keep {} }", Record()),
            Wire().Text(1, "gauge-1").Varint(4, 42).Double(5, 0.25).bytes());
}

TEST_F(ViewTest, UnknownFieldsAreDroppedAtEveryLevel) {
  const Wire strange = Wire()
                           .Varint(4, 1)
                           .Message(7, Wire().Text(1, "n").Varint(9, 9))
                           .Message(8, Wire().Varint(2, 1))
                           .Message(8, Wire().Varint(2, 1).Text(70, "secret"))
                           .Text(200, "secret")
                           .Fixed64(201, 1)
                           .Fixed32(202, 1)
                           .Varint(203, 1)
                           .Text(300, "w")
                           .Text(5'000, "secret");
  EXPECT_EQ(Applied("fields { number: 4 keep {} } fields { number: 7 keep {} } fields { number: 8 keep {} } "
                    "fields { number: 300 keep {} }",
                    strange),
            Wire()
                .Varint(4, 1)
                .Message(7, Wire().Text(1, "n"))
                .Message(8, Wire().Varint(2, 1))
                .Message(8, Wire().Varint(2, 1))
                .Text(300, "w")
                .bytes());
}

TEST_F(ViewTest, NestedProgramsShowPartsOfMessages) {
  EXPECT_EQ(
      Applied("fields { number: 7 nested { fields { number: 2 keep {} } } } "
              "fields { number: 8 nested { fields { number: 1 mask { text: \"x\" } } } }",
              Wire().Message(7, Wire().Text(1, "n").Varint(2, 3)).Message(8, Wire().Text(1, "a")).Message(8, Wire())),
      Wire().Message(7, Wire().Varint(2, 3)).Message(8, Wire().Text(1, "x")).Message(8, Wire()).bytes());
}

TEST_F(ViewTest, NestedMessageThatGrowsBeyondOneLengthByte) {
  const std::string text(200, '#');
  EXPECT_EQ(Applied("fields { number: 8 nested { fields { number: 1 mask { text: \"" + text +
                        "\" } } fields { number: 2 keep {} } } }",
                    Wire().Message(8, Wire().Text(1, "a").Varint(2, 7)).Message(8, Wire().Text(1, "b"))),
            Wire().Message(8, Wire().Text(1, text).Varint(2, 7)).Message(8, Wire().Text(1, text)).bytes());
}

TEST_F(ViewTest, TimesAreRoundedDownAlsoBefore1970) {
  const char* const program = "fields { number: 2 round_time { step_us: 900000000 } }";  // 15 minutes
  struct Row {
    int64_t seconds, nanos, rounded;
  };
  for (const Row& row : {Row{1'700'000'123, 5, 1'700'000'100},
                         {900, 0, 900},
                         {899, 999'999'999, 0},
                         {0, 0, 0},
                         {-1, 0, -900},
                         {-900, 0, -900},
                         {-901, 999'999'999, -1'800},
                         {kTimeMinUs / 1'000'000, 0, kTimeMinUs / 1'000'000}}) {
    Wire time;
    if (row.seconds != 0) time.Varint(1, static_cast<uint64_t>(row.seconds));
    if (row.nanos != 0) time.Varint(2, static_cast<uint64_t>(row.nanos));
    Wire rounded;
    if (row.rounded != 0) rounded.Varint(1, static_cast<uint64_t>(row.rounded));
    EXPECT_EQ(Applied(program, Wire().Message(2, time)), Wire().Message(2, rounded).bytes()) << row.seconds;
  }
}

TEST_F(ViewTest, TimesInNumbersAreRoundedInTheirUnit) {
  const char* const program = "fields { number: 9 round_time { step_us: 60000000 } }";
  EXPECT_EQ(Applied(program, Wire().Varint(9, 119)), Wire().Varint(9, 60).bytes());
  EXPECT_EQ(Applied(program, Wire().Varint(9, static_cast<uint64_t>(-1))),
            Wire().Varint(9, static_cast<uint64_t>(-60)).bytes());
  EXPECT_EQ(Applied(program, Wire().Varint(9, 59)), "") << "0 is not written where there is no presence";
}

// Computed with the formula of view.proto by another program.
TEST_F(ViewTest, PlacesMoveToTheCentreOfTheirCell) {
  const PositionValue centre = view::CellCentre({52.52, 13.405}, 500);
  EXPECT_DOUBLE_EQ(centre.latitude, 52.5220086);
  EXPECT_DOUBLE_EQ(centre.longitude, 13.4018209);
  EXPECT_EQ(Applied("fields { number: 3 grid { metres: 500 } }", Record()),
            Wire().Message(3, Place(centre.latitude, centre.longitude)).bytes());
}

TEST_F(ViewTest, EveryPlaceOfACellGetsTheSameCentreAndCentresStayWhereTheyAre) {
  for (const uint32_t metres : {1u, 100u, 500u, 5'000u, 100'000u, 1'000'000u}) {
    for (double latitude = -90; latitude <= 90; latitude += 7.3) {
      for (double longitude = -180; longitude <= 180; longitude += 17.9) {
        const PositionValue centre = view::CellCentre({latitude, longitude}, metres);
        ASSERT_TRUE(centre.InRange()) << latitude << " " << longitude << " " << metres;
        // As far as half a cell, and not much farther.
        ASSERT_LE(std::fabs(centre.latitude - latitude), metres / 111'320.0 / 2 + 1e-7) << metres;
        if (metres >= 100) {
          const PositionValue again = view::CellCentre(centre, metres);
          ASSERT_EQ(again.latitude, centre.latitude) << latitude << " " << longitude << " " << metres;
          ASSERT_EQ(again.longitude, centre.longitude) << latitude << " " << longitude << " " << metres;
        }
      }
    }
  }
}

TEST_F(ViewTest, PolesAndTheDateLineHaveCells) {
  for (const PositionValue place : {PositionValue{90, 0}, {-90, 0}, {0, 180}, {0, -180}, {89.9999, 179.9999}}) {
    EXPECT_TRUE(view::CellCentre(place, 1'000'000).InRange());
    EXPECT_TRUE(view::CellCentre(place, 1).InRange());
  }
}

TEST_F(ViewTest, NumbersBecomeTheLowerBoundOfTheirBucket) {
  const char* const program = "fields { number: 5 bucket { bounds: [0.1, 1] } }";
  struct Row {
    double value, shown;
  };
  for (const Row& row :
       {Row{0.05, 0}, {-3, 0}, {0.1, 0.1}, {0.99, 0.1}, {1, 1}, {std::numeric_limits<double>::infinity(), 1}}) {
    EXPECT_EQ(Applied(program, Wire().Double(5, row.value)), Wire().Double(5, row.shown).bytes()) << row.value;
  }
  EXPECT_EQ(Applied(program, Wire()), "") << "an absent optional field stays absent";
}

TEST_F(ViewTest, NotANumberStaysSoWithoutItsPayload) {
  const uint64_t payload = 0x7ff8'0000'dead'beef;
  EXPECT_EQ(Applied("fields { number: 5 bucket { bounds: 1 } }", Wire().Fixed64(5, payload)),
            Wire().Double(5, std::numeric_limits<double>::quiet_NaN()).bytes());
}

TEST_F(ViewTest, ValueThatIsNotEncodedIsPutIntoItsBucketToo) {
  // 0 lies in the bucket [-10, 20): what stands for it is -10, which must be written.
  const char* const program =
      "fields { number: 4 bucket { bounds: [-10, 20] } } fields { number: 5 keep {} } "
      "fields { number: 1 keep {} }";
  EXPECT_EQ(Applied(program, Wire().Text(1, "a").Double(5, 1)),
            Wire().Text(1, "a").Varint(4, static_cast<uint64_t>(-10)).Double(5, 1).bytes());
  EXPECT_EQ(Applied(program, Wire().Text(1, "a")), Wire().Text(1, "a").Varint(4, static_cast<uint64_t>(-10)).bytes());
  EXPECT_EQ(Applied(program, Wire()), Wire().Varint(4, static_cast<uint64_t>(-10)).bytes());
}

TEST_F(ViewTest, TagBeyondAllFieldNumbersIsRefusedAlsoWhereAValueIsFilledIn) {
  const std::string program = "fields { number: 4 bucket { bounds: [-10, 20] } }";
  for (const uint64_t tag : {uint64_t{1} << 32, uint64_t{0xffffffff} << 3, uint64_t{1} << 63, ~uint64_t{0}}) {
    EXPECT_EQ(Applied(program, Wire().Raw(testing::VarintBytes(tag)).Raw("\x01\x01")), "error") << tag;
  }
}

TEST_F(ViewTest, BucketsCanBeShownByIndex) {
  const char* const program = "fields { number: 4 bucket { bounds: [10, 20] index: true } }";
  EXPECT_EQ(Applied(program, Wire().Varint(4, 5)), "");
  EXPECT_EQ(Applied(program, Wire().Varint(4, 10)), Wire().Varint(4, 1).bytes());
  EXPECT_EQ(Applied(program, Wire().Varint(4, 99)), Wire().Varint(4, 2).bytes());
}

TEST_F(ViewTest, MasksShowThatThereWasAValue) {
  const char* const program = "fields { number: 6 mask { text: \"***\" } } fields { number: 10 mask { text: \"*\" } }";
  EXPECT_EQ(Applied(program, Wire().Text(6, "030-1234").Text(10, "\xff")), Wire().Text(6, "***").Text(10, "*").bytes());
  EXPECT_EQ(Applied(program, Wire().Text(6, "")), "");
}

TEST_F(ViewTest, PseudonymIsTheKeyedHashOfTheSpecification) {
  std::string bytes("allmende pseudonym v1\0", 22);
  for (const std::string& part :
       {"0123456789abcdef"s, "\x01\x01"s, std::string(8, '\0'), "\0\0\0\5phone"s, "030-1234"s}) {
    bytes.append(part);
  }
  const std::string_view whole = bytes;
  std::array<uint8_t, kMacBytes> code;
  ASSERT_TRUE(TestMac("key").Compute(std::span(&whole, 1), code));
  const std::string pseudonym(reinterpret_cast<const char*>(code.data()), 16);
  EXPECT_EQ(Applied("fields { number: 6 pseudonym { period: AGREEMENT } }", Record()),
            Wire().Text(6, absl::BytesToHexString(pseudonym)).bytes());
  EXPECT_EQ(
      Applied("fields { number: 10 pseudonym { period: AGREEMENT domain: \"phone\" } }", Wire().Text(10, "030-1234")),
      Wire().Text(10, pseudonym).bytes())
      << "bytes get it raw, and fields of one domain can be joined";
}

TEST_F(ViewTest, PseudonymsChangeWithTheirPeriodAndNotWithin) {
  const CompiledView view = View("fields { number: 6 pseudonym { period: MONTH } }");
  const std::string payload = Wire().Text(6, "030-1234").bytes();
  const auto at = [&](std::optional<int64_t> time_us) {
    ViewOutput output;
    EXPECT_EQ(view.Apply({RecordOperation::kUpsert, "k", time_us, payload}, output), ViewResult::kDeliver);
    return std::string(output.payload);
  };
  constexpr int64_t kDay = 86'400'000'000;
  EXPECT_EQ(at(0), at(31 * kDay - 1));
  EXPECT_NE(at(0), at(31 * kDay));
  EXPECT_NE(at(0), at(-1)) << "December 1969";
  EXPECT_EQ(at(std::nullopt), at(std::nullopt));
  EXPECT_NE(at(std::nullopt), at(0));
}

TEST_F(ViewTest, KeyIsDeliveredOnlyWhereAllItsFieldsAreKept) {
  const auto keys = [&](const std::string& program) {
    const CompiledView view = View(program);
    ViewOutput output;
    EXPECT_EQ(view.Apply({RecordOperation::kUpsert, "the key", 7, Record().bytes()}, output), ViewResult::kDeliver);
    EXPECT_EQ(output.key_is_pseudonym, view.key_treatment() == KeyTreatment::kPseudonym);
    return std::string(output.key);
  };
  EXPECT_EQ(keys("fields { number: 1 keep {} }"), "the key");
  const std::string hidden = keys("fields { number: 4 keep {} }");
  EXPECT_EQ(hidden.size(), 16u);
  EXPECT_EQ(keys("fields { number: 1 pseudonym { period: AGREEMENT } }"), hidden) << "the same key, the same pseudonym";
  EXPECT_NE(keys("fields { number: 1 pseudonym { period: DAY } }"), hidden);
}

TEST_F(ViewTest, EventTimeComesAsItsFieldDoes) {
  const auto time = [&](const std::string& program) {
    ViewOutput output;
    EXPECT_EQ(View(program).Apply({RecordOperation::kUpsert, "k", 3'700'000'000, Record().bytes()}, output),
              ViewResult::kDeliver);
    return output.event_time_us;
  };
  EXPECT_EQ(time("fields { number: 2 keep {} }"), 3'700'000'000);
  EXPECT_EQ(time("fields { number: 2 round_time { step_us: 3600000000 } }"), 3'600'000'000);
  EXPECT_EQ(time("fields { number: 2 nested { fields { number: 1 keep {} } } }"), std::nullopt);
  EXPECT_EQ(time("fields { number: 4 keep {} }"), std::nullopt);
}

TEST_F(ViewTest, DeletesPassWithTheirKeyWhateverTheFilterSays) {
  const CompiledView view =
      View("fields { number: 4 keep {} } rows { compare { field: 4 operator: EQUAL value { integer: 1 } } }");
  ViewOutput output;
  EXPECT_EQ(view.Apply({RecordOperation::kDelete, "k", 7, ""}, output), ViewResult::kDeliver);
  EXPECT_EQ(output.payload, "");
  EXPECT_TRUE(output.key_is_pseudonym);
  const std::string key(output.key);
  EXPECT_EQ(view.Apply({RecordOperation::kUpsert, "k", 7, Wire().Varint(4, 1).bytes()}, output), ViewResult::kDeliver);
  EXPECT_EQ(output.key, key) << "a tombstone finds its record";
  EXPECT_EQ(view.Apply({RecordOperation::kDelete, "k", 7, "payload"}, output), ViewResult::kError);
  EXPECT_EQ(view.Apply({static_cast<RecordOperation>(3), "k", 7, ""}, output), ViewResult::kError);
}

TEST_F(ViewTest, OfAFilteredRecordNothingShowsNotEvenItsKey) {
  const std::string rows = " rows { compare { field: 4 operator: GREATER value { integer: 50 } } }";
  for (const char* const fields : {"fields { number: 1 keep {} } fields { number: 2 keep {} }",
                                   "fields { number: 4 keep {} }"}) {  // the key as it is, and as a pseudonym
    const CompiledView view = View(fields + rows);
    EXPECT_TRUE(view.filters_rows());
    ViewOutput output;
    EXPECT_EQ(view.Apply({RecordOperation::kUpsert, "k", 7, Record().bytes()}, output), ViewResult::kFiltered);
    EXPECT_EQ(output.key, "");
    EXPECT_FALSE(output.key_is_pseudonym);
    EXPECT_FALSE(output.event_time_us.has_value());
    EXPECT_EQ(output.payload, "");
  }
}

TEST_F(ViewTest, PassesSaysWhatApplyWouldFilter) {
  const CompiledView view =
      View("fields { number: 1 keep {} } rows { compare { field: 4 operator: GREATER value { integer: 50 } } }");
  EXPECT_TRUE(view.Passes(Wire().Varint(4, 51).bytes()));
  EXPECT_FALSE(view.Passes(Wire().Varint(4, 50).bytes()));
  EXPECT_FALSE(view.Passes("")) << "an absent field lets nothing pass";
  EXPECT_FALSE(view.Passes("\x80")) << "nor does what is no payload";
  const CompiledView open = View("fields { number: 1 keep {} }");
  EXPECT_FALSE(open.filters_rows());
  EXPECT_TRUE(open.Passes(""));
}

TEST_F(ViewTest, FilterLooksAtValuesBeforeTheyAreChangedAndAtFieldsThatAreNotDelivered) {
  const std::string rows =
      " rows { all { of { compare { field: 5 operator: LESS value { number: 0.5 } } } "
      "of { member { field: [7, 1] values { text: \"n\" } } } } }";
  EXPECT_EQ(Applied("fields { number: 5 bucket { bounds: 9 } }" + rows, Record()), Wire().Double(5, 0).bytes());
  EXPECT_EQ(Applied("fields { number: 4 keep {} }" + rows, Record()), Wire().Varint(4, 42).bytes());
  EXPECT_EQ(Applied("fields { number: 4 keep {} }" + rows, Wire().Varint(4, 1)), "filtered") << "unknown is not true";
}

TEST_F(ViewTest, FailingKeyedHashDeliversNothing) {
  const auto view = CompiledView::Compile(
      Program("fields { number: 6 pseudonym { period: AGREEMENT } } fields { number: 1 keep {} }"), Schema().table(),
      std::make_shared<testing::BrokenMac>());
  ASSERT_TRUE(view.ok());
  ViewOutput output;
  EXPECT_EQ(view->Apply({RecordOperation::kUpsert, "k", 7, Record().bytes()}, output), ViewResult::kError);
  const auto key = CompiledView::Compile(Program("fields { number: 4 keep {} }"), Schema().table(),
                                         std::make_shared<testing::BrokenMac>());
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->Apply({RecordOperation::kDelete, "k", 7, ""}, output), ViewResult::kError);
  EXPECT_EQ(output.key, "") << "the key itself must not show";
}

TEST_F(ViewTest, PayloadThatIsNotOneOfTheSchemaIsAnError) {
  const std::string program =
      "fields { number: 2 round_time { step_us: 1000000 } } fields { number: 3 grid { metres: 9 } } "
      "fields { number: 4 keep {} } fields { number: 7 keep {} }";
  for (const Wire& wire :
       {Wire().Raw("\x80"), Wire().Tag(4, 0), Wire().Text(4, "a"), Wire().Varint(5, 1).Varint(4, 1),
        Wire().Varint(4, 1).Varint(4, 1), Wire().Varint(0, 1), Wire().Tag(4, 3).Tag(4, 4),
        Wire().Tag(6, 2).Raw("\x05"
                             "ab"),
        Wire().Message(2, Wire().Varint(1, kTimeMaxUs)), Wire().Message(2, Wire().Varint(3, 1)),
        Wire().Message(3, Place(91, 0)), Wire().Text(7, "\x0a\x05"),
        Wire().Message(7, Wire().Varint(2, 1).Text(1, "a")), Wire().Raw("\xa0\x80\x00\x01"s), Wire().Varint(6, 1)}) {
    EXPECT_EQ(Applied(program, wire), "error") << ::testing::PrintToString(wire.bytes());
  }
}

TEST_F(ViewTest, SaysWhatItDelivers) {
  const CompiledView view = View(
      "fields { number: 7 nested { fields { number: 2 keep {} } } } fields { number: 3 grid { metres: 5 } } "
      "fields { number: 8 keep {} } fields { number: 1 keep {} }");
  EXPECT_THAT(view.delivered_fields(), ElementsAre("id", "place", "inner.count", "inners.name", "inners.count"));
  EXPECT_THAT(view.changed_fields(), ElementsAre("place"));
  EXPECT_FALSE(view.identity());
}

TEST_F(ViewTest, OutputOfTheRecordBeforeIsForgotten) {
  const CompiledView view = View("fields { number: 2 keep {} } fields { number: 1 keep {} }");
  ViewOutput output;
  ASSERT_EQ(view.Apply({RecordOperation::kUpsert, "k", 7, Record().bytes()}, output), ViewResult::kDeliver);
  ASSERT_EQ(view.Apply({RecordOperation::kUpsert, "k", std::nullopt, "\x80"}, output), ViewResult::kError);
  EXPECT_EQ(output.payload, "");
  EXPECT_FALSE(output.event_time_us.has_value());
}

}  // namespace
}  // namespace allmende::policy
