// The table at the end: figure, measured, target.
#pragma once

#include <string>
#include <vector>

namespace allmende::bench {

class Report {
 public:
  // A figure without a target.
  void Note(const std::string& figure, const std::string& measured);
  // `least`: the target is a lower bound.
  void AtLeast(const std::string& figure, double measured, double target, const std::string& unit, int decimals = 0);
  void AtMost(const std::string& figure, double measured, double target, const std::string& unit, int decimals = 0);
  void Skipped(const std::string& figure, const std::string& why);

  void Print() const;
  // False where a figure missed its target.
  bool met() const { return met_; }

 private:
  struct Row {
    std::string figure;
    std::string measured;
    std::string target;
    std::string verdict;
  };
  void Add(Row row);

  std::vector<Row> rows_;
  bool met_ = true;
};

// `1,234,567`
std::string Grouped(double value, int decimals = 0);

}  // namespace allmende::bench
