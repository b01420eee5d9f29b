#include "policy/model/policy.h"

namespace allmende::policy {

std::string_view ActionName(Action action) {
  switch (action) {
    case Action::kRead:
      return "read";
    case Action::kSubscribe:
      return "subscribe";
    case Action::kLookup:
      return "lookup";
    case Action::kKeepCopy:
      return "keep-copy";
  }
  return "";
}

std::string_view FieldClassName(v1::FieldClass field_class) {
  switch (field_class) {
    case v1::PUBLIC:
      return "public";
    case v1::OPERATIONAL:
      return "operational";
    case v1::LOCATION:
      return "location";
    case v1::IDENTIFIER:
      return "identifier";
    case v1::PERSONAL:
      return "personal";
    case v1::CRITICAL:
      return "critical";
    default:
      return "";
  }
}

}  // namespace allmende::policy
