#include "examples/heavy_rain/proof/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "examples/schemas/sewer_levels.pb.h"

namespace heavy_rain {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;

berlin::SewerLevel Level() {
  berlin::SewerLevel level;
  level.mutable_zeit()->set_seconds(1'785'000'000);
  level.set_messstelle("Moabit");
  level.set_pegel_cm(231.4);
  level.set_ueberlauf_m3s(0.734);
  level.mutable_position()->set_latitude(52.530123);
  level.mutable_position()->set_longitude(13.339876);
  level.set_schacht_id("SCH-0815-7");
  level.set_wartung_telefon("+49 30 23125 017");
  return level;
}

View Coarse() {
  View view = Exactly({"zeit", "messstelle", "pegel_cm"});
  view["ueberlauf_m3s"] = {Treatment::kSteps, {0.1, 1}};
  view["position"] = {Treatment::kGrid, {}, 500};
  return view;
}

berlin::SewerLevel Coarsened() {
  berlin::SewerLevel level = Level();
  level.set_ueberlauf_m3s(0.1);
  level.mutable_position()->set_latitude(52.5315);
  level.clear_schacht_id();
  level.clear_wartung_telefon();
  return level;
}

TEST(ViewTest, WhatTheViewMakesOfARecordFits) {
  EXPECT_TRUE(CompareWithView(Level(), Coarsened().SerializeAsString(), Coarse()).empty());
}

TEST(ViewTest, AFieldOutsideTheViewIsForbidden) {
  berlin::SewerLevel level = Coarsened();
  level.set_schacht_id("SCH-0815-7");
  EXPECT_THAT(CompareWithView(Level(), level.SerializeAsString(), Coarse()).forbidden, ElementsAre("schacht_id"));
}

TEST(ViewTest, AFieldThatTheSchemaDoesNotKnowIsForbidden) {
  const std::string bytes = Coarsened().SerializeAsString() + std::string("\x9a\x06\x03tel");  // field 99
  EXPECT_THAT(CompareWithView(Level(), bytes, Coarse()).forbidden, ElementsAre("field number 99"));
}

TEST(ViewTest, WrongValuesAreNamed) {
  struct Case {
    const char* field;
    void (*spoil)(berlin::SewerLevel&);
  };
  const Case cases[] = {
      {"pegel_cm", [](berlin::SewerLevel& level) { level.set_pegel_cm(231.5); }},
      {"messstelle", [](berlin::SewerLevel& level) { level.clear_messstelle(); }},
      {"zeit", [](berlin::SewerLevel& level) { level.mutable_zeit()->set_nanos(1); }},
      {"ueberlauf_m3s", [](berlin::SewerLevel& level) { level.set_ueberlauf_m3s(0.734); }},
      {"ueberlauf_m3s", [](berlin::SewerLevel& level) { level.set_ueberlauf_m3s(1); }},
      {"ueberlauf_m3s", [](berlin::SewerLevel& level) { level.clear_ueberlauf_m3s(); }},
      {"position", [](berlin::SewerLevel& level) { level.clear_position(); }},
      {"position", [](berlin::SewerLevel& level) { *level.mutable_position() = Level().position(); }},
      {"position", [](berlin::SewerLevel& level) { level.mutable_position()->set_latitude(52.54); }},
  };
  for (const Case& spoiled : cases) {
    berlin::SewerLevel level = Coarsened();
    spoiled.spoil(level);
    EXPECT_THAT(CompareWithView(Level(), level.SerializeAsString(), Coarse()).wrong, ElementsAre(spoiled.field));
  }
}

TEST(ViewTest, StepsAreShownByTheirLowerEnd) {
  const std::pair<double, double> cases[] = {{0, 0}, {0.0999, 0}, {0.1, 0.1}, {0.999, 0.1}, {1, 1}, {17, 1}};
  for (const auto& [value, shown] : cases) {
    berlin::SewerLevel published = Level();
    published.set_ueberlauf_m3s(value);
    berlin::SewerLevel level = Coarsened();
    level.set_ueberlauf_m3s(shown);
    EXPECT_TRUE(CompareWithView(published, level.SerializeAsString(), Coarse()).empty()) << value;
  }
}

TEST(ViewTest, BytesThatAreNoRecordAreWrong) {
  EXPECT_FALSE(CompareWithView(Level(), "\xff\xff", Coarse()).wrong.empty());
}

TEST(ViewTest, SecretsAreWhatTheViewHidesOrCoarsens) {
  const std::vector<Secret> secrets = SecretsOf(Level(), Coarse());
  EXPECT_EQ(secrets.size(), 5u);
  for (const char* field :
       {"ueberlauf_m3s", "position.latitude", "position.longitude", "schacht_id", "wartung_telefon"}) {
    EXPECT_THAT(secrets, Contains(Field(&Secret::field, field)));
  }
  EXPECT_THAT(SecretsOf(Level(), Exactly({"zeit", "messstelle", "pegel_cm", "ueberlauf_m3s", "position", "schacht_id",
                                          "wartung_telefon"})),
              IsEmpty());
}

TEST(ViewTest, SecretsStandInTheRecordsBytes) {
  const std::string bytes = Level().SerializeAsString();
  const std::string shown = Coarsened().SerializeAsString();
  for (const Secret& secret : SecretsOf(Level(), Coarse())) {
    EXPECT_NE(bytes.find(secret.bytes), std::string::npos) << secret.field;
    if (secret.field != "position.longitude") {
      EXPECT_EQ(shown.find(secret.bytes), std::string::npos) << secret.field;
    }
  }
}

TEST(ViewTest, StepsThemselvesAreShown) {
  const std::vector<std::string> shown = ShownBy(Level(), Coarse());
  EXPECT_THAT(shown, Contains("Moabit"));
  EXPECT_THAT(shown, Contains(std::string("\0\0\0\0\0\0\xf0\x3f", 8)));
  EXPECT_THAT(shown, Not(Contains("SCH-0815-7")));
}

TEST(ViewTest, RecordsAreToldApartByTheirIdentity) {
  berlin::SewerLevel other = Level();
  other.set_pegel_cm(1);
  EXPECT_EQ(IdentityOf(Level(), {"messstelle", "zeit"}), IdentityOf(other, {"messstelle", "zeit"}));
  other.set_messstelle("Wedding");
  EXPECT_NE(IdentityOf(Level(), {"messstelle", "zeit"}), IdentityOf(other, {"messstelle", "zeit"}));
}

}  // namespace
}  // namespace heavy_rain
