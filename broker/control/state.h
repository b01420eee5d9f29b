// What the control log adds up to: the catalogue, the policy book, the regime, writers and agreements, at one position
// of the log. Immutable once published; a reader holds one State and sees one consistent moment.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "allmende/v1/types.pb.h"
#include "policy/decide/compile.h"
#include "policy/model/baseline.h"
#include "policy/schema/schema_table.h"

namespace allmende::broker {

// One numbered, immutable version of a policy file.
struct Release {
  uint64_t number = 0;
  std::string file_name;
  std::string text;
  v1::Actor released_by;
  absl::Time released_at;
};

struct Schema {
  uint32_t version = 0;
  std::string descriptor_set;  // serialized google.protobuf.FileDescriptorSet
  std::string message_name;
  std::string hash;  // SHA-256 of the canonical descriptor set
  std::shared_ptr<const policy::SchemaTable> table;
};

// The one writer of a dataset. Epoch 0: nobody has written yet.
struct Writer {
  uint64_t epoch = 0;
  std::string writer_id;
  std::string participant;
};

struct DatasetState {
  std::string name;
  std::string id;    // 16 bytes, global
  uint32_t log = 0;  // number of the dataset's log in this broker's storage
  std::string title;
  std::string description;
  v1::DatasetKind kind = v1::DATASET_KIND_UNSPECIFIED;
  std::string provider;
  v1::BadRecords bad_records = v1::REFUSE_BATCH;
  v1::Retention retention;
  absl::Time created_at;
  std::shared_ptr<const Schema> schema;
  Writer writer;

  std::vector<std::shared_ptr<const Release>> releases;  // oldest first
  // The last release stands in State::policies, or why it cannot.
  bool policy_compiled = false;

  uint64_t release() const { return releases.empty() ? 0 : releases.back()->number; }
};

struct Agreement {
  std::string id;
  std::string dataset;
  std::string participant;
  std::string purpose;
  uint64_t release = 0;  // the one in force when it was accepted
};

struct State {
  uint64_t version = 0;   // sequence of the last fact
  std::string head_hash;  // of that fact
  // Ordered by name, so that lists have pages.
  std::map<std::string, std::shared_ptr<const DatasetState>, std::less<>> datasets;
  std::vector<std::shared_ptr<const Release>> baselines;  // oldest first
  // The city baseline in force. Null: there is none that can be used, so no policy is; `baseline_problem` says why.
  std::shared_ptr<const policy::Baseline> baseline;
  absl::Status baseline_problem;
  policy::PolicySet policies;  // in force under the baseline in force; those that cannot be, with their problem
  v1::Regime regime;
  absl::flat_hash_map<std::string, std::shared_ptr<const Agreement>> agreements;
  uint32_t next_log = 0;

  // Null where there is none.
  const DatasetState* Find(std::string_view name) const;
  // The regime at `now`: a declared crisis ends by itself.
  v1::Regime RegimeAt(absl::Time now) const;
};

}  // namespace allmende::broker
