#include "tests/arrows/rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace allmende::arrows {
namespace {

constexpr std::array<absl::string_view, 6> kLayers = {"proto", "policy", "sdk", "broker", "examples", "tests"};
constexpr absl::string_view kPublicHeaders = "sdk/include/allmende";
constexpr absl::string_view kWireApi = "proto";

absl::string_view TopOf(absl::string_view path) {
  return path.substr(0, path.find('/'));
}

size_t LayerOf(absl::string_view path) {
  return std::find(kLayers.begin(), kLayers.end(), TopOf(path)) - kLayers.begin();
}

// examples and tests stand side by side, on everything below.
bool MayStandOn(absl::string_view folder, absl::string_view other) {
  const size_t upper = LayerOf(folder);
  const size_t lower = LayerOf(other);
  return upper == lower || (lower < upper && kLayers[lower] != "examples");
}

// Files that are not part of what a folder's target offers: they may look around in their layer.
bool IsTestCode(absl::string_view path) {
  const absl::string_view stem = path.substr(0, path.rfind('.'));
  return absl::EndsWith(stem, "_test") || absl::EndsWith(stem, "_fuzz") || absl::EndsWith(stem, "_benchmark");
}

// `policy/testing`: what several tests share.
bool IsTestingFolder(absl::string_view folder) {
  return absl::EndsWith(folder, "/testing");
}

bool IsBelow(absl::string_view path, absl::string_view folder) {
  return path == folder || (absl::StartsWith(path, folder) && path[folder.size()] == '/');
}

// The folder of ours that an include leads to, if it is one of ours. Generated headers belong to `proto`.
std::optional<std::string> FolderOfInclude(const SourceTree& tree, const std::string& target) {
  if (tree.count(target) > 0) {
    return std::string(FolderOf(target));
  }
  const std::string public_header = absl::StrCat("sdk/include/", target);
  if (tree.count(public_header) > 0) {
    return std::string(FolderOf(public_header));
  }
  if (absl::StartsWith(target, "allmende/") && absl::EndsWith(target, ".pb.h")) {
    return std::string(kWireApi);
  }
  return std::nullopt;
}

std::string At(const std::string& path, const Include& include) {
  return absl::StrCat(path, ":", include.line, ": ");
}

// Calls `visit(path, include, folder)` for each include that leads to another folder of ours.
template <typename Visit>
void ForEachArrow(const SourceTree& tree, Visit visit) {
  for (const auto& [path, content] : tree) {
    for (const Include& include : IncludesOf(content)) {
      const std::optional<std::string> folder = FolderOfInclude(tree, include.target);
      if (folder.has_value() && *folder != FolderOf(path)) {
        visit(path, include, *folder);
      }
    }
  }
}

// Depth first; `trail` is the way from the start to `folder`, `done` what leads to no cycle.
bool FindCycle(const Lines& arrows, const std::string& folder, std::vector<std::string>& trail,
               std::set<std::string>& done) {
  if (done.count(folder) > 0) {
    return false;
  }
  const auto seen = std::find(trail.begin(), trail.end(), folder);
  if (seen != trail.end()) {
    trail.erase(trail.begin(), seen);
    trail.push_back(folder);
    return true;
  }
  trail.push_back(folder);
  const auto line = arrows.find(folder);
  if (line != arrows.end()) {
    for (const std::string& next : line->second) {
      if (FindCycle(arrows, next, trail, done)) {
        return true;
      }
    }
  }
  trail.pop_back();
  done.insert(folder);
  return false;
}

// What protoc makes, of the wire API and of the schemas in examples/.
bool IsGenerated(absl::string_view path) {
  return absl::EndsWith(path, ".pb.h");
}

bool StandsOnPublicApiOnly(absl::string_view folder) {
  return TopOf(folder) == "examples" || IsBelow(folder, kPublicHeaders);
}

}  // namespace

bool IsLayerCode(absl::string_view path) {
  return LayerOf(path) < kLayers.size() && (absl::EndsWith(path, ".h") || absl::EndsWith(path, ".cc"));
}

Lines ArrowsOf(const SourceTree& tree) {
  Lines arrows;
  for (const auto& [path, content] : tree) {
    arrows.emplace(FolderOf(path), std::set<std::string>());
  }
  ForEachArrow(tree, [&](const std::string& path, const Include&, const std::string& folder) {
    if (!IsTestCode(path)) {
      arrows[std::string(FolderOf(path))].insert(folder);
    }
  });
  return arrows;
}

std::vector<std::string> CheckArrows(const SourceTree& tree, const Architecture& architecture) {
  std::vector<std::string> wrong;
  const auto may_use_all = [&](absl::string_view folder) {
    const auto line = architecture.arrows.find(std::string(folder));
    return line != architecture.arrows.end() && line->second.count("*") > 0;
  };
  ForEachArrow(tree, [&](const std::string& path, const Include& include, const std::string& folder) {
    const auto line = architecture.arrows.find(std::string(FolderOf(path)));
    if (line != architecture.arrows.end() && !IsTestCode(path) && !may_use_all(line->first) &&
        line->second.count(folder) == 0) {
      wrong.push_back(
          absl::StrCat(At(path, include), "ARCHITECTURE.md lists no arrow from ", line->first, " to ", folder));
    }
  });
  const Lines real = ArrowsOf(tree);
  for (const auto& [folder, targets] : real) {
    if (architecture.arrows.count(folder) == 0) {
      wrong.push_back(absl::StrCat("ARCHITECTURE.md has no line for the folder ", folder));
    }
  }
  for (const auto& [folder, targets] : architecture.arrows) {
    const auto line = real.find(folder);
    if (line == real.end()) {
      if (folder != kWireApi) {
        wrong.push_back(absl::StrCat("ARCHITECTURE.md names the folder ", folder, ", which holds no code"));
      }
      continue;
    }
    for (const std::string& target : targets) {
      if (target == "*" ? TopOf(folder) != "tests" : line->second.count(target) == 0) {
        wrong.push_back(absl::StrCat("ARCHITECTURE.md lists an arrow from ", folder, " to ", target,
                                     target == "*" ? ", which only tests may have" : ", which no include follows"));
      }
    }
  }
  return wrong;
}

std::vector<std::string> CheckLayers(const SourceTree& tree, const Architecture& architecture) {
  std::vector<std::string> wrong;
  ForEachArrow(tree, [&](const std::string& path, const Include& include, const std::string& folder) {
    const absl::string_view from = FolderOf(path);
    if (!MayStandOn(from, folder)) {
      wrong.push_back(absl::StrCat(At(path, include), TopOf(from), " must not stand on ", TopOf(folder)));
    } else if (StandsOnPublicApiOnly(from) && !IsBelow(folder, kPublicHeaders) && folder != kWireApi &&
               TopOf(folder) != "examples") {
      wrong.push_back(absl::StrCat(At(path, include), from, " may include public headers (", kPublicHeaders,
                                   ") and the wire API only, not ", folder));
    }
  });
  ForEachArrow(tree, [&](const std::string& path, const Include& include, const std::string& folder) {
    if (IsTestingFolder(folder) && !IsTestCode(path) && !IsTestingFolder(FolderOf(path)) && TopOf(path) != "tests") {
      wrong.push_back(absl::StrCat(At(path, include), folder, " is for tests"));
    }
  });
  for (const auto& [path, content] : tree) {
    for (const Include& include : IncludesOf(content)) {
      if (absl::StartsWith(include.target, ".")) {
        wrong.push_back(
            absl::StrCat(At(path, include), "includes are named from the project's folder, not ", include.target));
      }
      if (IsLayerCode(include.target) && !IsGenerated(include.target) && tree.count(include.target) == 0) {
        wrong.push_back(absl::StrCat(At(path, include), "there is no file ", include.target));
      }
    }
  }
  std::set<std::string> done;
  for (const auto& [folder, targets] : architecture.arrows) {
    std::vector<std::string> trail;
    if (FindCycle(architecture.arrows, folder, trail, done)) {
      wrong.push_back(absl::StrCat("a cycle of folders: ", absl::StrJoin(trail, " -> ")));
      break;
    }
  }
  return wrong;
}

std::vector<std::string> CheckLibraries(const SourceTree& tree, const Architecture& architecture) {
  std::vector<std::string> wrong;
  for (const auto& [path, content] : tree) {
    for (const Include& include : IncludesOf(content)) {
      if (tree.count(include.target) > 0) {
        continue;
      }
      for (const auto& [library, places] : architecture.libraries) {
        if (absl::StartsWith(include.target, library) && places.count(path) == 0 &&
            places.count(std::string(FolderOf(path))) == 0) {
          wrong.push_back(
              absl::StrCat(At(path, include), "<", include.target, "> is for ", absl::StrJoin(places, ", "), " only"));
        }
      }
      for (const auto& [folder, forbidden] : architecture.pure) {
        if (IsBelow(path, folder) && !IsTestCode(path) && !IsTestingFolder(FolderOf(path)) &&
            forbidden.count(include.target) > 0) {
          wrong.push_back(absl::StrCat(At(path, include), folder, " is pure: no <", include.target, ">"));
        }
      }
    }
  }
  return wrong;
}

}  // namespace allmende::arrows
