// allmende.v1.StatusService.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "allmende/v1/status.grpc.pb.h"
#include "broker/service/exchange.h"

namespace allmende::broker {

class StatusServiceImpl final : public v1::StatusService::CallbackService {
 public:
  // Borrows `exchange`, which must outlive the server. `data` is the directory whose free space counts.
  StatusServiceImpl(Exchange& exchange, std::string city, std::string data)
      : exchange_(exchange), city_(std::move(city)), data_(std::move(data)), started_at_(exchange.clock.Now()) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context, const v1::GetStatusRequest* request,
                                      v1::BrokerStatus* response) override;

 private:
  Exchange& exchange_;
  const std::string city_;
  const std::string data_;
  const absl::Time started_at_;
};

}  // namespace allmende::broker
