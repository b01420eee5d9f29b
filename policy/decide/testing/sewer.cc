#include "policy/decide/testing/sewer.h"

#include <cstdlib>
#include <iostream>

#include "policy/decide/delivered.h"
#include "policy/language/parse.h"
#include "policy/language/testing/fixtures.h"
#include "policy/language/treatment_text.h"
#include "policy/model/berlin_time.h"
#include "policy/model/render.h"
#include "policy/text/strings.h"

namespace allmende::policy::testing {
namespace {

constexpr char kProto[] = R"(
syntax = "proto3";
import "allmende/v1/options.proto";
import "google/protobuf/timestamp.proto";
enum State { UNKNOWN = 0; PUMPING = 1; IDLE = 2; }
message Inner { string pump = 1 [(allmende.v1.class) = OPERATIONAL]; }
message Record {
  string gauge = 1 [(allmende.v1.key) = true, (allmende.v1.class) = PUBLIC];
  google.protobuf.Timestamp time = 2 [(allmende.v1.event_time) = true, (allmende.v1.class) = PUBLIC];
  double level = 3 [(allmende.v1.class) = PUBLIC];
  optional double overflow = 4 [(allmende.v1.class) = OPERATIONAL];
  allmende.v1.Position position = 5 [(allmende.v1.class) = LOCATION];
  State state = 6 [(allmende.v1.class) = IDENTIFIER];
  string shaft = 7 [(allmende.v1.class) = CRITICAL];
  string phone = 8 [(allmende.v1.class) = PERSONAL];
  Inner inner = 9 [(allmende.v1.class) = OPERATIONAL];
  string note = 10 [(allmende.v1.class) = PUBLIC];
})";

}  // namespace

const SchemaTable& SewerSchema() {
  static const auto& schema = *new SchemaTable(SchemaFromProto(kProto, "Record"));
  return schema;
}

std::string SewerPolicy(std::string_view rules) {
  return Cat(R"(language: en
dataset: wasser/pegel
publisher: bwb
legal_basis: {norm: "BWG", controller: bwb}
valid: {from: 2026-01-01, ends: 2028-12-31}
fields:
  public: [gauge, time, level]
  operational: [overflow, inner.pump]
  location: [position]
  identifier: [state]
  critical: [shaft]
  personal: [phone]
rules:
)",
             rules, "\ntests:\n  - {who: nobody, never: [phone]}\n");
}

PolicySet Policies(std::string_view policy_text, std::string_view baseline_text) {
  const Policy policy = MustParse(policy_text, "pegel.policy.yaml");
  std::optional<Baseline> baseline;
  if (!baseline_text.empty()) {
    baseline = MustParseBaseline(baseline_text, "stadt.baseline.yaml");
  }
  absl::StatusOr<CompiledPolicy> compiled = Compile(policy, baseline ? &*baseline : nullptr, SewerSchema());
  if (!compiled.ok()) {
    std::cerr << compiled.status() << "\n";
    std::abort();
  }
  PolicySet policies;
  policies.Put(*std::move(compiled));
  return policies;
}

Request Asking(std::string_view participant, std::string_view purpose) {
  Request request;
  request.caller.participant = ParticipantId(participant);
  request.dataset = DatasetId("wasser/pegel");
  request.purpose = Purpose(purpose);
  request.now = BerlinMidnight(absl::CivilDay(2027, 7, 1));
  return request;
}

std::string Outcome(const Decision& decision) {
  if (!decision.allowed()) {
    return RenderRefusal(ToProto(decision.refusal()), Language::kEnglish);
  }
  std::vector<std::string> fields;
  const std::vector<const FieldInfo*>& all = SewerSchema().all_fields();
  const auto delivered = DeliveredFields(decision.entitlement().view, SewerSchema());
  for (const FieldInfo* field : all) {
    const auto found = delivered.find(field->path);
    if (found != delivered.end()) {
      const bool kept = std::holds_alternative<Keep>(found->second);
      fields.push_back(kept ? field->path : Cat(field->path, " ", TreatmentText(found->second, Language::kEnglish)));
    }
  }
  return Join(fields, ", ");
}

}  // namespace allmende::policy::testing
