// Reading a range or a key through a view.
#pragma once

#include "absl/status/status.h"
#include "allmende/v1/exchange.pb.h"
#include "broker/control/state.h"
#include "broker/gate/entitled.h"
#include "broker/log/log.h"

namespace allmende::broker {

// Fills `records` from the log, through the view. Errors as ExchangeService.Read.
absl::Status ReadRecords(const Log& log, const DatasetState& dataset, const Entitled& entitled,
                         const v1::ReadRequest& request, v1::Records& records);

// Fills `response` with the latest record of the key, or `absent`.
//   kInvalidArgument     the dataset is no table
//   kFailedPrecondition  the view replaces keys by pseudonyms, so a key cannot be looked up
absl::Status LookupRecord(const Log& log, const DatasetState& dataset, const Entitled& entitled,
                          const v1::LookupRequest& request, v1::LookupResponse& response);

}  // namespace allmende::broker
