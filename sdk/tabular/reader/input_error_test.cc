#include "sdk/tabular/reader/input_error.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace allmende::tabular {
namespace {

TEST(InputErrorTest, NamesThePlaceTheValueTheReasonAndTheWayOut) {
  const InputError error{.file = "rain.csv",
                         .line = 12,
                         .column = "lat",
                         .value = "abc",
                         .why = "is not a number",
                         .advice = "correct it"};
  EXPECT_EQ(error.ToText(), "`rain.csv`, line 12, column `lat`: `abc` is not a number; correct it");
  EXPECT_EQ(error.ToStatus().code(), absl::StatusCode::kInvalidArgument);
}

TEST(InputErrorTest, LeavesOutWhatIsNotKnown) {
  EXPECT_EQ((InputError{.file = "a", .why = "is empty"}).ToText(), "`a`: is empty");
}

TEST(ClipForMessageTest, KeepsFortyCharactersAndNeverCutsOne) {
  EXPECT_EQ(ClipForMessage("short"), "short");
  EXPECT_EQ(ClipForMessage(std::string(40, 'x')), std::string(40, 'x'));
  const std::string forty(40, 'x');
  EXPECT_EQ(ClipForMessage(forty + "x"), absl::StrCat(forty, "…"));
  std::string umlauts;
  for (int i = 0; i < 50; ++i) umlauts += "ü";
  EXPECT_EQ(ClipForMessage(umlauts), absl::StrCat(umlauts.substr(0, 80), "…"));
}

TEST(ClipForMessageTest, MakesBytesThatATerminalMustNotSeeHarmless) {
  EXPECT_EQ(ClipForMessage("a\nb\x1B[31m\xFF\x7F"), "a?b?[31m??");
  EXPECT_EQ(ClipForMessage("cut \xE2\x82"), "cut ??");
}

}  // namespace
}  // namespace allmende::tabular
