// What the roles of the demo really saw, and the comparison of it. Pure: gathers, compares, and says in sentences.
//
// An agency is the only writer of its datasets, so the n-th record that it published must be the one at sequence n
// everywhere: on the broker (read back with Read), in every reader's feed (Subscribe) and in every reader's replica.
// Records are told apart by their content, not by the sequence they came under.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "examples/heavy_rain/proof/view.h"

namespace heavy_rain {

struct ReaderViews {
  View normal;
  View crisis;  // of records that were published after the declaration
};

struct DatasetPlan {
  std::string name;
  std::string words;  // for people: `rain`
  bool table = false;
  std::string provider;     // participant
  std::string schema_file;  // below examples/
  std::string policy_file;  // below examples/
  std::shared_ptr<const google::protobuf::Message> prototype;
  std::vector<std::string> identity;           // fields that tell records apart; every reader sees them
  std::string key;                             // the field that a table keeps the latest record of
  std::map<std::string, ReaderViews> readers;  // participant -> what it may see; the provider itself may be one
};

// A record as it came out of the exchange.
struct Arrived {
  uint64_t sequence = 0;
  std::string payload;
};

struct ReaderEvidence {
  std::vector<Arrived> feed;             // in the order in which they came
  std::vector<std::string> deliveries;   // every byte of the feed
  std::vector<Arrived> copy;             // the replica's records at the end
  std::vector<std::string> copied_keys;  // and their keys
  // What lies on its disk; under any of its datasets. Blocks that the storage has compressed are searched as they are.
  std::vector<std::string> files;
};

struct DatasetEvidence {
  std::vector<std::string> published;   // payloads in the order in which the agency handed them in
  uint64_t before_crisis = UINT64_MAX;  // how many of them before the crisis was declared
  uint64_t broker_head = 0;             // the last sequence that the broker has
  std::vector<Arrived> stored;          // read back from the broker by the agency
  std::map<std::string, ReaderEvidence> readers;
};

// Records of `expected` that are missing from, are repeated in, or differ in what arrived.
struct Tally {
  uint64_t arrived = 0;  // different records
  uint64_t lost = 0;
  uint64_t twice = 0;      // came again, under the same sequence or another one
  uint64_t misplaced = 0;  // not under the sequence of its turn
  uint64_t wrong = 0;      // a value is not what the view makes of it, or nobody published it
  uint64_t forbidden = 0;  // fields, and secret values in the bytes, that this reader must not see

  bool clean() const { return lost + twice + misplaced + wrong + forbidden == 0; }
};

struct ProofRow {
  std::string dataset;
  std::string reader;  // empty: what the broker has
  uint64_t published = 0;
  uint64_t stored = 0;  // as the broker counts
  Tally tally;          // of the feed, or of what was read back
  Tally copy;           // of the replica
  uint64_t copy_expected = 0;

  bool clean() const { return tally.clean() && copy.clean() && stored == published; }
};

struct Proof {
  std::vector<ProofRow> rows;
  std::vector<std::string> problems;  // the first ones of each row, as sentences
  uint64_t records_compared = 0;
  uint64_t bytes_searched = 0;
  uint64_t secrets = 0;        // values looked for
  uint64_t secrets_known = 0;  // of those, found in what the agencies published: the search can find them

  uint64_t Sum(uint64_t Tally::*what) const;
  bool clean() const;
};

Proof Prove(const std::vector<DatasetPlan>& plans, const std::map<std::string, DatasetEvidence>& evidence);

}  // namespace heavy_rain
