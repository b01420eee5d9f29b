// Why the data regime does not allow something: a result, not an error, and never prose. `policy/model/render.h` puts
// it into words; the wire form is `allmende.v1.Refusal`.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "allmende/v1/refusal.pb.h"
#include "policy/model/ids.h"

namespace allmende::policy {

// Where something stands in a policy file. Lines and columns count from 1, columns in characters; 0: unknown.
struct FilePosition {
  int line = 0;
  int column = 0;

  friend auto operator<=>(const FilePosition&, const FilePosition&) = default;
};

enum class RefusalCode {
  kNotReleased,        // no policy is in force for the dataset
  kPolicyUnusable,     // the policy, or the city baseline, cannot be applied: `problem` says why
  kPolicyNotYetValid,  // the file's validity has not begun
  kPolicyExpired,      // the file's validity is over
  kNoRuleMatches,      // nothing permits it; the rule named came closest
  kBaselineForbids,    // rules permit it, but the city baseline leaves nothing; the limit named forbids
  kContractForbids,    // rules permit it, but the agreement leaves nothing
};

// `not-released`, `policy-not-yet-valid`, ...: stable, as on the wire.
std::string_view RefusalCodeName(RefusalCode code);

// What a rule asks for and the request does not have.
enum class MissingKind { kPurpose, kParticipant, kGroup, kRole, kCrisis, kAgreement, kAction, kCopy, kTime };

// `purpose`, `participant`, ...: stable, as on the wire.
std::string_view MissingKindName(MissingKind kind);

struct Missing {
  MissingKind kind = MissingKind::kPurpose;
  std::vector<std::string> any_of;  // one of these would do

  friend bool operator==(const Missing&, const Missing&) = default;
};

struct Refusal {
  RefusalCode code = RefusalCode::kNoRuleMatches;
  // What the sentence needs: `dataset`, `participant`, `purpose`, `action`, `time`, `problem`; absent where the request
  // had none.
  std::map<std::string, std::string> arguments;
  RuleId rule;       // the rule that came closest, or the limit that forbids; may be empty
  std::string file;  // empty only with kNotReleased and kPolicyUnusable
  FilePosition position;
  std::vector<Missing> missing;  // all of these together would have allowed it; as short as possible
};

v1::Refusal ToProto(const Refusal& refusal);

}  // namespace allmende::policy
