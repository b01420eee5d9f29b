// Finds the word that a writer may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace allmende::policy {

// The number of characters inserted, deleted, replaced or swapped with their neighbour that turn `a` into `b`. Both
// valid UTF-8. Stops counting above `limit` and answers `limit + 1`.
int EditDistance(std::string_view a, std::string_view b, int limit);

// The candidate nearest to `word`, the first of several; empty where none is near enough to be a slip of the keyboard
// (one edit up to 4 characters, two up to 8, otherwise three). Of many candidates only the first few thousand count.
std::string Suggest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace allmende::policy
