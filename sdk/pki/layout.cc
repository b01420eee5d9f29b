#include "sdk/pki/layout.h"

#include "absl/strings/str_cat.h"

namespace allmende::pki {

CityLayout::CityLayout(std::string directory) : directory_(std::move(directory)) {
  while (directory_.size() > 1 && directory_.back() == '/') directory_.pop_back();
}

std::string CityLayout::ProfileDirectory(const std::string& participant, const std::string& member) const {
  if (member.empty()) return In(absl::StrCat("participants/", participant));
  return In(absl::StrCat("members/", participant, "/", member));
}

std::string CityLayout::In(const std::string& name) const {
  return absl::StrCat(directory_, "/", name);
}

}  // namespace allmende::pki
