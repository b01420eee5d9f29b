#include "tests/bench/report.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace allmende::bench {

std::string Grouped(double value, int decimals) {
  std::string text = absl::StrFormat("%.*f", decimals, value);
  size_t end = text.find('.');
  if (end == std::string::npos) {
    end = text.size();
  }
  for (size_t i = end; i > 3 && text[i - 4] != '-'; i -= 3) {
    text.insert(i - 3, ",");
  }
  return text;
}

void Report::Add(Row row) {
  std::printf("  %s: %s%s\n", row.figure.c_str(), row.measured.c_str(),
              row.verdict == "missed" ? "  (target missed)" : "");
  std::fflush(stdout);
  rows_.push_back(std::move(row));
}

void Report::Note(const std::string& figure, const std::string& measured) {
  Add({figure, measured, "", ""});
}

void Report::AtLeast(const std::string& figure, double measured, double target, const std::string& unit, int decimals) {
  met_ = met_ && measured >= target;
  Add({figure, absl::StrCat(Grouped(measured, decimals), " ", unit),
       absl::StrCat("≥ ", Grouped(target, decimals), " ", unit), measured >= target ? "met" : "missed"});
}

void Report::AtMost(const std::string& figure, double measured, double target, const std::string& unit, int decimals) {
  met_ = met_ && measured <= target;
  Add({figure, absl::StrCat(Grouped(measured, decimals), " ", unit),
       absl::StrCat("≤ ", Grouped(target, decimals), " ", unit), measured <= target ? "met" : "missed"});
}

void Report::Skipped(const std::string& figure, const std::string& why) {
  Add({figure, absl::StrCat("skipped: ", why), "", ""});
}

void Report::Print() const {
  size_t figure_width = 0;
  size_t measured_width = 0;
  for (const Row& row : rows_) {
    figure_width = std::max(figure_width, row.figure.size());
    measured_width = std::max(measured_width, row.measured.size());
  }
  std::printf("\n");
  for (const Row& row : rows_) {
    std::printf("  %-*s  %*s  %s%s%s\n", static_cast<int>(figure_width), row.figure.c_str(),
                static_cast<int>(measured_width), row.measured.c_str(), row.verdict.c_str(),
                row.target.empty() ? "" : ", target ", row.target.c_str());
  }
}

}  // namespace allmende::bench
