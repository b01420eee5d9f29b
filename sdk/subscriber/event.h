// What users see of the broker's messages, apart from batches.
#pragma once

#include "absl/status/statusor.h"
#include "allmende/subscriber.h"
#include "allmende/v1/exchange.pb.h"

namespace allmende {

WatermarkReached EventOf(v1::Watermark& watermark);
TermsChanged EventOf(v1::EntitlementChanged& changed);
SubscriptionEnded EventOf(v1::Ended& ended);

//   kInvalidArgument  bad options
absl::StatusOr<v1::SubscribeRequest> RequestOf(const SubscriberOptions& options, const std::string& client_purpose);

}  // namespace allmende
