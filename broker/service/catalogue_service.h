// allmende.v1.CatalogueService: datasets, schemas, quarantine.
#pragma once

#include "allmende/v1/catalogue.grpc.pb.h"
#include "broker/service/exchange.h"

namespace allmende::broker {

class CatalogueServiceImpl final : public v1::CatalogueService::CallbackService {
 public:
  // Borrows `exchange`, which must outlive the server.
  explicit CatalogueServiceImpl(Exchange& exchange) : exchange_(exchange) {}

  grpc::ServerUnaryReactor* CreateDataset(grpc::CallbackServerContext* context, const v1::CreateDatasetRequest* request,
                                          v1::Dataset* response) override;
  grpc::ServerUnaryReactor* GetDataset(grpc::CallbackServerContext* context, const v1::GetDatasetRequest* request,
                                       v1::Dataset* response) override;
  grpc::ServerUnaryReactor* ListDatasets(grpc::CallbackServerContext* context, const v1::ListDatasetsRequest* request,
                                         v1::ListDatasetsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateSchema(grpc::CallbackServerContext* context, const v1::UpdateSchemaRequest* request,
                                         v1::UpdateSchemaResponse* response) override;
  grpc::ServerUnaryReactor* ListQuarantine(grpc::CallbackServerContext* context,
                                           const v1::ListQuarantineRequest* request,
                                           v1::ListQuarantineResponse* response) override;
  grpc::ServerUnaryReactor* DropQuarantine(grpc::CallbackServerContext* context,
                                           const v1::DropQuarantineRequest* request,
                                           v1::DropQuarantineResponse* response) override;

 private:
  Exchange& exchange_;
};

}  // namespace allmende::broker
