// Names that the data regime uses. Each is its own type, so that a purpose cannot be passed where a group is meant.
// Values are UTF-8, compared byte by byte; what a name may look like is checked where it enters (policy/language,
// proto).
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <utility>

namespace allmende::policy {

template <typename Tag>
class Name {
 public:
  Name() = default;
  explicit Name(std::string value) : value_(std::move(value)) {}
  explicit Name(std::string_view value) : value_(value) {}
  explicit Name(const char* value) : value_(value) {}

  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }

  friend auto operator<=>(const Name&, const Name&) = default;  // NOLINT(modernize-use-nullptr): a false alarm

  template <typename H>
  friend H AbslHashValue(H state, const Name& name) {
    return H::combine(std::move(state), name.value_);
  }

 private:
  std::string value_;
};

using ParticipantId = Name<struct ParticipantTag>;  // a legal entity, for example `berliner-wasserbetriebe`
using GroupId = Name<struct GroupTag>;              // a set of participants, for example `navigation`
using DatasetId = Name<struct DatasetTag>;          // text name, for example `wasser/pegel`
using Purpose = Name<struct PurposeTag>;            // what data are used for, for example `verkehrslenkung`
using CrisisKind = Name<struct CrisisKindTag>;      // for example `starkregen`
using RuleId = Name<struct RuleTag>;                // unique within one file

}  // namespace allmende::policy
