#include "examples/heavy_rain/proof/proof.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace heavy_rain {
namespace {

using google::protobuf::Message;

constexpr size_t kProblemsOfARow = 3;

std::unique_ptr<Message> Parse(const DatasetPlan& plan, const std::string& payload) {
  std::unique_ptr<Message> message(plan.prototype->New());
  // What cannot be read stays as far as it was read: it then fits no published record.
  (void)message->ParsePartialFromString(payload);
  return message;
}

// What one dataset's agency published, ready to be compared with.
class Published {
 public:
  Published(const DatasetPlan& plan, const DatasetEvidence& evidence) : plan_(plan) {
    for (const std::string& payload : evidence.published) {
      messages_.push_back(Parse(plan, payload));
      const uint64_t number = messages_.size();
      ambiguous_ += !numbers_.emplace(IdentityOf(*messages_.back(), plan.identity), number).second;
      latest_[IdentityOf(*messages_.back(), {plan.key})] = number;
    }
  }

  uint64_t size() const { return messages_.size(); }
  uint64_t ambiguous() const { return ambiguous_; }  // records that cannot be told apart: the proof would be worth less
  const Message& At(uint64_t number) const { return *messages_[number - 1]; }
  // 0: nobody published such a record.
  uint64_t NumberOf(const Message& record) const {
    const auto found = numbers_.find(IdentityOf(record, plan_.identity));
    return found == numbers_.end() ? 0 : found->second;
  }
  std::set<uint64_t> All() const {
    std::set<uint64_t> all;
    for (uint64_t number = 1; number <= size(); ++number) all.insert(all.end(), number);
    return all;
  }
  std::set<uint64_t> LatestOfEachKey() const {
    std::set<uint64_t> latest;
    for (const auto& [key, number] : latest_) latest.insert(number);
    return latest;
  }

 private:
  const DatasetPlan& plan_;
  std::vector<std::unique_ptr<Message>> messages_;
  std::unordered_map<std::string, uint64_t> numbers_;  // by identity
  std::map<std::string, uint64_t> latest_;             // by key
  uint64_t ambiguous_ = 0;
};

class RowBuilder {
 public:
  RowBuilder(const DatasetPlan& plan, const Published& published, uint64_t before_crisis, Proof& proof)
      : plan_(plan), published_(published), before_crisis_(before_crisis), proof_(proof) {}

  void Begin(const std::string& who) {
    who_ = who;
    said_ = 0;
  }

  // `either`: a copy may have been made anew under the crisis view, so it may show old records so too.
  Tally Compare(const std::vector<Arrived>& records, const std::set<uint64_t>& expected, const ReaderViews& views,
                bool either) {
    Tally tally;
    std::set<uint64_t> seen;
    std::vector<std::pair<uint64_t, uint64_t>> misplaced;
    for (const Arrived& arrived : records) {
      ++proof_.records_compared;
      const std::unique_ptr<Message> message = Parse(plan_, arrived.payload);
      const uint64_t number = published_.NumberOf(*message);
      if (number == 0) {
        ++tally.wrong;
        Say(arrived.sequence, "is a record that nobody published");
        continue;
      }
      if (!seen.insert(number).second) {
        ++tally.twice;
        Say(arrived.sequence, "came before");
      }
      if (number != arrived.sequence) {
        ++tally.misplaced;
        misplaced.emplace_back(arrived.sequence, number);
      }
      Judge(arrived, number, views, either, tally);
    }
    for (const uint64_t number : expected) {
      if (seen.count(number) > 0) continue;
      ++tally.lost;
      Say(number, "is missing");
    }
    // Last, because a single lost record moves all that follow.
    for (const auto& [sequence, number] : misplaced) {
      Say(sequence, absl::StrCat("is the record that was published as number ", number));
    }
    tally.arrived = seen.size();
    return tally;
  }

  void SearchIn(const std::string& bytes, const std::set<Secret>& secrets, Tally& tally) {
    proof_.bytes_searched += bytes.size();
    for (const Secret& secret : secrets) {
      if (bytes.find(secret.bytes) == std::string::npos) continue;
      ++tally.forbidden;
      Complain(absl::StrCat("the bytes contain a value of `", secret.field, "`, which must not be seen"));
    }
  }

 private:
  void Judge(const Arrived& arrived, uint64_t number, const ReaderViews& views, bool either, Tally& tally) {
    const bool crisis = number > before_crisis_;
    const View& view = crisis ? views.crisis : views.normal;
    Difference difference = CompareWithView(published_.At(number), arrived.payload, view);
    if (either && !difference.empty()) {
      const View& other = crisis ? views.normal : views.crisis;
      if (CompareWithView(published_.At(number), arrived.payload, other).empty()) return;
    }
    tally.forbidden += difference.forbidden.size();
    tally.wrong += !difference.wrong.empty();
    if (!difference.forbidden.empty()) {
      Say(arrived.sequence, absl::StrCat("shows ", absl::StrJoin(difference.forbidden, ", "), ", which is forbidden"));
    }
    if (!difference.wrong.empty()) {
      Say(arrived.sequence, absl::StrCat("does not have the right ", absl::StrJoin(difference.wrong, ", ")));
    }
  }

  void Say(uint64_t sequence, const std::string& what) { Complain(absl::StrCat("sequence ", sequence, " ", what)); }

  void Complain(const std::string& what) {
    if (said_++ < kProblemsOfARow) proof_.problems.push_back(absl::StrCat(plan_.name, ", ", who_, ": ", what));
  }

  const DatasetPlan& plan_;
  const Published& published_;
  const uint64_t before_crisis_;
  Proof& proof_;
  std::string who_;
  size_t said_ = 0;
};

using AllPublished = std::map<std::string, Published>;

struct Secrets {
  std::set<Secret> in_feed;
  std::set<Secret> in_copy;  // a copy that was made anew in the crisis shows older records as the crisis permits
};

// What `reader` must never find in any byte that it gets, of whichever dataset.
std::set<Secret> SecretsFor(const std::string& reader, const std::vector<DatasetPlan>& plans,
                            const std::map<std::string, DatasetEvidence>& evidence, const AllPublished& published,
                            bool in_copy) {
  std::set<Secret> secrets;
  std::set<std::string> shown;
  for (const DatasetPlan& plan : plans) {
    const auto views = plan.readers.find(reader);
    const Published& records = published.at(plan.name);
    for (uint64_t number = 1; number <= records.size(); ++number) {
      const bool crisis = in_copy || number > evidence.at(plan.name).before_crisis;
      const View view = views == plan.readers.end() ? View() : crisis ? views->second.crisis : views->second.normal;
      for (Secret& secret : SecretsOf(records.At(number), view)) secrets.insert(std::move(secret));
      for (std::string& value : ShownBy(records.At(number), view)) shown.insert(std::move(value));
    }
  }
  for (auto secret = secrets.begin(); secret != secrets.end();) {
    secret = shown.count(secret->bytes) > 0 ? secrets.erase(secret) : std::next(secret);
  }
  return secrets;
}

uint64_t CountKnown(const std::set<Secret>& secrets, const std::map<std::string, DatasetEvidence>& evidence) {
  std::string all;
  for (const auto& [name, dataset] : evidence) {
    for (const std::string& payload : dataset.published) all += payload;
  }
  return static_cast<uint64_t>(std::count_if(secrets.begin(), secrets.end(), [&](const Secret& secret) {
    return all.find(secret.bytes) != std::string::npos;
  }));
}

ProofRow ProveReader(const DatasetPlan& plan, const std::string& reader, const ReaderViews& views,
                     const ReaderEvidence& evidence, const Published& published, const Secrets& secrets,
                     RowBuilder& builder) {
  ProofRow row;
  row.dataset = plan.name;
  row.reader = reader;
  builder.Begin(absl::StrCat("delivered to ", reader));
  row.tally = builder.Compare(evidence.feed, published.All(), views, /*either=*/false);
  for (const std::string& bytes : evidence.deliveries) builder.SearchIn(bytes, secrets.in_feed, row.tally);
  builder.Begin(absl::StrCat("replica of ", reader));
  const std::set<uint64_t> kept = plan.table ? published.LatestOfEachKey() : published.All();
  row.copy_expected = kept.size();
  row.copy = builder.Compare(evidence.copy, kept, views, /*either=*/true);
  for (const Arrived& record : evidence.copy) builder.SearchIn(record.payload, secrets.in_copy, row.copy);
  for (const std::string& key : evidence.copied_keys) builder.SearchIn(key, secrets.in_copy, row.copy);
  for (const std::string& bytes : evidence.files) builder.SearchIn(bytes, secrets.in_copy, row.copy);
  return row;
}

}  // namespace

uint64_t Proof::Sum(uint64_t Tally::*what) const {
  uint64_t sum = 0;
  for (const ProofRow& row : rows) sum += row.tally.*what + row.copy.*what;
  return sum;
}

bool Proof::clean() const {
  return problems.empty() && !rows.empty() &&
         std::all_of(rows.begin(), rows.end(), [](const ProofRow& row) { return row.clean(); });
}

Proof Prove(const std::vector<DatasetPlan>& plans, const std::map<std::string, DatasetEvidence>& evidence) {
  Proof proof;
  AllPublished published;
  std::map<std::string, DatasetEvidence> all;  // a dataset that nothing was heard of is one with nothing
  for (const DatasetPlan& plan : plans) {
    const auto found = evidence.find(plan.name);
    all[plan.name] = found == evidence.end() ? DatasetEvidence() : found->second;
    published.emplace(std::piecewise_construct, std::forward_as_tuple(plan.name),
                      std::forward_as_tuple(plan, all[plan.name]));
  }
  std::map<std::string, Secrets> secrets;
  for (const DatasetPlan& plan : plans) {
    const DatasetEvidence& of_dataset = all.at(plan.name);
    const Published& records = published.at(plan.name);
    RowBuilder builder(plan, records, of_dataset.before_crisis, proof);
    if (records.size() == 0) proof.problems.push_back(absl::StrCat(plan.name, ": nothing was published"));
    if (records.ambiguous() > 0) {
      proof.problems.push_back(absl::StrCat(plan.name, ": ", records.ambiguous(), " records cannot be told apart"));
    }
    ProofRow broker;
    broker.dataset = plan.name;
    broker.published = records.size();
    broker.stored = of_dataset.broker_head;
    if (broker.stored != broker.published) {
      proof.problems.push_back(
          absl::StrCat(plan.name, ": ", broker.published, " records were published, the broker has ", broker.stored));
    }
    if (const auto views = plan.readers.find(plan.provider); views != plan.readers.end()) {
      builder.Begin("read back from the broker");
      broker.tally = builder.Compare(of_dataset.stored, records.All(), views->second, /*either=*/false);
    } else {
      broker.tally.arrived = broker.stored;
    }
    proof.rows.push_back(broker);
    for (const auto& [reader, views] : plan.readers) {
      if (reader == plan.provider) continue;
      if (secrets.count(reader) == 0) {
        Secrets& of_reader = secrets[reader];
        of_reader.in_feed = SecretsFor(reader, plans, all, published, /*in_copy=*/false);
        of_reader.in_copy = SecretsFor(reader, plans, all, published, /*in_copy=*/true);
        proof.secrets += of_reader.in_feed.size();
        proof.secrets_known += CountKnown(of_reader.in_feed, all);
      }
      const auto seen = of_dataset.readers.find(reader);
      ProofRow row =
          ProveReader(plan, reader, views, seen == of_dataset.readers.end() ? ReaderEvidence() : seen->second, records,
                      secrets[reader], builder);
      row.published = broker.published;
      row.stored = broker.stored;
      proof.rows.push_back(std::move(row));
    }
  }
  return proof;
}

}  // namespace heavy_rain
