// docs/errors.md promises to list every code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "allmende/v1/exchange.pb.h"
#include "policy/wire/validator.h"

namespace allmende::broker {
namespace {

std::string Page() {
  std::ifstream file(absl::StrCat(ALLMENDE_SOURCE_DIR, "/docs/errors.md"));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ErrorsPage, ListsEveryCodeOfARecordProblem) {
  const std::string page = Page();
  for (int code = 0; code <= static_cast<int>(policy::RecordProblemCode::kBadKey); ++code) {
    const std::string name(policy::RecordProblemName(static_cast<policy::RecordProblemCode>(code)));
    EXPECT_THAT(page, ::testing::HasSubstr(absl::StrCat("| `", name, "` |")));
  }
  for (const char* const name : {"wrong-key", "wrong-event-time", "no-delete"}) {
    EXPECT_THAT(page, ::testing::HasSubstr(absl::StrCat("| `", name, "` |")));
  }
}

TEST(ErrorsPage, ListsEveryReasonToRefuseABatch) {
  const std::string page = Page();
  const auto* const codes = v1::PublishRefusedCode_descriptor();
  for (int i = 0; i < codes->value_count(); ++i) {
    if (codes->value(i)->number() != 0) {
      EXPECT_THAT(page, ::testing::HasSubstr(absl::StrCat("| `", codes->value(i)->name(), "` |")));
    }
  }
}

}  // namespace
}  // namespace allmende::broker
