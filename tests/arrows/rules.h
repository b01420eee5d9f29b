// The rules that keep folders in order: each function returns what is wrong, one sentence each, with file and line.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/arrows/architecture.h"
#include "tests/arrows/source_tree.h"

namespace allmende::arrows {

// Whether the checks read a file at all: C++ in one of the layers.
bool IsLayerCode(absl::string_view path);

// The arrows that the tree really has, between folders, in the form of ARCHITECTURE.md's block. Includes of tests,
// fuzzers and benchmarks are no arrows: these may use everything of their own layer and below.
Lines ArrowsOf(const SourceTree& tree);

// Each include of the tree follows a listed arrow, each listed arrow is followed by an include, each folder with code
// has a line and each line's folder has code.
std::vector<std::string> CheckArrows(const SourceTree& tree, const Architecture& architecture);

// Layers point one way (proto <- policy <- sdk <- broker <- examples, tests), the listed arrows have no cycle, public
// headers stand on public headers and the wire API alone, and so do the examples; folders named `testing` are for
// tests.
std::vector<std::string> CheckLayers(const SourceTree& tree, const Architecture& architecture);

// Libraries are used where they are listed only, and pure folders use nothing that is listed for them. Tests of a pure
// folder may (they read files).
std::vector<std::string> CheckLibraries(const SourceTree& tree, const Architecture& architecture);

}  // namespace allmende::arrows
