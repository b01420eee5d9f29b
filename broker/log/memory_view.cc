#include <algorithm>
#include <optional>
#include <utility>

#include "broker/log/memory_state.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

class MemoryCursor final : public LogCursor {
 public:
  MemoryCursor(std::shared_ptr<const LogView> view, std::map<Sequence, MemoryEntry>::const_iterator next,
               std::map<Sequence, MemoryEntry>::const_iterator end, std::size_t bytes_max)
      : view_(std::move(view)), next_(next), end_(end), bytes_max_(bytes_max) {}

  bool Next() override {
    if (next_ == end_ || (started_ && given_bytes_ >= bytes_max_)) {
      return false;
    }
    started_ = true;
    const auto& [first, stored] = *next_;
    const Sequence after = first + stored.header.count;
    entry_ = {first, stored.header.count, stored.header.hash, LogPosition::FromToken(after - 1), stored.bytes};
    given_bytes_ += stored.bytes.size();
    ++next_;
    return true;
  }
  const StoredEntry& entry() const override { return entry_; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  const std::shared_ptr<const LogView> view_;  // keeps the entries
  std::map<Sequence, MemoryEntry>::const_iterator next_;
  const std::map<Sequence, MemoryEntry>::const_iterator end_;
  const std::size_t bytes_max_;
  std::size_t given_bytes_ = 0;
  bool started_ = false;
  StoredEntry entry_;
};

class MemorySideCursor final : public SideCursor {
 public:
  MemorySideCursor(std::shared_ptr<const LogView> view, MemorySideKeys::const_iterator next,
                   MemorySideKeys::const_iterator end)
      : view_(std::move(view)), next_(next), end_(end) {}

  bool Next() override {
    if (next_ == end_) {
      return false;
    }
    current_ = next_++;
    return true;
  }
  std::string_view key() const override { return current_->first; }
  std::string_view value() const override { return current_->second; }
  absl::Status status() const override { return absl::OkStatus(); }

 private:
  const std::shared_ptr<const LogView> view_;
  MemorySideKeys::const_iterator next_;
  MemorySideKeys::const_iterator current_;
  const MemorySideKeys::const_iterator end_;
};

}  // namespace

class MemoryView final : public LogView, public std::enable_shared_from_this<MemoryView> {
 public:
  MemoryView(MemoryState& state, MemoryState::Content content) : state_(state), content_(std::move(content)) {}
  ~MemoryView() override { state_.LeaveView(content_); }

  absl::StatusOr<LogHead> HeadOf(LogId log) const override { return LogOf(log).head.ToHead(); }

  absl::StatusOr<std::unique_ptr<LogCursor>> ReadFrom(LogId log, LogPosition position,
                                                      std::size_t bytes_max) const override {
    return ReadFromSequence(log, SequenceAt(position), bytes_max);
  }

  absl::StatusOr<std::unique_ptr<LogCursor>> ReadFromSequence(LogId log, Sequence sequence,
                                                              std::size_t bytes_max) const override {
    const MemoryLogState& state = LogOf(log);
    ALLMENDE_RETURN_IF_ERROR(CheckReadFrom(log, sequence, state.head.ToHead()));
    const auto first = sequence == state.head.next_sequence ? state.entries.end() : state.Containing(sequence);
    return std::make_unique<MemoryCursor>(shared_from_this(), first, state.entries.end(), bytes_max);
  }

  absl::StatusOr<Sequence> FirstSequenceWithin(LogId log, std::uint64_t bytes) const override {
    const MemoryLogState& state = LogOf(log);
    for (const auto& [first, entry] : state.entries) {
      if (state.head.bytes_end - entry.header.bytes_before <= bytes) {
        return first;
      }
    }
    return state.head.next_sequence;
  }

  absl::StatusOr<std::optional<std::string>> GetSide(SideFamily family, std::string_view key) const override {
    const MemorySideKeys& keys = KeysOf(family);
    const auto found = keys.find(key);
    return found == keys.end() ? std::nullopt : std::optional<std::string>(found->second);
  }

  std::unique_ptr<SideCursor> ScanSide(SideFamily family, std::string_view prefix,
                                       std::string_view start) const override {
    const MemorySideKeys& keys = KeysOf(family);
    const std::string prefix_end = PrefixEnd(prefix);
    const auto end = prefix_end.empty() ? keys.end() : keys.lower_bound(prefix_end);
    const bool outside = !prefix_end.empty() && start >= prefix_end;
    return std::make_unique<MemorySideCursor>(shared_from_this(),
                                              outside ? end : keys.lower_bound(std::max(prefix, start)), end);
  }

 private:
  const MemoryLogState& LogOf(LogId log) const {
    static const MemoryLogState& never_written = *new MemoryLogState;
    const auto found = content_.logs.find(log);
    return found == content_.logs.end() ? never_written : *found->second;
  }
  const MemorySideKeys& KeysOf(SideFamily family) const { return *content_.side[static_cast<std::size_t>(family)]; }

  MemoryState& state_;
  MemoryState::Content content_;  // constant while the view lives
};

std::shared_ptr<const LogView> MemoryState::View() {
  MutexLock lock(mutex_);
  return std::make_shared<MemoryView>(*this, now_);
}

}  // namespace allmende::broker
