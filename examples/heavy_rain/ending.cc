#include "examples/heavy_rain/ending.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "examples/heavy_rain/picture.h"
#include "examples/heavy_rain/proof/proof.h"

namespace heavy_rain {
namespace {

constexpr absl::Duration kCrisisFollowsWithin = absl::Seconds(1);

std::string WhoReads(const std::string& participant) {
  return participant == kNavigation ? "navigation" : participant == kLogistics ? "logistics" : participant;
}

void TellTable(const Night& night, const Proof& proof, Narrator& narrator) {
  std::vector<std::vector<std::string>> rows = {
      {"records of", "seen by", "published", "stored", "arrived", "copy", "lost", "twice", "wrong"}};
  std::vector<size_t> bad;
  for (const ProofRow& row : proof.rows) {
    const bool broker = row.reader.empty();
    const Tally& feed = row.tally;
    const uint64_t wrong =
        feed.wrong + feed.misplaced + feed.forbidden + row.copy.wrong + row.copy.misplaced + row.copy.forbidden;
    rows.push_back({broker ? night.Plan(row.dataset).words : "", broker ? "(broker)" : WhoReads(row.reader),
                    std::to_string(row.published), std::to_string(row.stored),
                    broker ? "-" : std::to_string(feed.arrived), broker ? "-" : std::to_string(row.copy.arrived),
                    std::to_string(feed.lost + row.copy.lost), std::to_string(feed.twice + row.copy.twice),
                    std::to_string(wrong)});
    if (!row.clean()) bad.push_back(rows.size() - 1);
  }
  narrator.Table(rows, bad);
  narrator.Line("A copy of a table (sewers, wells) keeps the latest record of each gauge.", Narrator::Tone::kDim);
}

class Verdict {
 public:
  explicit Verdict(Narrator& narrator) : narrator_(narrator) {}

  void Tick(bool good, const std::string& text) {
    narrator_.Tick(good, text);
    all_good_ = all_good_ && good;
  }
  bool all_good() const { return all_good_; }

 private:
  Narrator& narrator_;
  bool all_good_ = true;
};

void TickRecords(const Proof& proof, Verdict& verdict) {
  uint64_t published = 0;
  uint64_t stored = 0;
  uint64_t arrived = 0;
  for (const ProofRow& row : proof.rows) {
    if (row.reader.empty()) {
      published += row.published;
      stored += row.stored;
    } else {
      arrived += row.tally.arrived;
    }
  }
  const uint64_t misplaced = proof.Sum(&Tally::misplaced);
  const uint64_t wrong = proof.Sum(&Tally::wrong);
  verdict.Tick(published > 0 && published == stored,
               absl::StrCat(published, " records published, ", stored, " stored, ", arrived, " deliveries"));
  verdict.Tick(proof.Sum(&Tally::lost) == 0, absl::StrCat(proof.Sum(&Tally::lost), " lost"));
  verdict.Tick(proof.Sum(&Tally::twice) == 0, absl::StrCat(proof.Sum(&Tally::twice), " duplicates"));
  verdict.Tick(misplaced == 0 && wrong == 0,
               absl::StrCat(proof.records_compared, " records compared sequence by sequence, field by field: ",
                            misplaced, " out of order, ", wrong, " with a wrong value"));
}

void TickForbidden(const Proof& proof, Verdict& verdict) {
  const uint64_t forbidden = proof.Sum(&Tally::forbidden);
  // The search must be able to find what it looks for: in what was published, it does.
  verdict.Tick(
      forbidden == 0 && proof.secrets > 0 && proof.secrets_known == proof.secrets,
      absl::StrCat(forbidden, " forbidden fields or values seen (", proof.secrets, " secret values looked for in ",
                   proof.bytes_searched / 1024,
                   " KiB that the operators got and have on their disks; all of them are in what was published)"));
}

void TickReads(const Witness& witness, const Events& events, Verdict& verdict) {
  uint64_t reads = 0;
  uint64_t failed = 0;
  uint64_t in_outage = 0;
  bool everyone = true;
  absl::Duration oldest;
  std::string error;
  for (const auto& [name, reader] : witness.readers) {
    reads += reader.reads;
    failed += reader.failed_reads;
    oldest = std::max(oldest, reader.oldest_ever);
    const auto meanwhile = events.reads_in_outage.find(name);
    const uint64_t good = meanwhile == events.reads_in_outage.end() ? 0 : meanwhile->second;
    in_outage += good;
    everyone = everyone && good > 0 && reader.offline_reads > 0;
    if (error.empty()) error = reader.read_error;
  }
  verdict.Tick(failed == 0 && everyone,
               absl::StrCat(failed, " failed reads of ", reads, " from the operators' own copies, ", in_outage,
                            " of them while there was no broker; the oldest answer was ", Seconds(oldest), " old",
                            error.empty() ? "" : absl::StrCat(" (", error, ")")));
}

void TickOutage(const Events& events, Verdict& verdict) {
  verdict.Tick(events.outage > absl::ZeroDuration() && events.published_in_outage > 0 && events.waited_in_outboxes > 0,
               absl::StrCat(Seconds(events.outage), " without a broker, from its end to the next delivery; ",
                            events.published_in_outage, " records published meanwhile, up to ",
                            events.waited_in_outboxes, " waiting in outboxes"));
}

void TickRules(const Witness& witness, const Events& events, Verdict& verdict) {
  verdict.Tick(events.crisis_followed > absl::ZeroDuration() && events.crisis_followed <= kCrisisFollowsWithin,
               absl::StrCat("the crisis changed the running subscription within ", Seconds(events.crisis_followed)));
  const auto navigation = witness.readers.find(kNavigation);
  const bool asked = navigation != witness.readers.end() && navigation->second.refusal.has_value();
  const Refusal refusal = asked ? *navigation->second.refusal : Refusal();
  verdict.Tick(asked && !refusal.file.empty() && refusal.line > 0 && !refusal.missing.empty(),
               asked ? absl::StrCat("one request refused, with its reason: ", refusal.file, ":", refusal.line)
                     : "the request that must be refused was not");
}

}  // namespace

bool TellEnding(const Night& night, const Witness& witness, const Events& events, Narrator& narrator) {
  const Proof proof = Prove(night.datasets, witness.evidence);
  narrator.Act("6. The proof: what every process really saw");
  TellTable(night, proof, narrator);
  narrator.Blank();
  Verdict verdict(narrator);
  TickRecords(proof, verdict);
  TickForbidden(proof, verdict);
  TickReads(witness, events, verdict);
  TickOutage(events, verdict);
  TickRules(witness, events, verdict);
  for (const std::string& late : events.not_caught_up) verdict.Tick(false, late);
  for (const std::string& problem : proof.problems) verdict.Tick(false, problem);
  return verdict.all_good() && proof.clean();
}

}  // namespace heavy_rain
