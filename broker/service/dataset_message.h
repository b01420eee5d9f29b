// Datasets as messages, and what makes one usable.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/v1/catalogue.pb.h"
#include "allmende/v1/facts.pb.h"
#include "broker/control/state.h"
#include "broker/log/log.h"

namespace allmende::broker {

v1::Dataset ToMessage(const DatasetState& dataset, const LogHead& head, bool with_schema);

// OK for 1 to 128 bytes of words (a-z, 0-9 and inner `-`) joined by `/`.
absl::Status CheckDatasetName(std::string_view name);

// SHA-256 of the canonical descriptor set.
//   kInvalidArgument  the schema cannot be used; names the fields
absl::StatusOr<std::string> SchemaHash(std::string_view descriptor_set, const std::string& message_name);

// The fact that `request` makes of `provider`; nothing where an equal dataset exists already.
//   kInvalidArgument  a value is not usable
//   kAlreadyExists    a dataset of the name differs
absl::StatusOr<std::optional<v1::Fact>> ProposeDataset(const State& state, const v1::CreateDatasetRequest& request,
                                                       const std::string& provider);

struct SchemaProposal {
  std::optional<v1::Fact> fact;      // nothing where the schema is in force already
  std::vector<std::string> notices;  // for UpdateSchemaResponse
};

// What `request` makes.
//   kNotFound, kPermissionDenied, kInvalidArgument
//   kAborted             another version is in force
//   kFailedPrecondition  the change breaks readers, or puts the policy out of force; names each field and why
absl::StatusOr<SchemaProposal> ProposeSchema(const State& state, const v1::UpdateSchemaRequest& request,
                                             const std::string& participant);

}  // namespace allmende::broker
