// What a view costs: records of 8 fields, of which 2 are dropped, a time is rounded and a place is moved to a grid.
// Beside it the same view by reflection on protobuf messages, which is what a broker would do that parses and writes.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/arena.h"
#include "google/protobuf/text_format.h"
#include "policy/testing/reference_view.h"
#include "policy/testing/test_mac.h"
#include "policy/testing/test_schema.h"
#include "policy/view/view.h"
#include "policy/wire/validator.h"

namespace allmende::policy {
namespace {

constexpr char kSchema[] = R"(message Record {
  google.protobuf.Timestamp time = 1 [$t, $p];
  string gauge = 2 [$k, $p];
  double level = 3 [$p];
  optional double overflow = 4 [$o];
  allmende.v1.Position position = 5 [$l];
  string shaft = 6 [$p];
  string pump = 7 [$p];
  string phone = 8 [$p];
})";

constexpr char kTypical[] =
    "fields { number: 1 round_time { step_us: 900000000 } } fields { number: 2 keep {} } fields { number: 3 keep {} } "
    "fields { number: 4 keep {} } fields { number: 5 grid { metres: 500 } } fields { number: 6 keep {} }";
constexpr char kPseudonym[] =
    "fields { number: 1 round_time { step_us: 900000000 } } fields { number: 2 keep {} } fields { number: 3 keep {} } "
    "fields { number: 4 keep {} } fields { number: 5 grid { metres: 500 } } "
    "fields { number: 6 pseudonym { period: AGREEMENT } }";
constexpr char kDropOnly[] =
    "fields { number: 1 keep {} } fields { number: 2 keep {} } fields { number: 3 keep {} } "
    "fields { number: 4 keep {} } fields { number: 5 keep {} } fields { number: 6 keep {} }";
constexpr char kFiltered[] =
    "fields { number: 2 keep {} } rows { compare { field: 4 operator: GREATER_OR_EQUAL value { number: 0.5 } } }";

const testing::TestSchema& Schema() {
  static const auto& schema = *new testing::TestSchema(testing::ProtoText(kSchema));
  return schema;
}

struct Sample {
  std::string payload;
  std::string key;
  int64_t event_time_us = 0;
};

// A few hundred different records, so that branches are not learnt by heart.
const std::vector<Sample>& Samples() {
  static const auto& samples = *new std::vector<Sample>([] {
    std::vector<Sample> made;
    const RecordValidator validator(Schema().table());
    for (int i = 0; i < 512; ++i) {
      const auto record = Schema().NewRecord();
      const int64_t seconds = 1'751'300'000 + i * 300;
      const std::string text = "time { seconds: " + std::to_string(seconds) + " } gauge: \"gauge-" +
                               std::to_string(i % 40) + "\" level: " + std::to_string(120.25 + i) +
                               " overflow: " + std::to_string(i % 7 * 0.25) +
                               " position { latitude: " + std::to_string(52.4 + i * 0.0003) +
                               " longitude: " + std::to_string(13.1 + i * 0.0007) + " } shaft: \"shaft-" +
                               std::to_string(1000 + i) + "\" pump: \"running\" phone: \"030-123456\"";
      if (!google::protobuf::TextFormat::ParseFromString(text, record.get())) {
        std::abort();
      }
      Sample sample{record->SerializeAsString(), "", 0};
      RecordFacts facts;
      if (validator.Validate(sample.payload, facts).has_value()) {
        std::abort();
      }
      sample.key = std::string(facts.key.bytes());
      sample.event_time_us = *facts.event_time_us;
      made.push_back(std::move(sample));
    }
    return made;
  }());
  return samples;
}

v1::ViewProgram Program(const char* text) {
  v1::ViewProgram program;
  program.set_dataset_id("0123456789abcdef");
  if (!google::protobuf::TextFormat::MergeFromString(text, &program)) {
    std::abort();
  }
  return program;
}

CompiledView View(const v1::ViewProgram& program) {
  auto view = CompiledView::Compile(program, Schema().table(), std::make_shared<testing::TestMac>("key"));
  if (!view.ok()) {
    std::cerr << view.status() << "\n";
    std::abort();
  }
  return *std::move(view);
}

void Report(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations());
  state.counters["record_bytes"] = static_cast<double>(Samples().front().payload.size());
}

void Apply(benchmark::State& state, const char* text) {
  const CompiledView view = View(Program(text));
  ViewOutput output;
  size_t i = 0;
  for (auto _ : state) {
    const Sample& sample = Samples()[i++ & 511];
    const ViewResult result =
        view.Apply({RecordOperation::kUpsert, sample.key, sample.event_time_us, sample.payload}, output);
    if (result == ViewResult::kError) {
      state.SkipWithError("the view cannot be applied to a sample");
      break;
    }
    benchmark::DoNotOptimize(output.payload.data());
  }
  Report(state);
}
BENCHMARK_CAPTURE(Apply, 2_dropped_1_time_1_place, kTypical);
BENCHMARK_CAPTURE(Apply, 2_dropped, kDropOnly);
BENCHMARK_CAPTURE(Apply, row_filter, kFiltered);

// With the tests' plain HMAC, which is slower than the one that brokers use: this shows that it works, not how fast it
// is.
void ApplyWithPlainHmac(benchmark::State& state) {
  Apply(state, kPseudonym);
}
BENCHMARK(ApplyWithPlainHmac);

void Reflection(benchmark::State& state) {
  const v1::ViewProgram program = Program(kTypical);
  const testing::TestMac mac("key");
  const testing::ReferenceView view(program, Schema().table(), mac);
  std::string out;
  size_t i = 0;
  for (auto _ : state) {
    const Sample& sample = Samples()[i++ & 511];
    const auto record = Schema().NewRecord();
    record->ParseFromString(sample.payload);
    const auto result = view.Apply(*record, sample.key, sample.event_time_us);
    result->message->SerializeToString(&out);
    benchmark::DoNotOptimize(out.data());
  }
  Report(state);
}
BENCHMARK(Reflection);

void Validate(benchmark::State& state) {
  const RecordValidator validator(Schema().table());
  RecordFacts facts;
  size_t i = 0;
  for (auto _ : state) {
    const bool refused = validator.Validate(Samples()[i++ & 511].payload, facts).has_value();
    benchmark::DoNotOptimize(refused);
  }
  Report(state);
}
BENCHMARK(Validate);

}  // namespace
}  // namespace allmende::policy
