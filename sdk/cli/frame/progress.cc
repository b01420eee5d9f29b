#include "sdk/cli/frame/progress.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {
namespace {

constexpr int kBarMin = 10;
constexpr int kBarMax = 40;

std::string Bar(double part, int width) {
  const int full = static_cast<int>(part * width);
  return absl::StrCat("[", std::string(full, '#'), std::string(width - full, '-'), "]");
}

}  // namespace

Progress::Progress(Context& context, ProgressOptions options)
    : context_(context), options_(std::move(options)), start_(context.elapsed()), drawn_(start_) {
  samples_.push_back({start_, 0});
}

Progress::~Progress() {
  if (on_screen_ && !finished_) *context_.err << "\r\x1b[K" << std::flush;
}

void Progress::Set(int64_t done) {
  done_ = done;
  const absl::Duration now = context_.elapsed();
  if (now - samples_.back().at >= kDrawInterval) {
    samples_.push_back({now, done});
    // One sample older than the window stays, so that the rate covers it whole.
    while (samples_.size() > 2 && now - samples_[1].at >= kRateWindow) samples_.pop_front();
  }
  if (now - drawn_ < (context_.err_is_terminal ? kDrawInterval : kLineInterval)) return;
  drawn_ = now;
  Draw();
}

double Progress::Rate() const {
  const absl::Duration span = context_.elapsed() - samples_.front().at;
  if (span < kDrawInterval) return 0;
  return static_cast<double>(done_ - samples_.front().done) / absl::ToDoubleSeconds(span);
}

std::string Progress::Amount(int64_t amount) const {
  return options_.bytes ? BytesText(amount) : CountText(amount);
}

std::string Progress::Line(bool bar) const {
  const double rate = Rate();
  const double part =
      options_.total > 0 ? std::clamp(static_cast<double>(done_) / static_cast<double>(options_.total), 0.0, 1.0) : 0;
  std::string amounts = Amount(done_);
  if (options_.total > 0) absl::StrAppend(&amounts, " of ", Amount(options_.total));
  if (!options_.bytes) absl::StrAppend(&amounts, " ", options_.unit);
  if (rate > 0)
    absl::StrAppend(&amounts, ", ", Amount(static_cast<int64_t>(rate)), options_.bytes ? "/s" : " a second");
  if (options_.total > done_ && rate > 0) {
    const double left = static_cast<double>(options_.total - done_) / rate;
    absl::StrAppend(&amounts, ", ", DurationText(absl::Seconds(static_cast<int64_t>(left + 1))), " left");
  }
  if (!note_.empty()) absl::StrAppend(&amounts, ", ", note_);
  if (options_.total <= 0) return absl::StrCat(options_.label, ": ", amounts);
  const std::string percent = absl::StrFormat("%3d%%", static_cast<int>(part * 100));
  if (!bar) return absl::StrCat(options_.label, ": ", percent, ", ", amounts);
  const int width =
      std::clamp(context_.columns - DisplayWidth(options_.label) - DisplayWidth(amounts) - 12, kBarMin, kBarMax);
  return absl::StrCat(options_.label, " ", Bar(part, width), " ", percent, "  ", amounts);
}

void Progress::Draw() {
  if (context_.quiet || finished_) return;
  if (!context_.err_is_terminal) {
    *context_.err << Line(false) << std::endl;
    return;
  }
  std::string line = Line(true);
  if (DisplayWidth(line) >= context_.columns) line = Line(false);
  *context_.err << "\r" << line << "\x1b[K" << std::flush;
  on_screen_ = true;
}

void Progress::Finish() {
  if (finished_) return;
  finished_ = true;
  if (context_.quiet) return;
  const absl::Duration took = context_.elapsed() - start_;
  std::string line = absl::StrCat(options_.label, ": ", Amount(done_));
  if (!options_.bytes) absl::StrAppend(&line, " ", options_.unit);
  absl::StrAppend(
      &line, " in ",
      took < absl::Seconds(10) ? absl::StrFormat("%.1f s", absl::ToDoubleSeconds(took)) : DurationText(took));
  if (took >= absl::Seconds(1)) {
    const auto rate = static_cast<int64_t>(static_cast<double>(done_) / absl::ToDoubleSeconds(took));
    absl::StrAppend(&line, ", ", Amount(rate), options_.bytes ? "/s" : " a second");
  }
  *context_.err << (on_screen_ ? "\r\x1b[K" : "") << line << std::endl;
}

}  // namespace allmende::cli
