// What a batch of 256 records of 256 bytes costs to make and to check, on one core.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "sdk/format/batch.h"
#include "sdk/format/batch_builder.h"

namespace allmende::format {
namespace {

constexpr int kRecords = 256;
constexpr size_t kRecordBytes = 256;
constexpr size_t kKeyBytes = 16;

RecordContent ExampleRecord(const std::string& payload) {
  static const std::string key(kKeyBytes, 'k');
  return {.event_time_us = 1'700'000'000'000'000, .key = key, .payload = payload};
}

BatchPlace ExamplePlace() {
  static const DatasetId dataset = DatasetId::Random();
  return {.dataset = dataset, .epoch = 1, .first_sequence = 1, .created_us = 1'700'000'000'000'000};
}

std::string MakeBatch(BatchBuilder& builder, const crypto::Ed25519PrivateKey* signer) {
  static const std::string payload(kRecordBytes - kRecordHeaderBytes - sizeof(crypto::Salt) - kKeyBytes, 'p');
  for (int i = 0; i < kRecords; ++i) {
    if (!builder.Add(ExampleRecord(payload)).ok()) {
      std::abort();
    }
  }
  return *Seal(*builder.Finish(), ExamplePlace(), signer);
}

void CountRecords(benchmark::State& state) {
  state.counters["records/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kRecords, benchmark::Counter::kIsRate);
}

void BM_Encode(benchmark::State& state) {
  crypto::SaltPool salts;
  BatchBuilder builder(salts);
  for (auto _ : state) {
    benchmark::DoNotOptimize(MakeBatch(builder, nullptr));
  }
  CountRecords(state);
}
BENCHMARK(BM_Encode)->Unit(benchmark::kMicrosecond);

void BM_EncodeAndSign(benchmark::State& state) {
  crypto::SaltPool salts;
  BatchBuilder builder(salts);
  const crypto::Ed25519PrivateKey key = crypto::Ed25519PrivateKey::Generate();
  for (auto _ : state) {
    benchmark::DoNotOptimize(MakeBatch(builder, &key));
  }
  CountRecords(state);
}
BENCHMARK(BM_EncodeAndSign)->Unit(benchmark::kMicrosecond);

// Lengths, numbers and flags alone, as a reader does who trusts the bytes.
void BM_Parse(benchmark::State& state) {
  crypto::SaltPool salts;
  BatchBuilder builder(salts);
  const std::string batch = MakeBatch(builder, nullptr);
  for (auto _ : state) {
    benchmark::DoNotOptimize(BatchView::Parse(batch)->statement());
  }
  CountRecords(state);
}
BENCHMARK(BM_Parse)->Unit(benchmark::kMicrosecond);

// What a broker does with every batch that comes in.
void BM_Verify(benchmark::State& state) {
  crypto::SaltPool salts;
  BatchBuilder builder(salts);
  const std::string batch = MakeBatch(builder, nullptr);
  for (auto _ : state) {
    if (!BatchView::Parse(batch)->CheckRoot().ok()) {
      std::abort();
    }
  }
  CountRecords(state);
}
BENCHMARK(BM_Verify)->Unit(benchmark::kMicrosecond);

void BM_VerifyWithSignature(benchmark::State& state) {
  crypto::SaltPool salts;
  BatchBuilder builder(salts);
  const crypto::Ed25519PrivateKey key = crypto::Ed25519PrivateKey::Generate();
  const std::string batch = MakeBatch(builder, &key);
  for (auto _ : state) {
    const BatchView view = *BatchView::Parse(batch);
    if (!view.CheckRoot().ok() || !view.CheckSignature(key.public_key()).ok()) {
      std::abort();
    }
  }
  CountRecords(state);
}
BENCHMARK(BM_VerifyWithSignature)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace allmende::format
