#include "policy/language/suggest.h"

#include <algorithm>
#include <cstdlib>

#include "policy/language/source_text.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

// Longer words are no slips of known ones, and comparing them would cost more than it helps.
constexpr int kWordCharactersMax = 64;

}  // namespace

int EditDistance(std::string_view a, std::string_view b, int limit) {
  const std::vector<std::string_view> left = SplitCharacters(a);
  const std::vector<std::string_view> right = SplitCharacters(b);
  const int rows = static_cast<int>(left.size());
  const int columns = static_cast<int>(right.size());
  if (std::abs(rows - columns) > limit || std::max(rows, columns) > kWordCharactersMax) {
    return a == b ? 0 : limit + 1;
  }
  std::vector<std::vector<int>> cost(rows + 1, std::vector<int>(columns + 1));
  for (int i = 0; i <= rows; ++i) {
    for (int j = 0; j <= columns; ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const int changed = left[i - 1] == right[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + changed});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return std::min(cost[rows][columns], limit + 1);
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
  for (const std::string& candidate : candidates) {
    const int distance = EditDistance(lower, ToLower(candidate), allowed);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace allmende::policy
