// Collects what the values of one column have in common.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

namespace allmende {

enum class GuessedType { kText, kWhole, kReal, kBool, kTime };

// Feed it every value, then ask. Not thread-safe.
class ColumnGuess {
 public:
  void Add(std::string_view value);
  void AddMissing() { ++missing_; }

  // Of the values that are there; kText if there are none.
  GuessedType type() const;

  int64_t values() const { return values_; }
  int64_t missing() const { return missing_; }
  // The words for `no value` that were met, without the empty text.
  const std::set<std::string>& missing_words() const { return missing_words_; }

  bool decimal_comma() const { return !real_ && real_with_comma_; }  // of kReal
  bool needs_zone() const { return needs_zone_; }                    // of kTime: some values have no offset
  bool within(double limit) const { return lowest_ >= -limit && highest_ <= limit; }  // of kReal and kWhole
  // Every value was another one. Exact up to hash collisions.
  bool all_distinct() const { return values_ > 0 && hashes_.size() == static_cast<size_t>(values_); }

 private:
  void LookAtNumber(std::string_view value);
  void LookAtTime(std::string_view value);

  int64_t values_ = 0;
  int64_t missing_ = 0;
  std::set<std::string> missing_words_;
  std::unordered_set<size_t> hashes_;

  // Each says that all values so far have this form.
  bool whole_ = true;
  bool real_ = true;
  bool real_with_comma_ = true;
  bool boolean_ = true;
  bool time_ = true;
  bool needs_zone_ = false;
  double lowest_ = 0;
  double highest_ = 0;
};

}  // namespace allmende
