#include "sdk/cli/data/key_text.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "sdk/tabular/testing/import_testing.h"

namespace allmende::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

const policy::SchemaTable& Schema() {
  static const tabular::TestSchema* schema = new tabular::TestSchema(tabular::SchemaFromBody(R"pb(
    string station = 1 [(key) = true]
    ;
    int32 sensor = 2 [(key) = true];
    uint64 number = 3 [(key) = true];
    bool spare = 4 [(key) = true];
    Light light = 5 [(key) = true];
    bytes raw = 6 [(key) = true];
    enum Light { OFF = 0; RED = 1; }
  )pb"));
  return *schema->table;
}

TEST(KeyTextTest, GoesThereAndBack) {
  const auto key = KeyFromTexts(Schema(), {"Öl 1", "-7", "18446744073709551615", "true", "RED", "AP8="});
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_THAT(*TextsOfKey(Schema(), *key),
              ElementsAre(Pair("station", "Öl 1"), Pair("sensor", "-7"), Pair("number", "18446744073709551615"),
                          Pair("spare", "true"), Pair("light", "RED"), Pair("raw", "AP8=")));
  EXPECT_EQ(*KeyFromTexts(Schema(), {"Öl 1", "-7", "18446744073709551615", "true", "1", "AP8="}), *key);
}

TEST(KeyTextTest, SaysWhichFieldsAKeyHas) {
  EXPECT_THAT(std::string(KeyFromTexts(Schema(), {"a"}).status().message()),
              HasSubstr("a key has 6 values here, in this order: `station` (string), `sensor` (int32), "));
  const tabular::TestSchema keyless = tabular::SchemaFromBody("string a = 1;");
  EXPECT_EQ(KeyFromTexts(*keyless.table, {}).status(), absl::InvalidArgumentError("the schema has no key"));
}

TEST(KeyTextTest, RefusesWhatIsNoValueOfItsField) {
  const std::vector<std::string> good = {"a", "1", "2", "true", "RED", "AA=="};
  const std::pair<size_t, const char*> cases[] = {{1, "x"}, {1, ""}, {2, "-1"}, {3, "ja"}, {4, "GREEN"}, {5, "?"}};
  for (const auto& [index, text] : cases) {
    std::vector<std::string> texts = good;
    texts[index] = text;
    EXPECT_THAT(std::string(KeyFromTexts(Schema(), texts).status().message()),
                HasSubstr("is no value of the key field"))
        << text;
  }
}

TEST(KeyTextTest, PrefixIsOpenBehindALastText) {
  const std::string key = *KeyFromTexts(Schema(), {"abc", "1", "2", "true", "RED", ""});
  EXPECT_TRUE(key.starts_with(*KeyPrefixFromTexts(Schema(), {"ab"})));
  EXPECT_TRUE(key.starts_with(*KeyPrefixFromTexts(Schema(), {"abc", "1"})));
  EXPECT_FALSE(key.starts_with(*KeyPrefixFromTexts(Schema(), {"ab", "1"})));
  EXPECT_EQ(*KeyPrefixFromTexts(Schema(), {}), "");
  EXPECT_FALSE(KeyPrefixFromTexts(Schema(), {"a", "1", "2", "true", "RED", "", "more"}).ok());
}

TEST(KeyTextTest, RefusesBytesThatAreNoKeyOfTheSchema) {
  const std::string key = *KeyFromTexts(Schema(), {"a", "1", "2", "true", "RED", ""});
  EXPECT_FALSE(TextsOfKey(Schema(), key.substr(0, key.size() - 1)).ok());
  EXPECT_FALSE(TextsOfKey(Schema(), key + "x").ok());
  EXPECT_FALSE(TextsOfKey(Schema(), "").ok());
}

}  // namespace
}  // namespace allmende::cli
