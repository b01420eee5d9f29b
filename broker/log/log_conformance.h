// How every Log has to behave: a suite that runs on each implementation. The tests stand in log_conformance_*_test.cc,
// the implementations join with INSTANTIATE_TEST_SUITE_P.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "broker/log/log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace allmende::broker {

struct ConformanceLimits {
  std::size_t queued_writes_max = 1024;
  std::size_t queued_bytes_max = std::size_t{1} << 20;
  std::size_t entry_bytes_max = std::size_t{64} << 10;
  std::size_t logs_max = 100;
  std::size_t watches_max = 100;
};

// One log on its storage, which outlives it.
class LogHarness {
 public:
  virtual ~LogHarness() = default;

  // Closes the log that is open, if any, and opens it (again).
  virtual void Open(const ConformanceLimits& limits) = 0;
  virtual void Close() = 0;
  virtual Log& log() = 0;

  // Returns when everything accepted so far is reported, and what callbacks started too.
  virtual void Settle() = 0;

  // While held, nothing is written: what is accepted stays in the queue.
  virtual void Hold() = 0;
  virtual void Release() = 0;
};

struct LogImplementation {
  std::string name;
  std::function<std::unique_ptr<LogHarness>()> make;
};

// For the test library's messages.
inline void PrintTo(const LogImplementation& implementation, std::ostream* out) {
  *out << implementation.name;
}

// An entry whose hash follows from its content.
LogEntry EntryOf(std::string bytes, std::uint32_t count = 1);
AppendRequest RequestFor(LogId log, LogPosition expected, std::vector<LogEntry> entries,
                         std::vector<SideWrite> side_writes = {});

// What a cursor gives out, as "first+count:bytes"; then "!CODE" if it ended with an error.
std::vector<std::string> Drain(LogCursor& cursor);
std::vector<std::string> Drain(SideCursor& cursor);  // "key=value"
std::vector<std::string> Drain(absl::StatusOr<std::unique_ptr<LogCursor>> cursor);

class LogConformance : public ::testing::TestWithParam<LogImplementation> {
 protected:
  LogConformance() : harness_(GetParam().make()) { harness_->Open({}); }

  Log& log() { return harness_->log(); }

  // Each waits for the outcome.
  absl::StatusOr<LogHead> Append(AppendRequest request);
  absl::StatusOr<LogHead> AppendTo(LogId log, std::vector<LogEntry> entries, std::vector<SideWrite> side_writes = {});
  absl::Status WriteSide(std::vector<SideWrite> writes);
  absl::Status Replace(LogId log, Sequence first, LogEntry entry, std::vector<SideWrite> side_writes = {});
  absl::Status Trim(LogId log, Sequence sequence);

  // All entries held.
  std::vector<std::string> Entries(LogId log);

  std::unique_ptr<LogHarness> harness_;
};

}  // namespace allmende::broker
