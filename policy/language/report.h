// Collects the problems of one file while it is read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/language/diagnostic.h"
#include "policy/language/source_text.h"

namespace allmende::policy {

inline constexpr size_t kDiagnosticsMax = 100;

class Report {
 public:
  // Borrows `text`. `text` may be empty where only places are known.
  Report(std::string_view text, std::string file) : source_(text), file_(std::move(file)) {}

  const SourceText& source() const { return source_; }

  // Adds a problem at a place; `length` is in characters. Beyond kDiagnosticsMax one last message says that there are
  // more; it is as severe as the worst that is not shown.
  void Add(DiagnosticCode code, FilePosition position, int length, std::vector<std::string> arguments,
           std::string suggestion = "");

  bool has_errors() const { return has_errors_; }

  // No more problems will be shown, so it is not worth looking for what a writer may have meant.
  bool full() const { return diagnostics_.size() > kDiagnosticsMax; }

  // Hands the problems over, ordered by place.
  std::vector<Diagnostic> Take();

 private:
  SourceText source_;
  std::string file_;
  std::vector<Diagnostic> diagnostics_;
  bool has_errors_ = false;
};

}  // namespace allmende::policy
