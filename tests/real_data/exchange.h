// A running exchange for the tests of this folder: a broker on real sockets, an agency that publishes and an operator
// that subscribes and keeps replicas, all through the SDK's public headers. Tests are skipped where the data are
// missing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "allmende/client.h"
#include "allmende/record.h"
#include "allmende/replica.h"
#include "broker/testing/test_broker.h"
#include "gtest/gtest.h"
#include "sdk/tabular/encoder/imported_record.h"
#include "sdk/testing/test_directory.h"
#include "tests/real_data/source.h"

namespace allmende::real_data {

class ExchangeTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // As the agency `amt`, with the schema of `source`.
  void Create(const std::string& dataset, const Source& source, v1::DatasetKind kind);
  // As the officer. `policy`: a whole file.
  void Release(const std::string& dataset, const std::string& policy);
  // A policy that gives all fields of `schema` as they are to `navi`, and copies.
  static std::string EverythingFor(const std::string& dataset, const tabular::TestSchema& schema);
  // One of examples/policies, for `dataset` and published by `amt`.
  static std::string ExamplePolicy(const std::string& file, const std::string& dataset);

  // Through an outbox; returns when the broker has stored everything.
  void Publish(const std::string& dataset, const std::vector<tabular::ImportedRecord>& records);

  // Everything stored, as `participant` sees it.
  std::vector<StoredRecord> Subscribe(const std::string& dataset, const std::string& participant, v1::Terms* terms);

  // The replica of `navi`, brought up to date, then read without the broker.
  std::vector<StoredRecord> Replicate(const std::string& dataset, v1::DatasetKind kind);

  std::unique_ptr<Client> Connect(const std::string& participant);

  broker::TestBroker broker_;
  const TestDirectory folder_;
  std::unique_ptr<Client> agency_;
  std::unique_ptr<Client> operator_;
};

}  // namespace allmende::real_data
