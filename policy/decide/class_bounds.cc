#include "policy/decide/class_bounds.h"

namespace allmende::policy {
namespace {

ClassBounds AtMost(const std::vector<ClassCeiling>& ceilings) {
  ClassBounds bounds;
  bounds.fill(Drop{});
  for (const ClassCeiling& ceiling : ceilings) {
    bounds[ceiling.field_class] = ceiling.treatment;
  }
  return bounds;
}

}  // namespace

ClassBounds BoundsOf(const Limit& limit) {
  if (limit.at_most) {
    return AtMost(*limit.at_most);
  }
  ClassBounds bounds;
  bounds.fill(Keep{});
  bounds[v1::FIELD_CLASS_UNSPECIFIED] = Drop{};
  for (const v1::FieldClass field_class : limit.never) {
    bounds[field_class] = Drop{};
  }
  return bounds;
}

ClassBounds BoundsOf(const CrisisCeiling& ceiling) {
  return AtMost(ceiling.at_most);
}

}  // namespace allmende::policy
