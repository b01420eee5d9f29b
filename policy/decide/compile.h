// A dataset's policy, compiled against its schema and bounded by the city baseline: what `Decide` works on.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "policy/model/baseline.h"
#include "policy/model/policy.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

struct CompiledRules;  // compiled_rules.h

// Immutable, thread-safe, cheap to copy. Stands alone: borrows neither policy nor schema.
class CompiledPolicy {
 public:
  explicit CompiledPolicy(std::shared_ptr<const CompiledRules> rules) : rules_(std::move(rules)) {}

  const DatasetId& dataset() const;
  const std::string& file() const;
  const CompiledRules& rules() const { return *rules_; }

 private:
  std::shared_ptr<const CompiledRules> rules_;
};

// Compiles `policy`. A null `baseline` bounds nothing, which is for tests and tools: a broker always has one.
//   kInvalidArgument  the policy does not fit the schema; the message names the first place and the reason
absl::StatusOr<CompiledPolicy> Compile(const Policy& policy, const Baseline* baseline, const SchemaTable& schema);

// Why a released policy cannot be applied.
struct PolicyProblem {
  std::string reason;     // one sentence in English, places in the file included
  std::string file;       // empty where the policy's file is not to blame
  FilePosition position;  // of the first place in it
};

// The policies in force, one a dataset. Not thread-safe while it is changed; copies share the compiled policies, so a
// new set can be made and swapped in while the old one is read.
class PolicySet {
 public:
  // Replaces the policy of the same dataset.
  void Put(CompiledPolicy policy);
  void Remove(const DatasetId& dataset) { policies_.erase(dataset); }
  // In place of the dataset's policy: nothing is allowed, and refusals say why.
  void PutProblem(const DatasetId& dataset, PolicyProblem problem) {
    policies_.erase(dataset);
    problems_.insert_or_assign(dataset, std::move(problem));
  }
  // Null if there is none.
  const CompiledPolicy* Find(const DatasetId& dataset) const;
  // Null if there is none. One that was put before the policy in force no longer counts.
  const PolicyProblem* FindProblem(const DatasetId& dataset) const {
    const auto found = problems_.find(dataset);
    return found == problems_.end() || policies_.contains(dataset) ? nullptr : &found->second;
  }

 private:
  absl::flat_hash_map<DatasetId, CompiledPolicy> policies_;
  absl::flat_hash_map<DatasetId, PolicyProblem> problems_;
};

}  // namespace allmende::policy
