// For tests: a broker, a clock, and replicas of its dataset.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "sdk/client/testing/fake_broker.h"
#include "sdk/replica/replica_impl.h"
#include "sdk/testing/test_directory.h"

namespace allmende {

class ReplicaTestBase : public testing::Test {
 protected:
  explicit ReplicaTestBase(v1::DatasetKind kind)
      : clock_(std::make_shared<ManualClock>(absl::FromUnixSeconds(1'719'792'000))), dataset_(kind) {
    dataset_.SetClock(clock_.get());
    broker_.Start();
    client_ = ConnectForTest(city_, {broker_.endpoint()});
  }

  static absl::Time Soon() { return absl::Now() + absl::Seconds(20); }

  std::string Directory() const { return directory_.File("replica"); }

  absl::StatusOr<std::unique_ptr<Replica>> TryOpen(const ReplicaOptions& options) {
    absl::StatusOr<std::unique_ptr<Replica::Impl>> impl = Replica::Impl::Open(Directory(), options, clock_);
    if (!impl.ok()) return impl.status();
    return std::make_unique<Replica>(*std::move(impl));
  }
  std::unique_ptr<Replica> OpenReplica(const ReplicaOptions& options = {.dataset = "wasser/regen"}) {
    absl::StatusOr<std::unique_ptr<Replica>> replica = TryOpen(options);
    EXPECT_TRUE(replica.ok()) << replica.status();
    return replica.ok() ? *std::move(replica) : nullptr;
  }
  std::unique_ptr<Replica> OpenAndSync() {
    std::unique_ptr<Replica> replica = OpenReplica();
    EXPECT_TRUE(replica->StartSync(*client_).ok());
    EXPECT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
    return replica;
  }

  void Put(const std::string& key, const std::string& payload) {
    dataset_.Append({{.event_time_us = 5, .key = key, .payload = payload}});
  }
  void Delete(const std::string& key) { dataset_.Append({{.operation = format::Operation::kDelete, .key = key}}); }

  // Everything that the replica holds: `key=payload` (tables) or `sequence=payload` (streams), or the error.
  static std::vector<std::string> All(Replica& replica, bool table, const ScanOptions& options = {}) {
    auto cursor = table ? replica.Scan(options) : replica.ScanSequences(options);
    if (!cursor.ok()) return {std::string(absl::StatusCodeToString(cursor.status().code()))};
    std::vector<std::string> all;
    while ((*cursor)->Next()) {
      const RecordView& record = (*cursor)->record();
      all.push_back(absl::StrCat(table ? std::string(record.key) : absl::StrCat(record.sequence), "=",
                                 std::string(record.payload)));
    }
    if (!(*cursor)->status().ok()) all.push_back(std::string(absl::StatusCodeToString((*cursor)->status().code())));
    return all;
  }

  const rpc::TestCity city_{"musterstadt"};
  const std::shared_ptr<ManualClock> clock_;
  FakeDataset dataset_;
  FakeBroker broker_{&city_, &dataset_};
  std::unique_ptr<Client> client_;
  TestDirectory directory_;
};

class StreamReplicaTest : public ReplicaTestBase {
 protected:
  StreamReplicaTest() : ReplicaTestBase(v1::STREAM) {}
};

class TableReplicaTest : public ReplicaTestBase {
 protected:
  TableReplicaTest() : ReplicaTestBase(v1::TABLE) {}
};

}  // namespace allmende
