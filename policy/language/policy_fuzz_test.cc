// Runs the fuzzer's body on the example files and on damaged ones, so that it is built and holds in every run of the
// tests.
#include <gtest/gtest.h>

#include <string>

#include "policy/language/testing/fixtures.h"
#include "policy/testing/mutate.h"
#include "policy/testing/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace allmende::policy {
namespace {

void Feed(const std::string& input) {
  EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size()), 0);
}

TEST(PolicyFuzz, SeedsHold) {
  Feed("");
  Feed(std::string(100, '\0'));
  Feed(std::string(5'000, '['));
  Feed("? ? ? ?\n- - - -\n");
  testing::Random random(1);
  std::vector<std::string> texts = {ExampleBaselineText()};
  for (const ExamplePolicy& example : ExamplePolicies()) {
    texts.push_back(example.Text());
  }
  for (const std::string& text : texts) {
    Feed(text);
    for (int i = 0; i < 40; ++i) {
      Feed(testing::Mutated(text, random));
    }
  }
}

}  // namespace
}  // namespace allmende::policy
