// allmende.v1.ExchangeService: publish, subscribe, read, lookup.
#pragma once

#include "allmende/v1/exchange.grpc.pb.h"
#include "broker/service/exchange.h"

namespace allmende::broker {

// Publish and Subscribe are raw methods: batches pass through as bytes.
using RawExchangeService = v1::ExchangeService::WithRawCallbackMethod_Publish<
    v1::ExchangeService::WithRawCallbackMethod_Subscribe<v1::ExchangeService::WithCallbackMethod_Read<
        v1::ExchangeService::WithCallbackMethod_Lookup<v1::ExchangeService::Service>>>>;

class ExchangeServiceImpl final : public RawExchangeService {
 public:
  // Borrows `exchange`, which must outlive the server.
  explicit ExchangeServiceImpl(Exchange& exchange) : exchange_(exchange) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Publish(grpc::CallbackServerContext* context) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, const v1::ReadRequest* request,
                                 v1::ReadResponse* response) override;
  grpc::ServerUnaryReactor* Lookup(grpc::CallbackServerContext* context, const v1::LookupRequest* request,
                                   v1::LookupResponse* response) override;

 private:
  Exchange& exchange_;
};

}  // namespace allmende::broker
