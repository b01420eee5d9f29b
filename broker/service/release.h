// Releasing a policy: checking the text against schema, baseline and its own tests, and making the fact of it.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/v1/facts.pb.h"
#include "allmende/v1/policy.pb.h"
#include "broker/control/state.h"

namespace allmende::broker {

// Fills in errors and warnings of `response`. OK also where there are errors.
//   kNotFound         no such dataset
//   kInvalidArgument  the text is too long, or names another dataset
absl::Status CheckRelease(const State& state, const v1::ReleaseRequest& request, absl::Time now,
                          v1::ReleaseResponse& response);

// The fact of the release. Call it for a text without errors.
//   kAborted  another release is in force than the request is based on, or the schema has changed so that the text no
//             longer fits
absl::StatusOr<std::optional<v1::Fact>> ProposeRelease(const State& state, const v1::ReleaseRequest& request);

}  // namespace allmende::broker
