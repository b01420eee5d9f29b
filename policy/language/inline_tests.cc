#include "policy/language/inline_tests.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "policy/decide/decide.h"
#include "policy/decide/delivered.h"
#include "policy/language/bounds_probe.h"
#include "policy/language/report.h"
#include "policy/language/treatment_text.h"
#include "policy/language/vocabulary.h"
#include "policy/model/render.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

Request RequestFor(const InlineTest& test, const DatasetId& dataset, absl::Time default_now) {
  Request request;
  request.caller = test.caller;
  request.dataset = dataset;
  request.action = test.action;
  request.keep_copy = test.keep_copy;
  request.purpose = test.purpose.value_or(Purpose());
  request.now = test.at.value_or(default_now);
  for (const CrisisKind& kind : test.during) {
    request.regime.crises.push_back({kind, {}, request.now, request.now + absl::Hours(24)});
  }
  return request;
}

// What came out of a decision, in a test's words: treatments by name of field or class.
using Outcome = std::map<std::string, Treatment>;

class TestRunner {
 public:
  TestRunner(std::string file, std::string_view text, Language language)
      : report_(text, std::move(file)), language_(language) {}

  // `expand` makes names out of what a test lists.
  template <typename Expand>
  void Judge(const InlineTest& test, const Decision& decision, const Outcome& outcome, Expand expand) {
    position_ = test.position;
    test_failed_ = false;
    JudgeVerdict(test, decision);
    if (test.gets || !test.also_gets.empty()) {
      JudgeFields(test, decision, outcome, expand);
    }
    for (const Delivery& delivery : test.never) {
      for (const std::string& name : expand(delivery)) {
        if (outcome.contains(name)) {
          Fail(DiagnosticCode::kTestFieldForbidden, {name});
        }
      }
    }
    (test_failed_ ? result_.failed : result_.passed) += 1;
  }

  void FailAll(const std::vector<InlineTest>& tests, const std::string& why) {
    for (const InlineTest& test : tests) {
      position_ = test.position;
      Fail(DiagnosticCode::kTestRefused, {why});
      ++result_.failed;
    }
  }

  TestReport Take() {
    result_.diagnostics = report_.Take();
    return std::move(result_);
  }

 private:
  void Fail(DiagnosticCode code, std::vector<std::string> arguments) {
    report_.Add(code, position_, 1, std::move(arguments));
    test_failed_ = true;
  }

  void FailRefused(const Decision& decision) {
    Fail(DiagnosticCode::kTestRefused, {RenderRefusal(ToProto(decision.refusal()), language_)});
  }

  void JudgeVerdict(const InlineTest& test, const Decision& decision) {
    if (test.allowed == true && !decision.allowed()) {
      FailRefused(decision);
    }
    if (test.allowed == false && decision.allowed()) {
      std::string rules;
      for (const RuleRef& rule : decision.entitlement().rules) {
        Append(rules, rules.empty() ? "`" : ", `", rule.id.value(), "`");
      }
      Fail(DiagnosticCode::kTestAllowed, {rules});
    }
  }

  template <typename Expand>
  void JudgeFields(const InlineTest& test, const Decision& decision, const Outcome& outcome, Expand expand) {
    std::set<std::string> expected;
    const auto expect = [&](const std::vector<Delivery>& deliveries) {
      for (const Delivery& delivery : deliveries) {
        for (const std::string& name : expand(delivery)) {
          expected.insert(name);
          JudgeField(name, delivery.treatment, outcome);
        }
      }
    };
    const size_t wanted = test.gets.value_or(std::vector<Delivery>()).size() + test.also_gets.size();
    if (!decision.allowed() && wanted > 0) {
      FailRefused(decision);
      return;
    }
    expect(test.also_gets);
    if (!test.gets) {
      return;
    }
    expect(*test.gets);
    for (const auto& [name, treatment] : outcome) {
      if (!expected.contains(name)) {
        Fail(DiagnosticCode::kTestFieldExtra, {name});
      }
    }
  }

  // A test that names no treatment asks only whether the field comes.
  void JudgeField(const std::string& name, const Treatment& treatment, const Outcome& outcome) {
    const auto found = outcome.find(name);
    if (found == outcome.end()) {
      Fail(DiagnosticCode::kTestFieldMissing, {name});
    } else if (!std::holds_alternative<Keep>(treatment) && found->second != treatment) {
      Fail(DiagnosticCode::kTestTreatmentDiffers,
           {name, TreatmentText(found->second, language_), TreatmentText(treatment, language_)});
    }
  }

  Report report_;
  const Language language_;
  FilePosition position_;
  bool test_failed_ = false;
  TestReport result_;
};

std::vector<std::string> FieldsNamed(const Policy& policy, const Delivery& delivery) {
  if (const auto* const path = std::get_if<std::string>(&delivery.what)) {
    return {*path};
  }
  std::vector<std::string> names;
  for (const ClassifiedField& field : policy.fields) {
    if (field.field_class == std::get<v1::FieldClass>(delivery.what)) {
      names.push_back(field.field);
    }
  }
  return names;
}

}  // namespace

TestReport RunInlineTests(const Policy& policy, const Baseline* baseline, const SchemaTable& schema,
                          std::string_view text) {
  TestRunner runner(policy.file, text, policy.language);
  absl::StatusOr<CompiledPolicy> compiled = Compile(policy, baseline, schema);
  if (!compiled.ok()) {
    runner.FailAll(policy.tests, std::string(compiled.status().message()));
    return runner.Take();
  }
  PolicySet policies;
  policies.Put(*std::move(compiled));
  const absl::Time now =
      baseline == nullptr ? policy.validity.from : std::max(policy.validity.from, baseline->validity.from);
  for (const InlineTest& test : policy.tests) {
    const Decision decision = Decide(policies, RequestFor(test, policy.dataset, now));
    const Outcome outcome = decision.allowed() ? DeliveredFields(decision.entitlement().view, schema) : Outcome();
    runner.Judge(test, decision, outcome, [&](const Delivery& delivery) { return FieldsNamed(policy, delivery); });
  }
  return runner.Take();
}

TestReport RunInlineTests(const Baseline& baseline, std::string_view text) {
  TestRunner runner(baseline.file, text, baseline.language);
  for (const InlineTest& test : baseline.tests) {
    const BoundsProbe probe(baseline, test.during);
    const Decision decision = Decide(probe.policies(), RequestFor(test, probe.dataset(), baseline.validity.from));
    Outcome outcome;
    for (const v1::FieldClass field_class : probe.DeliveredClasses(decision)) {
      outcome[std::string(Spelling(WordFor(field_class), baseline.language))] = Keep{};
    }
    runner.Judge(test, decision, outcome, [&](const Delivery& delivery) {
      const Word word = WordFor(std::get<v1::FieldClass>(delivery.what));
      return std::vector<std::string>{std::string(Spelling(word, baseline.language))};
    });
  }
  return runner.Take();
}

}  // namespace allmende::policy
