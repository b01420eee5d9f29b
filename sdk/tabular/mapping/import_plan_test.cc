#include "sdk/tabular/mapping/import_plan.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "sdk/tabular/testing/import_testing.h"

namespace allmende::tabular {
namespace {

using ::testing::HasSubstr;

constexpr char kBody[] = R"pb(
  int64 tree = 1 [(key) = true]
  ;
  Timestamp time = 2 [(event_time) = true];
  Position position = 3;
  string name = 4;
  optional double height = 5;
  repeated string tags = 6;
  oneof owner { string person = 7; string company = 8; }
  Inner inner = 9;
  bool alive = 10;
  int64 seen = 11 [(unit) = "s"];
  message Inner { int32 depth = 1; }
)pb";

std::string Problem(const std::string& yaml, const TestSchema& schema) {
  const auto plan = PlanFromYaml(yaml, schema);
  return plan.ok() ? "no problem" : std::string(plan.status().message());
}

const FieldPlan* Find(const std::vector<FieldPlan>& fields, const std::string& path) {
  for (const FieldPlan& field : fields) {
    if (field.path == path) return &field;
    if (const FieldPlan* inner = Find(field.fields, path)) return inner;
  }
  return nullptr;
}

TEST(ImportPlanTest, TakesColumnsOfTheSameNameWhereTheSpecIsSilent) {
  const TestSchema schema = SchemaFromBody(kBody);
  const auto plan = PlanFromYaml("zone: Europe/Berlin\nfields: {name: Baumname}\n", schema);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE((*plan)->has_key());
  EXPECT_TRUE((*plan)->has_event_time());
  const FieldPlan* name = Find((*plan)->fields(), "name");
  ASSERT_NE(name, nullptr);
  EXPECT_EQ(name->columns, std::vector<std::string>{"Baumname"});
  EXPECT_TRUE(name->named_by_spec);
  const FieldPlan* depth = Find((*plan)->fields(), "inner.depth");
  ASSERT_NE(depth, nullptr);
  EXPECT_EQ(depth->columns, std::vector<std::string>{"inner.depth"});
  EXPECT_FALSE(depth->named_by_spec);
}

TEST(ImportPlanTest, LeavesOutWhatATableCannotFill) {
  const TestSchema schema = SchemaFromBody(kBody);
  const auto plan = PlanFromYaml("fields: {person: Besitzer}\n", schema);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(Find((*plan)->fields(), "tags"), nullptr);
  EXPECT_EQ(Find((*plan)->fields(), "company"), nullptr);
  EXPECT_NE(Find((*plan)->fields(), "person"), nullptr);
}

TEST(ImportPlanTest, KeepsPositionsOnEarth) {
  const TestSchema schema = SchemaFromBody(kBody);
  const auto plan = PlanFromYaml("fields: {position.latitude: {column: lat, min: 52, max: 300}}\n", schema);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const FieldPlan* latitude = Find((*plan)->fields(), "position.latitude");
  const FieldPlan* longitude = Find((*plan)->fields(), "position.longitude");
  EXPECT_EQ(latitude->min, 52);
  EXPECT_EQ(latitude->max, 90);
  EXPECT_EQ(longitude->min, -180);
  EXPECT_EQ(longitude->max, 180);
}

TEST(ImportPlanTest, SaysWhyARuleDoesNotFitTheSchema) {
  const TestSchema schema = SchemaFromBody(kBody);
  const std::pair<const char*, const char*> cases[] = {
      {"fields: {hight: h}\n", "spec.yaml:1: field `hight` is not in the schema: `test.Record` has no field `hight`"},
      {"fields: {inner: h}\n", "field `inner` is a message; map its fields, for example `inner.depth`"},
      {"fields: {inner.width: h}\n", "`test.Record.Inner` has no field `width`"},
      {"fields: {name.first: h}\n", "field `name.first` is not in the schema: only messages have fields"},
      {"fields: {tags: h}\n", "is or lies in a repeated field; a table row cannot fill it"},
      {"fields: {person: p, company: c}\n", "shares its oneof with another mapped field"},
      {"fields: {name: {column: n, min: 1}}\n", "field `name` is no number, so `min` and `max` mean nothing here"},
      {"fields: {height: {column: h, drop_zero_fraction: true}}\n", "field `height` is no text"},
      {"fields: {name: {column: n, zone: Europe/Berlin}}\n", "field `name` is no time"},
      {"fields: {time: {column: t, zone: Europe/Bärlin}}\n", "no time zone `Europe/Bärlin` is known here"},
      {"fields: {time: {column: t, time_formats: ['%q']}}\n", "has unusable time rules"},
      {"fields: {tree: {column: t, default: '1'}}\n", "is part of the key; a default would give different rows"},
      {"fields: {alive: {column: t, optional_column: true}}\n", "cannot be absent, so its column cannot be either"},
      {"fields: {tree: {constant: oak}}\n", "has the fixed value `oak`, which is not a number"},
      {"fields: {alive: {column: a, default: perhaps}}\n", "has the fixed value `perhaps`, which "},
      {"fields: {position.latitude: {constant: '91'}}\n", "has the fixed value `91`, which is above 90"},
  };
  for (const auto& [yaml, message] : cases) {
    EXPECT_THAT(Problem(yaml, schema), HasSubstr(message)) << yaml;
  }
}

TEST(ImportPlanTest, NeedsAKeyForDeletes) {
  EXPECT_THAT(Problem("delete_rows: {column: a, is: [x]}\n", SchemaFromBody("string a = 1;")),
              HasSubstr("spec.yaml: `delete_rows` needs a schema with a key, and this one has none"));
}

}  // namespace
}  // namespace allmende::tabular
