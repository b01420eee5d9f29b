// What the data regime gives one participant of one dataset, compiled: the view that records pass through, and the
// terms.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "allmende/v1/exchange.pb.h"
#include "allmende/v1/types.pb.h"
#include "policy/decide/decide.h"
#include "policy/view/view.h"
#include "sdk/crypto/hash.h"

namespace allmende::broker {

// Immutable; thread-safe. Holds until `valid_until`, or until release, regime, schema or agreement change.
struct Entitled {
  v1::Terms terms;
  std::shared_ptr<const policy::CompiledView> view;
  v1::ViewProgram program;             // what `view` was compiled from
  crypto::Digest view_id{};            // equal ids: equal bytes come out
  crypto::Digest schema_hash{};        // of the schema that `view` was compiled for
  std::optional<policy::Lease> lease;  // absent: no copy may be kept
  v1::DatasetKind kind = v1::DATASET_KIND_UNSPECIFIED;
  uint64_t release = 0;
  uint64_t regime = 0;
  absl::Time valid_until = absl::InfiniteFuture();
};

}  // namespace allmende::broker
