// What a reader may see of a record, written down a second time: by hand from the policy files, and independent of the
// code that applies them in the exchange. The proof holds what really arrived against it. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace heavy_rain {

enum class Treatment {
  kExact,
  kSteps,  // a number, shown as the lower end of its step; below the first one as 0
  kGrid,   // a place, moved to the middle of a square
};

struct FieldRule {
  Treatment treatment = Treatment::kExact;
  std::vector<double> steps;  // ascending
  double metres = 0;          // side of the square
};

// By field name. A field that is not here must not be seen at all.
using View = std::map<std::string, FieldRule>;

// A view of fields as they are.
View Exactly(const std::vector<std::string>& fields);

struct Difference {
  std::vector<std::string> forbidden;  // fields that are there and must not be
  std::vector<std::string> wrong;      // fields that are missing, or not what the view makes of them

  bool empty() const { return forbidden.empty() && wrong.empty(); }
};

// Compares what arrived (wire bytes) with what `view` makes of the record as it was published.
Difference CompareWithView(const google::protobuf::Message& published, const std::string& arrived, const View& view);

// A value that must not be found anywhere in what a reader gets: texts of at least 6 bytes, and numbers other than 0 as
// the 8 bytes of their encoding.
struct Secret {
  std::string field;
  std::string bytes;

  friend auto operator<=>(const Secret&, const Secret&) = default;
};

// The values of `published` that `view` hides or coarsens.
std::vector<Secret> SecretsOf(const google::protobuf::Message& published, const View& view);

// The values that `view` shows, in the same form; what is shown somewhere is no secret elsewhere.
std::vector<std::string> ShownBy(const google::protobuf::Message& published, const View& view);

// The values of `fields` as one text that tells records of a dataset apart.
std::string IdentityOf(const google::protobuf::Message& record, const std::vector<std::string>& fields);

}  // namespace heavy_rain
