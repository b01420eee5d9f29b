#include "policy/language/testing/fixtures.h"

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "google/protobuf/descriptor.pb.h"
#include "policy/language/parse.h"
#include "policy/model/berlin_time.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

// A fixture that is broken says so and ends the test program: nothing after it would mean anything.
[[noreturn]] void Broken(const std::string& why) {
  std::cerr << "broken fixture: " << why << "\n";
  std::abort();
}

class ErrorPrinter : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    Append(text, line + 1, ":", column + 1, ": ", message, "\n");
  }
  std::string text;
};

google::protobuf::FileDescriptorProto ParseProto(std::string_view text) {
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  ErrorPrinter errors;
  google::protobuf::io::Tokenizer tokenizer(&stream, &errors);
  google::protobuf::compiler::Parser parser;
  parser.RecordErrorsTo(&errors);
  google::protobuf::FileDescriptorProto file;
  if (!parser.Parse(&tokenizer, &file)) {
    Broken(errors.text);
  }
  return file;
}

}  // namespace

SchemaTable SchemaFromProto(std::string_view proto_text, std::string_view message_name) {
  // Custom options are interpreted by building the file; copying it back gives them as extensions.
  google::protobuf::FileDescriptorProto file = ParseProto(proto_text);
  file.set_name("schema.proto");
  const google::protobuf::FileDescriptor* const options = google::protobuf::GetEnumDescriptor<v1::FieldClass>()->file();
  const google::protobuf::FileDescriptor* const timestamp = google::protobuf::Timestamp::descriptor()->file();
  google::protobuf::DescriptorPool pool(google::protobuf::DescriptorPool::generated_pool());
  const google::protobuf::FileDescriptor* const built = pool.BuildFile(file);
  if (built == nullptr) {
    Broken("the schema does not build");
  }
  google::protobuf::FileDescriptorSet files;
  google::protobuf::FileDescriptorProto::descriptor()->file()->CopyTo(files.add_file());
  timestamp->CopyTo(files.add_file());
  options->CopyTo(files.add_file());
  built->CopyTo(files.add_file());
  absl::StatusOr<SchemaTable> table = SchemaTable::Compile(files.SerializeAsString(), message_name);
  if (!table.ok()) {
    Broken(table.status().ToString());
  }
  return *std::move(table);
}

SchemaTable SchemaFromFields(std::string_view fields) {
  return SchemaFromProto(Cat("syntax = \"proto3\"; import \"allmende/v1/options.proto\"; "
                             "import \"google/protobuf/timestamp.proto\"; message Record {",
                             fields, "}"),
                         "Record");
}

std::string ReadSourceFile(std::string_view path_in_repository) {
  const std::string path = Cat(ALLMENDE_SOURCE_DIR, "/", path_in_repository);
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    Broken(Cat("cannot read ", path));
  }
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::string ExamplePolicy::Text() const {
  return ReadSourceFile(Cat("examples/policies/", file));
}

SchemaTable ExamplePolicy::Schema() const {
  return SchemaFromProto(ReadSourceFile(Cat("examples/schemas/", schema)), message);
}

std::vector<ExamplePolicy> ExamplePolicies() {
  return {
      {"bathing_measurements.policy.yaml", "bathing_water.proto", "berlin.BathingMeasurement"},
      {"bathing_predictions.policy.yaml", "bathing_water.proto", "berlin.BathingPrediction"},
      {"bathing_sites.policy.yaml", "bathing_water.proto", "berlin.BathingSite"},
      {"evaporation.policy.yaml", "water_flows.proto", "berlin.Evaporation"},
      {"overtaking.policy.yaml", "overtaking.proto", "berlin.Overtaking"},
      {"rain.policy.yaml", "rain.proto", "berlin.Rain"},
      {"river_flow.policy.yaml", "water_flows.proto", "berlin.RiverFlow"},
      {"sewage_works.policy.yaml", "water_flows.proto", "berlin.SewageWorksFlow"},
      {"sewer_levels.policy.yaml", "sewer_levels.proto", "berlin.SewerLevel"},
      {"sewer_overflow.policy.yaml", "sewer_overflow.proto", "berlin.SewerOverflow"},
      {"stations.policy.yaml", "stations.proto", "berlin.Station"},
      {"traffic_cross_sections.policy.yaml", "traffic_detectors.proto", "berlin.CrossSectionHour"},
      {"traffic_detectors.policy.yaml", "traffic_detectors.proto", "berlin.Detector"},
      {"traffic_lanes.policy.yaml", "traffic_detectors.proto", "berlin.LaneHour"},
      {"tree_watering.policy.yaml", "tree_watering.proto", "berlin.TreeWatering"},
      {"well_galleries.policy.yaml", "water_flows.proto", "berlin.WellGalleryFlow"},
  };
}

std::string ExampleBaselineText() {
  return ReadSourceFile(Cat("examples/policies/", kExampleBaselineFile));
}

Policy MustParse(std::string_view text, std::string file_name) {
  ParseResult result = ParsePolicy(text, std::move(file_name));
  for (const Diagnostic& diagnostic : result.diagnostics) {
    std::cerr << RenderDiagnostic(diagnostic, Language::kEnglish) << "\n";
  }
  if (!result.policy) {
    Broken("the policy does not parse");
  }
  return *std::move(result.policy);
}

Baseline MustParseBaseline(std::string_view text, std::string file_name) {
  BaselineParseResult result = ParseBaseline(text, std::move(file_name));
  for (const Diagnostic& diagnostic : result.diagnostics) {
    std::cerr << RenderDiagnostic(diagnostic, Language::kEnglish) << "\n";
  }
  if (!result.baseline) {
    Broken("the baseline does not parse");
  }
  return *std::move(result.baseline);
}

absl::Time NewYear2027() {
  return BerlinMidnight(absl::CivilDay(2027, 1, 1)) + absl::Hours(12);
}

}  // namespace allmende::policy
