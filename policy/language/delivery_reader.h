// Reads what a rule delivers: fields or classes, each with its treatment.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/language/reader.h"
#include "policy/model/baseline.h"
#include "policy/model/policy.h"

namespace allmende::policy {

// The fields that the file puts into classes, by path.
using FieldBook = std::map<std::string, ClassifiedField>;

bool IsFieldPath(std::string_view text);

// `felder: {öffentlich: [a, b]}`. Reports fields named twice and classes nobody knows.
FieldBook ReadFields(Reader& reader, const Node& node);

// Reports a number that may mean a thousand times as much (HasThousandsPoints).
void ReportThousandsPoint(Reader& reader, const Node& node, std::string_view number);

// Reports a field that `fields` does not hold, with the nearest that it does.
void ReportUnknownField(Reader& reader, const Node& node, const FieldBook& fields);

// The entries of a delivery list. A name that is both a field of `fields` and a class is the field. With `fields` null,
// only classes can be named (city baseline).
std::vector<Delivery> ReadDeliveries(Reader& reader, const Node& node, std::string_view what, const FieldBook* fields);

// The same for the ceilings of a baseline: classes, with treatments that fit whole classes.
std::vector<ClassCeiling> ReadCeilings(Reader& reader, const Node& node, std::string_view what);

// `["unter 0,1", "0,1 bis 1", "über 1"]`: from one open end to the other without a gap.
std::optional<Buckets> ReadBuckets(Reader& reader, const Node& node, std::string_view what);

}  // namespace allmende::policy
