#include "broker/data/key_versions.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "broker/data/keys.h"
#include "broker/data/retention.h"
#include "sdk/base/status.h"
#include "sdk/base/text.h"

namespace allmende::broker {
namespace {

Sequence LatestAfter(const format::RecordView& record, Sequence sequence) {
  return record.operation == format::Operation::kDelete ? 0 : sequence;
}

}  // namespace

absl::StatusOr<std::vector<Sequence>> KeyVersions::Before(const format::BatchView& batch, const Log& log) const {
  struct Unknown {
    uint32_t index = 0;
    std::string_view key;
  };
  std::vector<Sequence> before(batch.statement().record_count, 0);
  std::vector<Unknown> unknown;
  {
    absl::flat_hash_map<std::string_view, Sequence> in_batch;
    in_batch.reserve(before.size());
    MutexLock lock(mutex_);
    uint32_t index = 0;
    for (const format::RecordView& record : batch.records()) {
      if (record.has_content()) {
        const auto [own, first] = in_batch.try_emplace(record.key, 0);
        if (!first) {
          before[index] = own->second;
        } else if (const auto found = newer_.latest.find(ForAbsl(record.key)); found != newer_.latest.end()) {
          before[index] = found->second;
        } else if (const auto old = older_.latest.find(ForAbsl(record.key)); old != older_.latest.end()) {
          before[index] = old->second;
        } else {
          unknown.push_back({index, record.key});
        }
        own->second = LatestAfter(record, batch.statement().first_sequence + index);
      }
      ++index;
    }
  }
  // What left the generations before they were asked is durable, so a view that is taken now shows it.
  if (unknown.empty()) {
    return before;
  }
  const std::shared_ptr<const LogView> view = log.View();
  ALLMENDE_ASSIGN_OR_RETURN(const Sequence expired, NewestExpired(*view, log_));
  for (const Unknown& record : unknown) {
    ALLMENDE_ASSIGN_OR_RETURN(const auto latest, view->GetSide(SideFamily::kKeyIndex, KeyIndexKey(log_, record.key)));
    if (latest.has_value()) {
      ALLMENDE_ASSIGN_OR_RETURN(before[record.index], DecodeSequence(*latest));
    } else {
      before[record.index] = expired;
    }
  }
  return before;
}

void KeyVersions::Add(const format::BatchView& batch) {
  MutexLock lock(mutex_);
  Sequence sequence = batch.statement().first_sequence;
  for (const format::RecordView& record : batch.records()) {
    if (record.has_content()) {
      newer_.latest.insert_or_assign(std::string(record.key), LatestAfter(record, sequence));
    }
    ++sequence;
  }
  newer_.next = sequence;
}

void KeyVersions::Durable(Sequence next) {
  MutexLock lock(mutex_);
  if (older_.next <= next) {
    older_ = std::exchange(newer_, {});
  }
}

void KeyVersions::Clear() {
  MutexLock lock(mutex_);
  older_ = {};
  newer_ = {};
}

}  // namespace allmende::broker
