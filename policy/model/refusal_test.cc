// Refusals: their wire form and their words.
#include "policy/model/refusal.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "policy/model/render.h"

namespace allmende::policy {
namespace {

Refusal NoRule() {
  Refusal refusal;
  refusal.code = RefusalCode::kNoRuleMatches;
  refusal.arguments = {
      {"dataset", "wasser/pegel"}, {"participant", "navi-ag"}, {"purpose", "werbung"}, {"action", "subscribe"}};
  refusal.rule = RuleId("verkehr");
  refusal.file = "pegel.policy.yaml";
  refusal.position = {31, 5};
  refusal.missing = {{MissingKind::kPurpose, {"verkehrslenkung"}}};
  return refusal;
}

std::string English(const Refusal& refusal) {
  return RenderRefusal(ToProto(refusal), Language::kEnglish);
}
std::string German(const Refusal& refusal) {
  return RenderRefusal(ToProto(refusal), Language::kGerman);
}

TEST(Refusals, TravelAsCodesAndArguments) {
  const v1::Refusal proto = ToProto(NoRule());
  EXPECT_EQ(proto.code(), "no-rule-matches");
  EXPECT_EQ(proto.arguments().at("participant"), "navi-ag");
  EXPECT_EQ(proto.rule(), "verkehr");
  EXPECT_EQ(proto.rule_file(), "pegel.policy.yaml");
  EXPECT_EQ(proto.rule_line(), 31u);
  ASSERT_EQ(proto.missing_size(), 1);
  EXPECT_EQ(proto.missing(0).kind(), "purpose");
  EXPECT_EQ(proto.missing(0).any_of(0), "verkehrslenkung");
}

TEST(Refusals, SayWhoWhatWhyAndTheWayOut) {
  EXPECT_EQ(English(NoRule()),
            "refused: no rule lets `navi-ag` subscribe to `wasser/pegel` for purpose `werbung`; rule `verkehr` "
            "(pegel.policy.yaml:31) would allow it for purpose `verkehrslenkung`");
  EXPECT_EQ(
      German(NoRule()),
      "abgelehnt: keine Regel erlaubt `navi-ag` zum Zweck `werbung`, `wasser/pegel` zu abonnieren; Regel `verkehr` "
      "(pegel.policy.yaml:31) würde es zum Zweck `verkehrslenkung` erlauben");
}

TEST(Refusals, NameEverythingThatIsMissing) {
  Refusal refusal = NoRule();
  refusal.missing = {{MissingKind::kPurpose, {"a", "b"}},
                     {MissingKind::kGroup, {"navigation"}},
                     {MissingKind::kCrisis, {"starkregen"}},
                     {MissingKind::kAction, {"read"}},
                     {MissingKind::kCopy, {"replica"}}};
  EXPECT_EQ(English(refusal).substr(English(refusal).find("would")),
            "would allow it for purpose `a` or `b` and in group `navigation` and during crisis `starkregen` and for "
            "action `read` and with the line `replica`");
  EXPECT_EQ(German(refusal).substr(German(refusal).find("würde")),
            "würde es zum Zweck `a` oder `b` und in der Gruppe `navigation` und während der Krise `starkregen` und für "
            "die Handlung `lesen` und mit der Zeile `kopie` erlauben");
}

TEST(Refusals, LongListsOfAlternativesAreCut) {
  Refusal refusal = NoRule();
  refusal.missing = {{MissingKind::kParticipant, {"a", "b", "c", "d", "e", "f", "g"}}};
  EXPECT_NE(English(refusal).find("for participant `a` or `b` or `c` or `d` or `e` or 2 more"), std::string::npos);
}

TEST(Refusals, WithoutPurposeOrNameTheySaySo) {
  Refusal refusal = NoRule();
  refusal.arguments = {{"dataset", "wasser/pegel"}, {"action", "lookup"}};
  refusal.missing.clear();
  EXPECT_EQ(English(refusal),
            "refused: no rule lets an unnamed caller look up keys in `wasser/pegel` without a purpose");
  EXPECT_EQ(German(refusal),
            "abgelehnt: keine Regel erlaubt ungenannten Anfragenden ohne Zweck, in `wasser/pegel` nachzuschlagen");
}

TEST(Refusals, EveryCodeHasItsWords) {
  Refusal refusal = NoRule();
  refusal.arguments["time"] = "2029-01-01T00:00:00Z";
  refusal.rule = RuleId();
  refusal.code = RefusalCode::kNotReleased;
  EXPECT_EQ(English(refusal), "refused: no policy is in force for `wasser/pegel`");
  refusal.code = RefusalCode::kPolicyUnusable;
  refusal.arguments["problem"] = "pegel.policy.yaml:6:19: the schema has no field `level`";
  EXPECT_EQ(English(refusal),
            "refused: the policy of `wasser/pegel` cannot be applied: pegel.policy.yaml:6:19: the schema has no field "
            "`level`");
  EXPECT_EQ(
      German(refusal),
      "abgelehnt: die Policy von `wasser/pegel` lässt sich nicht anwenden: pegel.policy.yaml:6:19: the schema has "
      "no field `level`");
  refusal.code = RefusalCode::kPolicyNotYetValid;
  EXPECT_EQ(English(refusal), "refused: pegel.policy.yaml:31 is not valid before 2029-01-01T00:00:00Z");
  refusal.code = RefusalCode::kPolicyExpired;
  EXPECT_EQ(German(refusal), "abgelehnt: pegel.policy.yaml:31 gilt nicht mehr seit 2029-01-01T00:00:00Z");
  refusal.rule = RuleId("nie-ohne-krise");
  refusal.code = RefusalCode::kBaselineForbids;
  EXPECT_EQ(English(refusal),
            "refused: the city baseline leaves nothing of `wasser/pegel` for `navi-ag`: limit `nie-ohne-krise` "
            "(pegel.policy.yaml:31)");
  refusal.code = RefusalCode::kContractForbids;
  EXPECT_EQ(German(refusal), "abgelehnt: der Vertrag lässt nichts übrig von `wasser/pegel` für `navi-ag`");
}

TEST(Refusals, OfANewerVersionAreShownAsTheyAre) {
  v1::Refusal proto = ToProto(NoRule());
  proto.set_code("quota-used-up");
  EXPECT_EQ(RenderRefusal(proto, Language::kEnglish), "refused: `quota-used-up` rule `verkehr` (pegel.policy.yaml:31)");
  proto = ToProto(NoRule());
  proto.mutable_missing(0)->set_kind("area");
  EXPECT_NE(RenderRefusal(proto, Language::kEnglish).find("would allow it with area `verkehrslenkung`"),
            std::string::npos);
}

TEST(Names, OfCodesKindsRolesActionsAndClassesDiffer) {
  std::set<std::string_view> names;
  size_t count = 0;
  const auto add = [&](std::string_view name) {
    EXPECT_FALSE(name.empty());
    names.insert(name);
    ++count;
  };
  for (int code = 0; code <= static_cast<int>(RefusalCode::kContractForbids); ++code) {
    add(RefusalCodeName(static_cast<RefusalCode>(code)));
  }
  for (int role = 0; role <= static_cast<int>(Role::kAuditor); ++role) {
    add(RoleName(static_cast<Role>(role)));
    EXPECT_EQ(RoleFromName(RoleName(static_cast<Role>(role))), static_cast<Role>(role));
  }
  for (int action = 0; action <= static_cast<int>(Action::kKeepCopy); ++action) {
    add(ActionName(static_cast<Action>(action)));
  }
  for (int field_class = 1; field_class < v1::FieldClass_ARRAYSIZE; ++field_class) {
    add(FieldClassName(static_cast<v1::FieldClass>(field_class)));
  }
  EXPECT_EQ(names.size(), count);
  EXPECT_EQ(RoleFromName("Agency"), std::nullopt);
  EXPECT_EQ(RoleFromName(""), std::nullopt);
  EXPECT_EQ(FieldClassName(v1::FIELD_CLASS_UNSPECIFIED), "");
}

}  // namespace
}  // namespace allmende::policy
