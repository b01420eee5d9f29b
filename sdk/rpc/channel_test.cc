#include "sdk/rpc/channel.h"

#include "gtest/gtest.h"

namespace allmende::rpc {
namespace {

struct Case {
  const char* endpoint;
  bool localhost_known;
  const char* address;
  const char* name;
};

TEST(TargetOf, LocalhostIsThisMachineEvenWhereTheSystemDoesNotKnowIt) {
  constexpr Case kCases[] = {
      {"localhost:7443", true, "localhost:7443", ""},
      {"localhost:7443", false, "127.0.0.1:7443", "localhost"},
      {"localhost.example.org:7443", false, "localhost.example.org:7443", ""},
      {"data.berlin.de:443", false, "data.berlin.de:443", ""},
      {"127.0.0.1:7443", false, "127.0.0.1:7443", ""},
      {"[::1]:7443", false, "[::1]:7443", ""},
  };
  for (const Case& one : kCases) {
    const Target target = TargetOf(one.endpoint, one.localhost_known);
    EXPECT_EQ(target.address, one.address) << one.endpoint;
    EXPECT_EQ(target.name, one.name) << one.endpoint;
  }
}

}  // namespace
}  // namespace allmende::rpc
