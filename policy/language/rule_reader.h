// Reads one rule, and the parts that rules share with limits, ceilings and tests.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/language/delivery_reader.h"
#include "policy/language/reader.h"
#include "policy/model/policy.h"

namespace allmende::policy {

// `alle`, a list of participants, or `{gruppe: …, rolle: …, teilnehmer: …}`.
Audience ReadAudience(Reader& reader, const Node& node, std::string_view what);

// The value of a `rolle` key.
std::vector<Role> ReadRoles(Reader& reader, const Node& node, std::string_view what);

// `{ohne_kontakt: 72 Stunden, höchstens_alt: 15 min}`; `has_crisis` says whether a lease may end with a crisis.
std::optional<ReplicaTerms> ReadReplicaTerms(Reader& reader, const Node& node, std::string_view what, bool has_crisis);

// True if `kopie` forbids copies: `nein` or `keine`.
bool ForbidsCopies(Reader& reader, const Node& node);

// Answers the id and reports one that was used before in the file. `lines` holds the ids seen so far.
std::optional<RuleId> ReadRuleId(Reader& reader, Section& section, Word key, std::map<std::string, int>& lines);

// Whatever is wrong is reported; the rule is then incomplete and must not be used.
Rule ReadRule(Reader& reader, const Node& node, const FieldBook& fields, std::map<std::string, int>& lines);

InlineTest ReadTest(Reader& reader, const Node& node, const FieldBook* fields);

// `tests`, which must be the last section: that is how a half-written file is noticed.
std::vector<InlineTest> ReadTests(Reader& reader, const Node& root, Section& top, const FieldBook* fields);

}  // namespace allmende::policy
