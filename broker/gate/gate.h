// The one place where access to data is decided: every subscription, read and lookup gets its view here. Default deny.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/v1/refusal.pb.h"
#include "broker/control/state.h"
#include "broker/gate/entitled.h"
#include "broker/gate/pseudonym_keys.h"
#include "policy/decide/decide.h"
#include "sdk/base/mutex.h"
#include "sdk/pki/identity.h"

namespace allmende::broker {

// Who wants what. The resource is the dataset of the request itself.
struct GateRequest {
  std::shared_ptr<const pki::Identity> identity;
  std::string dataset;
  std::string purpose;
  std::string agreement;  // empty: the implicit one
  policy::Action action = policy::Action::kSubscribe;
  bool keep_copy = false;
};

struct Allowed {
  std::shared_ptr<const Entitled> entitled;
  // The agreement is the implicit one and is not recorded yet: record it before data leaves.
  bool agreement_is_new = false;
};
using GateAnswer = std::variant<Allowed, v1::Refusal>;

// Which groups each participant belongs to; from the broker's configuration.
using Groups = absl::flat_hash_map<std::string, std::vector<std::string>>;  // participant -> groups

// Thread-safe. Borrows `keys`. Keeps at most `views_max` compiled views.
class Gate {
 public:
  Gate(const PseudonymKeys& keys, Groups groups, size_t views_max = 1024);

  // Decides in `state`, at `now`. No I/O; microseconds, or a millisecond where a view must be compiled.
  //   kNotFound          no such dataset
  //   kPermissionDenied  the caller's roles do not read data at all: separation of duties
  //   kInvalidArgument   the agreement is not one of this caller for this dataset and purpose, or a text of the
  //                      request is none that a policy could name
  //   others             a bug or damage: nothing is delivered
  absl::StatusOr<GateAnswer> Decide(const State& state, const GateRequest& request, absl::Time now);

  // What `participant` would get, with the rules behind it, supposing crises of the kinds in `suppose`. Shows no data.
  struct Explanation {
    GateAnswer answer;
    std::vector<std::string> rules;  // `file:line id`
  };
  absl::StatusOr<Explanation> Explain(const State& state, const GateRequest& request,
                                      const std::vector<std::string>& suppose, absl::Time now);

 private:
  absl::StatusOr<std::shared_ptr<const policy::CompiledView>> ViewFor(const DatasetState& dataset,
                                                                      const v1::ViewProgram& program,
                                                                      const std::string& agreement,
                                                                      const crypto::Digest& view_id);

  const PseudonymKeys& keys_;
  const Groups groups_;
  const size_t views_max_;

  Mutex mutex_;
  // By view id. Emptied when full: that only costs compiling again.
  absl::flat_hash_map<crypto::Digest, std::shared_ptr<const policy::CompiledView>> views_ ABSL_GUARDED_BY(mutex_);
};

// The implicit agreement of a participant, dataset and purpose: the same id on every broker of the city.
std::string ImplicitAgreementId(const std::string& dataset_id, const std::string& participant,
                                const std::string& purpose);

}  // namespace allmende::broker
