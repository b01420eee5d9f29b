// What a decision costs: 10 rules and a city baseline of 3 limits and 2 crisis ceilings, asked by 64 different callers
// in turn, half of whom are refused.
#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

#include "policy/decide/decide.h"
#include "policy/decide/decision_table.h"
#include "policy/decide/testing/sewer.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

constexpr char kBaseline[] = R"(language: en
baseline: berlin
publisher: senate
valid: {from: 2026-01-01, ends: 2029-12-31}
limits:
  - limit: never
    for: everyone
    never: [personal, critical]
  - limit: operators
    for: {role: operator}
    at_most: [public, operational, location: {grid: 1 km}]
  - limit: copies
    for: everyone
    replica: {without_contact: 7 days}
crisis_ceilings:
  - ceiling: rescue
    during: crisis(rain)
    for: [thw, fire-brigade]
    at_most: [public, operational, location, critical]
    replica: {without_contact: until crisis end + 12 hours}
  - ceiling: supply
    during: crisis(rain)
    for: {group: logistics}
    at_most: [public, operational]
tests:
  - {who: nobody, never: [personal]}
)";

// `#` stands for the rule's number.
constexpr const char* kRules[] = {
    R"(  - rule: group-#
    for: {group: group-#}
    purpose: [traffic, planning]
    deliver: [public, position: {grid: 500 m}]
    replica: {without_contact: 72 hours}
)",
    R"(  - rule: agency-#
    for: {role: agency}
    purpose: purpose-#
    deliver: [public, operational]
)",
    R"(  - rule: named-#
    for: [participant-#, thw]
    purpose: any
    deliver: [gauge, level]
    rows: {level: {at_least: 5}}
)",
    R"(  - rule: crisis-#
    during: crisis(rain)
    for: [thw, fire-brigade]
    purpose: rescue
    deliver: [public, critical]
    replica: {without_contact: until crisis end}
)",
    R"(  - rule: research-#
    for: {group: research}
    purpose: research
    deliver: [time: {round: 1 hour}, overflow: {buckets: ["below 1", "above 1"]}]
    actions: [subscribe, lookup]
)"};

std::string Rules(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += ReplaceAll(kRules[i % 5], "#", std::to_string(i));
  }
  return text;
}

const PolicySet& Set(int rules) {
  static auto& sets = *new std::map<int, PolicySet>;
  if (sets.count(rules) == 0) {
    sets.emplace(rules, testing::Policies(testing::SewerPolicy(Rules(rules)), kBaseline));
  }
  return sets.at(rules);
}

std::vector<Request> Requests() {
  std::vector<Request> requests;
  requests.reserve(64);
  for (int i = 0; i < 64; ++i) {
    const char* const purposes[] = {"traffic", "planning", "rescue", "research", "purpose-1"};
    const std::string names[] = {"participant-" + std::to_string(i % 12), "thw", "navi"};
    Request request = testing::Asking(names[i % 3], purposes[i % 5]);
    request.caller.groups = {GroupId(i % 4 == 0 ? "research" : "group-" + std::to_string(i % 10))};
    request.caller.roles = {i % 2 == 0 ? Role::kOperator : Role::kAgency};
    request.action = i % 7 == 0 ? Action::kLookup : Action::kSubscribe;
    request.regime.crises = {{CrisisKind("rain"), {}, request.now, request.now + absl::Hours(48)}};
    requests.push_back(std::move(request));
  }
  return requests;
}

void CountDenied(benchmark::State& state, const PolicySet& policies, const std::vector<Request>& requests) {
  double denied = 0;
  for (const Request& request : requests) {
    denied += Decide(policies, request).allowed() ? 0 : 1;
  }
  state.counters["denied"] = denied / static_cast<double>(requests.size());
}

// From names that were looked up before.
void Interned(benchmark::State& state) {
  const PolicySet& policies = Set(static_cast<int>(state.range(0)));
  const std::vector<Request> requests = Requests();
  DecisionTable table(*policies.Find(DatasetId("wasser/pegel")), requests.front().regime);
  std::vector<InternedRequest> interned;
  interned.reserve(requests.size());
  for (const Request& request : requests) {
    interned.push_back(table.Intern(request.caller, request.purpose, request.action, request.keep_copy));
  }
  const absl::Time now = requests.front().now;
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.Find(interned[i++ & 63], now));
  }
  CountDenied(state, policies, requests);
}
BENCHMARK(Interned)->Arg(10)->Arg(100)->Arg(1'000)->Repetitions(5)->ReportAggregatesOnly(true);

// From names.
void FromNames(benchmark::State& state) {
  const PolicySet& policies = Set(static_cast<int>(state.range(0)));
  const std::vector<Request> requests = Requests();
  DecisionTable table(*policies.Find(DatasetId("wasser/pegel")), requests.front().regime);
  size_t i = 0;
  for (auto _ : state) {
    const Request& request = requests[i++ & 63];
    benchmark::DoNotOptimize(
        table.Find(table.Intern(request.caller, request.purpose, request.action, request.keep_copy), request.now));
  }
}
BENCHMARK(FromNames)->Arg(10)->Repetitions(5)->ReportAggregatesOnly(true);

// Computed anew, with the view program or the whole refusal: what a table does once for each combination of rules.
void Anew(benchmark::State& state) {
  const PolicySet& policies = Set(static_cast<int>(state.range(0)));
  const std::vector<Request> requests = Requests();
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(Decide(policies, requests[i++ & 63]));
  }
}
BENCHMARK(Anew)->Arg(10)->Unit(benchmark::kMicrosecond)->Repetitions(5)->ReportAggregatesOnly(true);

}  // namespace
}  // namespace allmende::policy
