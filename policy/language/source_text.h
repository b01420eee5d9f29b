// A policy file's text: its lines, and its columns in characters. Borrows the text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model/refusal.h"

namespace allmende::policy {

// A character that a policy file must not hold: a byte that is no UTF-8, or a code point that hides what a reader sees
// (control characters, and those that turn the direction of writing).
struct BadCharacter {
  size_t offset = 0;
  bool invalid_utf8 = false;
  char32_t code_point = 0;  // the byte where `invalid_utf8`
};

std::optional<BadCharacter> FindBadCharacter(std::string_view text);

// Characters of valid UTF-8 text; a byte that is none stands for itself.
std::vector<std::string_view> SplitCharacters(std::string_view text);

// Number of characters of UTF-8 text.
int CountCharacters(std::string_view text);

class SourceText {
 public:
  explicit SourceText(std::string_view text);

  std::string_view text() const { return text_; }

  // The line without its end; empty outside the text.
  std::string_view Line(int line) const;

  // Where the byte at `offset` stands.
  FilePosition PositionAt(size_t offset) const;

  // Where a byte stands that is given by its line and its place within the line, both counted from 0.
  FilePosition PositionOf(int line_from_zero, int byte_from_zero) const;

  // The part of a line around a column, with tabs as blanks, at most 120 characters and ellipses where it was cut.
  struct Excerpt {
    std::string text;
    int column = 1;  // where the column stands in `text`, from 1
  };
  Excerpt ExcerptAt(FilePosition position) const;

 private:
  size_t ContinuationBytesBefore(size_t offset) const;

  std::string_view text_;
  std::vector<size_t> line_starts_;
  // How many bytes before each block's start do not begin a character. A file may be one line of a megabyte: columns
  // must not cost a walk through the whole line each.
  std::vector<size_t> continuation_before_block_;
};

}  // namespace allmende::policy
