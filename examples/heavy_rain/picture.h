// Records for the eye.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "examples/heavy_rain/proof/proof.h"
#include "google/protobuf/message.h"

namespace heavy_rain {

// A field's value in few characters; `-` where it is absent.
std::string FieldText(const google::protobuf::Message& record, const std::string& field);

// `Mitte: pegel_cm 231.4`: the key and the first number of an encoded record.
std::string RecordText(const DatasetPlan& plan, const std::string& payload);

// A table with a row for each field and a column for the published record and for what each reader has of it.
std::vector<std::vector<std::string>> SideBySide(
    const DatasetPlan& plan, const std::string& published,
    const std::vector<std::pair<std::string, std::string>>& seen);  // heading, encoded record

// `0.031 s`, `0.3 s`, `14.3 s`.
std::string Seconds(absl::Duration duration);

// `[########------------]`, filled to `share` of 1.
std::string Bar(double share, size_t columns);

}  // namespace heavy_rain
