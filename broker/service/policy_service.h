// allmende.v1.PolicyService: releases, explanations, the regime.
#pragma once

#include "allmende/v1/policy.grpc.pb.h"
#include "broker/service/exchange.h"

namespace allmende::broker {

class PolicyServiceImpl final : public v1::PolicyService::CallbackService {
 public:
  // Borrows `exchange`, which must outlive the server.
  explicit PolicyServiceImpl(Exchange& exchange) : exchange_(exchange) {}

  grpc::ServerUnaryReactor* Release(grpc::CallbackServerContext* context, const v1::ReleaseRequest* request,
                                    v1::ReleaseResponse* response) override;
  grpc::ServerUnaryReactor* ListReleases(grpc::CallbackServerContext* context, const v1::ListReleasesRequest* request,
                                         v1::ListReleasesResponse* response) override;
  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context, const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) override;
  grpc::ServerUnaryReactor* DeclareCrisis(grpc::CallbackServerContext* context, const v1::DeclareCrisisRequest* request,
                                          v1::Regime* response) override;
  grpc::ServerUnaryReactor* LiftCrisis(grpc::CallbackServerContext* context, const v1::LiftCrisisRequest* request,
                                       v1::Regime* response) override;
  grpc::ServerUnaryReactor* GetRegime(grpc::CallbackServerContext* context, const v1::GetRegimeRequest* request,
                                      v1::Regime* response) override;

 private:
  Exchange& exchange_;
};

}  // namespace allmende::broker
