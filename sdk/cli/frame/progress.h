// Shows how far long work is: a bar with rate and time left on a terminal, otherwise a plain line every few seconds,
// and nothing with `--quiet`. Always on standard error, so results can be piped.
//
//   Progress progress(context, {.label = "import", .unit = "rows", .total = rows});
//   progress.Set(done);      // as often as you like; draws at most ten times a second
//   progress.Finish();       // leaves one line that says what was done
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "absl/time/time.h"
#include "sdk/cli/frame/context.h"

namespace allmende::cli {

struct ProgressOptions {
  std::string label;
  std::string unit = "records";
  bool bytes = false;  // amounts are bytes: shown as sizes
  int64_t total = 0;   // 0: not known
};

// Not thread-safe. Borrows the context.
class Progress {
 public:
  Progress(Context& context, ProgressOptions options);
  // Takes an unfinished bar away.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Set(int64_t done);
  void SetTotal(int64_t total) { options_.total = total; }
  // A word on what happens now, such as `not connected, keeps trying`; empty: nothing special.
  void SetNote(std::string note) { note_ = std::move(note); }
  // The last line. Only the first call counts.
  void Finish();

  static constexpr absl::Duration kDrawInterval = absl::Milliseconds(100);
  static constexpr absl::Duration kLineInterval = absl::Seconds(5);
  static constexpr absl::Duration kRateWindow = absl::Seconds(10);

 private:
  struct Sample {
    absl::Duration at;
    int64_t done;
  };

  double Rate() const;  // of the last seconds, per second; 0: not known
  std::string Amount(int64_t amount) const;
  std::string Line(bool bar) const;
  void Draw();

  Context& context_;
  ProgressOptions options_;
  const absl::Duration start_;
  absl::Duration drawn_;  // when it was last drawn, as elapsed
  std::deque<Sample> samples_;
  int64_t done_ = 0;
  std::string note_;
  bool on_screen_ = false;
  bool finished_ = false;
};

}  // namespace allmende::cli
