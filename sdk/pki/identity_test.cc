#include "sdk/pki/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace allmende::pki {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kCity[] = "musterstadt";

TEST(IdentityTest, UrisThatNameOneParticipant) {
  struct Row {
    std::vector<std::string> uris;
    const char* participant;
    const char* member;
    RoleSet roles;
  };
  const Row rows[] = {
      {{"spiffe://musterstadt/participant/bwb"}, "bwb", "", {}},
      {{"spiffe://musterstadt/role/agency", "spiffe://musterstadt/participant/bwb"}, "bwb", "", {Role::kAgency}},
      {{"spiffe://musterstadt/participant/bwb/member/anna", "spiffe://musterstadt/role/officer",
        "spiffe://musterstadt/role/crisis-authority"},
       "bwb",
       "anna",
       {Role::kOfficer, Role::kCrisisAuthority}},
      {{"https://bwb.de", "urn:uuid:1", "spiffe://musterstadt/participant/bwb"}, "bwb", "", {}},
      {{"spiffe://musterstadt/participant/0-9"}, "0-9", "", {}},
  };
  for (const Row& row : rows) {
    const absl::StatusOr<NamedIdentity> named = ReadIdentityUris(row.uris, kCity);
    ASSERT_TRUE(named.ok()) << named.status();
    EXPECT_EQ(named->participant, row.participant);
    EXPECT_EQ(named->member, row.member);
    EXPECT_EQ(named->roles, row.roles);
  }
}

TEST(IdentityTest, UrisThatDoNot) {
  const std::string bwb = "spiffe://musterstadt/participant/bwb";
  struct Row {
    std::vector<std::string> uris;
    const char* message;
  };
  const Row rows[] = {
      {{}, "names no participant"},
      {{"https://musterstadt/participant/bwb"}, "names no participant"},
      {{"spiffe://musterstadt/role/agency"}, "names no participant"},
      {{bwb, "spiffe://musterstadt/participant/vbb"}, "two participants"},
      {{bwb, bwb}, "two participants"},
      {{bwb, bwb + "/member/anna"}, "two participants"},
      {{bwb + "/member/anna", bwb + "/member/ben"}, "two participants"},
      {{bwb, "spiffe://musterstadt/role/mayor"}, "no role `mayor`"},
      {{bwb, "spiffe://musterstadt/role/"}, "no role ``"},
      {{bwb, "spiffe://musterstadt/role/agency/officer"}, "neither a participant"},
      {{"spiffe://elsewhere/participant/bwb"}, "not of `musterstadt`"},
      {{bwb, "spiffe://elsewhere/role/officer"}, "not of `musterstadt`"},
      {{"spiffe://musterstadt.evil/participant/bwb"}, "not of `musterstadt`"},
      {{"spiffe://musterstadt"}, "not of `musterstadt`"},
      {{"SPIFFE://musterstadt/participant/bwb"}, "not of `musterstadt`"},
      {{"spiffe://Musterstadt/participant/bwb"}, "not of `musterstadt`"},
      {{"spiffe://musterstadt/participant/bwb/"}, "neither a participant"},
      {{"spiffe://musterstadt//participant/bwb"}, "neither a participant"},
      {{"spiffe://musterstadt/participant/bwb/member"}, "neither a participant"},
      {{"spiffe://musterstadt/participant/bwb/member/anna/x"}, "neither a participant"},
      {{"spiffe://musterstadt/workload/x"}, "neither a participant"},
      {{"spiffe://musterstadt/participant/"}, "`` cannot be a participant's id"},
      {{"spiffe://musterstadt/participant/BWB"}, "`BWB` cannot be"},
      {{"spiffe://musterstadt/participant/.."}, "`..` cannot be"},
      {{"spiffe://musterstadt/participant/bwb?x=1"}, "`bwb?x=1` cannot be"},
      {{"spiffe://musterstadt/participant/b%77b"}, "cannot be"},
      {{"spiffe://musterstadt/participant/bwb/member/.."}, "cannot be a member's name"},
  };
  for (const Row& row : rows) {
    const absl::Status status = ReadIdentityUris(row.uris, kCity).status();
    EXPECT_FALSE(status.ok()) << row.message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.message));
  }
}

TEST(IdentityTest, UrisReadBackAsTheyWereWritten) {
  const absl::StatusOr<NamedIdentity> named = ReadIdentityUris(
      {MemberUri("a.b-c", "bwb", "anna"), RoleUri("a.b-c", Role::kAuditor), RoleUri("a.b-c", Role::kAgency)}, "a.b-c");
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(named->participant, "bwb");
  EXPECT_EQ(named->member, "anna");
  EXPECT_THAT(named->roles.Names(), ElementsAre("agency", "auditor"));
}

TEST(IdentityTest, NamesThatAreSafeAsFolders) {
  for (const char* good : {"a", "0", "a-b", "berliner-wasserbetriebe"})
    EXPECT_TRUE(CheckParticipantId(good).ok()) << good;
  EXPECT_TRUE(CheckParticipantId(std::string(63, 'a')).ok());
  for (const std::string& bad :
       {std::string(), std::string("-a"), std::string("a-"), std::string("A"), std::string("a/b"), std::string("a.b"),
        std::string("ä"), std::string("a b"), std::string("a\0", 2), std::string(64, 'a')}) {
    EXPECT_EQ(CheckParticipantId(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(CheckMemberName(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  for (const char* good : {"musterstadt", "daten.berlin.de"}) EXPECT_TRUE(CheckCityName(good).ok()) << good;
  for (const char* bad : {"", ".", "a..b", "a.", "Berlin", "a/b", "a:b"}) EXPECT_FALSE(CheckCityName(bad).ok()) << bad;
}

TEST(IdentityTest, RoleSets) {
  RoleSet roles = {Role::kOfficer};
  EXPECT_TRUE(RoleSet().IsSubsetOf(roles));
  EXPECT_FALSE(roles.IsSubsetOf({Role::kAgency, Role::kAuditor}));
  roles.Add(Role::kAgency);
  EXPECT_TRUE(roles.Has(Role::kAgency));
  EXPECT_FALSE(roles.Has(Role::kOperator));
  EXPECT_THAT(roles.Names(), ElementsAre("agency", "officer"));
  EXPECT_THAT(std::string(ParseRole("boss").status().message()),
              HasSubstr("agency, operator, officer, crisis-authority, auditor"));
}

}  // namespace
}  // namespace allmende::pki
