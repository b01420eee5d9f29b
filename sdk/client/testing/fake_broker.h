// For tests: a listener over loopback with mutual TLS that speaks for a FakeDataset, and clients that know it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "allmende/client.h"
#include "allmende/v1/exchange.grpc.pb.h"
#include "grpcpp/server.h"
#include "sdk/client/client_impl.h"
#include "sdk/client/testing/fake_dataset.h"
#include "sdk/rpc/testing/test_city.h"
#include "sdk/rpc/tls.h"

namespace allmende {

class FakeBroker {
 public:
  // Does not listen yet. Borrows both.
  FakeBroker(const rpc::TestCity* city, FakeDataset* dataset);
  ~FakeBroker();

  // Listens on a port that stays the same for the object's life.
  void Start();
  // Cuts every connection and stops listening, as if it was killed.
  void Kill();

  std::string endpoint() const;

 private:
  class Service;

  FakeDataset* const dataset_;
  std::unique_ptr<rpc::ServerTls> tls_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

// A client that is in a hurry: pauses of milliseconds.
std::unique_ptr<Client> ConnectForTest(const rpc::TestCity& city, const std::vector<std::string>& endpoints);

}  // namespace allmende
