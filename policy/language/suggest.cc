#include "policy/language/suggest.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "policy/language/source_text.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

// Longer words are no slips of known ones, and comparing them would cost more than it helps.
constexpr int kWordCharactersMax = 64;

// Of more names the first ones are compared: what a single message may cost is bounded.
constexpr size_t kCandidatesMax = 5'000;

int Distance(const std::vector<std::string_view>& left, const std::vector<std::string_view>& right, int limit) {
  const int rows = static_cast<int>(left.size());
  const int columns = static_cast<int>(right.size());
  // The costs of three rows: a swap looks back two. Only cells within `limit` of the diagonal can count.
  std::array<std::array<int, kWordCharactersMax + 1>, 3> costs = {};
  for (int i = 0; i <= rows; ++i) {
    std::array<int, kWordCharactersMax + 1>& row = costs[i % 3];
    const std::array<int, kWordCharactersMax + 1>& above = costs[(i + 2) % 3];
    const std::array<int, kWordCharactersMax + 1>& second = costs[(i + 1) % 3];
    row.fill(limit + 1);
    for (int j = std::max(0, i - limit); j <= std::min(columns, i + limit); ++j) {
      int cost = i + j;
      if (i > 0 && j > 0) {
        const int changed = left[i - 1] == right[j - 1] ? 0 : 1;
        cost = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + changed});
        if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
          cost = std::min(cost, second[j - 2] + 1);
        }
      }
      row[j] = std::min(cost, limit + 1);
    }
  }
  return costs[rows % 3][columns];
}

}  // namespace

int EditDistance(std::string_view a, std::string_view b, int limit) {
  const std::vector<std::string_view> left = SplitCharacters(a);
  const std::vector<std::string_view> right = SplitCharacters(b);
  const size_t longer = std::max(left.size(), right.size());
  if (longer - std::min(left.size(), right.size()) > static_cast<size_t>(limit) || longer > kWordCharactersMax) {
    return a == b ? 0 : limit + 1;
  }
  return Distance(left, right, limit);
}

std::string Suggest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > 4 * kWordCharactersMax) {
    return "";
  }
  const int characters = CountCharacters(word);
  const int allowed = characters <= 4 ? 1 : characters <= 8 ? 2 : 3;
  const std::string lower = ToLower(word);
  std::string best;
  int best_distance = allowed + 1;
  for (size_t i = 0; i < std::min(candidates.size(), kCandidatesMax) && best_distance > 0; ++i) {
    const std::string& candidate = candidates[i];
    if (std::abs(CountCharacters(candidate) - characters) >= best_distance) {
      continue;
    }
    const int distance = EditDistance(lower, ToLower(candidate), best_distance - 1);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace allmende::policy
