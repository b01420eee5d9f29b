#include "policy/model/refusal.h"

namespace allmende::policy {

std::string_view RefusalCodeName(RefusalCode code) {
  switch (code) {
    case RefusalCode::kNotReleased:
      return "not-released";
    case RefusalCode::kPolicyUnusable:
      return "policy-unusable";
    case RefusalCode::kPolicyNotYetValid:
      return "policy-not-yet-valid";
    case RefusalCode::kPolicyExpired:
      return "policy-expired";
    case RefusalCode::kNoRuleMatches:
      return "no-rule-matches";
    case RefusalCode::kBaselineForbids:
      return "baseline-forbids";
    case RefusalCode::kContractForbids:
      return "contract-forbids";
  }
  return "";
}

std::string_view MissingKindName(MissingKind kind) {
  switch (kind) {
    case MissingKind::kPurpose:
      return "purpose";
    case MissingKind::kParticipant:
      return "participant";
    case MissingKind::kGroup:
      return "group";
    case MissingKind::kRole:
      return "role";
    case MissingKind::kCrisis:
      return "crisis";
    case MissingKind::kAgreement:
      return "agreement";
    case MissingKind::kAction:
      return "action";
    case MissingKind::kCopy:
      return "copy";
    case MissingKind::kTime:
      return "time";
  }
  return "";
}

v1::Refusal ToProto(const Refusal& refusal) {
  v1::Refusal proto;
  proto.set_code(std::string(RefusalCodeName(refusal.code)));
  proto.mutable_arguments()->insert(refusal.arguments.begin(), refusal.arguments.end());
  proto.set_rule(refusal.rule.value());
  proto.set_rule_file(refusal.file);
  proto.set_rule_line(static_cast<uint32_t>(refusal.position.line));
  for (const Missing& missing : refusal.missing) {
    v1::Missing* entry = proto.add_missing();
    entry->set_kind(std::string(MissingKindName(missing.kind)));
    for (const std::string& value : missing.any_of) {
      entry->add_any_of(value);
    }
  }
  return proto;
}

}  // namespace allmende::policy
