#include "broker/log/types.h"

#include "absl/strings/str_cat.h"
#include "sdk/base/endian.h"

namespace allmende::broker {

std::string SideKeyPrefix(LogId log) {
  std::string prefix;
  AppendBigEndian(static_cast<std::uint32_t>(log), prefix);
  return prefix;
}

std::string LogName(LogId log) {
  return log == kControlLog ? "the control log" : absl::StrCat("log ", static_cast<std::uint32_t>(log));
}

}  // namespace allmende::broker
