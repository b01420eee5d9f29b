#include "policy/language/source_text.h"

#include <algorithm>
#include <iterator>

namespace allmende::policy {
namespace {

constexpr size_t kBlockBytes = 256;

// Characters of a line that are shown at most, and how many of them stand before the column.
constexpr int kShownMax = 120;
constexpr int kShownBefore = 60;

size_t CountContinuationBytes(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) == 0x80; }));
}

struct Decoded {
  size_t length = 0;  // 0: no valid character starts here
  char32_t code_point = 0;
};

// Decodes one character strictly: no overlong forms, no surrogates, nothing above U+10FFFF.
Decoded Decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    return {1, lead};
  }
  size_t length = 0;
  char32_t code_point = 0;
  char32_t least = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2, code_point = lead & 0x1Fu, least = 0x80;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3, code_point = lead & 0x0Fu, least = 0x800;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4, code_point = lead & 0x07u, least = 0x10000;
  } else {
    return {};
  }
  if (text.size() < length) {
    return {};
  }
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80) {
      return {};
    }
    code_point = (code_point << 6) | (byte(i) & 0x3Fu);
  }
  if (code_point < least || code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) {
    return {};
  }
  return {length, code_point};
}

bool Hides(char32_t c) {
  const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7F && c < 0xA0);
  const bool turns_direction =
      (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
  const bool invisible = c == 0x200B || c == 0x2060 || c == 0xFEFF || c == 0x2028 || c == 0x2029;
  return control || turns_direction || invisible;
}

}  // namespace

std::optional<BadCharacter> FindBadCharacter(std::string_view text) {
  for (size_t offset = 0; offset < text.size();) {
    const Decoded decoded = Decode(text.substr(offset));
    if (decoded.length == 0) {
      return BadCharacter{offset, true, static_cast<unsigned char>(text[offset])};
    }
    if (Hides(decoded.code_point)) {
      return BadCharacter{offset, false, decoded.code_point};
    }
    offset += decoded.length;
  }
  return std::nullopt;
}

std::vector<std::string_view> SplitCharacters(std::string_view text) {
  std::vector<std::string_view> characters;
  for (size_t offset = 0; offset < text.size();) {
    const size_t length = std::max<size_t>(1, Decode(text.substr(offset)).length);
    characters.push_back(text.substr(offset, length));
    offset += length;
  }
  return characters;
}

int CountCharacters(std::string_view text) {
  return static_cast<int>(text.size() - CountContinuationBytes(text));
}

SourceText::SourceText(std::string_view text) : text_(text), line_starts_{0} {
  for (size_t offset = 0; offset < text.size(); ++offset) {
    if (text[offset] == '\n') {
      line_starts_.push_back(offset + 1);
    }
  }
  size_t before = 0;
  for (size_t offset = 0; offset <= text.size(); offset += kBlockBytes) {
    continuation_before_block_.push_back(before);
    before += CountContinuationBytes(text.substr(offset, kBlockBytes));
  }
}

std::string_view SourceText::Line(int line) const {
  if (line < 1 || static_cast<size_t>(line) > line_starts_.size()) {
    return {};
  }
  const size_t begin = line_starts_[line - 1];
  std::string_view rest = text_.substr(begin);
  rest = rest.substr(0, rest.find('\n'));
  if (!rest.empty() && rest.back() == '\r') {
    rest.remove_suffix(1);
  }
  return rest;
}

size_t SourceText::ContinuationBytesBefore(size_t offset) const {
  const size_t block = offset / kBlockBytes;
  const size_t begin = block * kBlockBytes;
  return continuation_before_block_[block] + CountContinuationBytes(text_.substr(begin, offset - begin));
}

FilePosition SourceText::PositionAt(size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const size_t begin = *std::prev(next);
  const size_t characters = offset - begin - (ContinuationBytesBefore(offset) - ContinuationBytesBefore(begin));
  return {static_cast<int>(next - line_starts_.begin()), static_cast<int>(characters) + 1};
}

FilePosition SourceText::PositionOf(int line_from_zero, int byte_from_zero) const {
  if (line_from_zero < 0 || static_cast<size_t>(line_from_zero) >= line_starts_.size()) {
    return PositionAt(text_.size());
  }
  return PositionAt(line_starts_[line_from_zero] + static_cast<size_t>(std::max(0, byte_from_zero)));
}

SourceText::Excerpt SourceText::ExcerptAt(FilePosition position) const {
  const std::vector<std::string_view> characters = SplitCharacters(Line(position.line));
  const int count = static_cast<int>(characters.size());
  const int begin = count > kShownMax ? std::clamp(position.column - kShownBefore, 0, count - kShownMax) : 0;
  const int end = std::min(count, begin + kShownMax);
  Excerpt excerpt;
  excerpt.column = position.column - begin;
  if (begin > 0) {
    excerpt.text = "…";
    ++excerpt.column;
  }
  for (int i = begin; i < end; ++i) {
    if (characters[i] == "\t") {
      excerpt.text += " ";
    } else {
      // Whatever could change what a terminal shows is replaced.
      excerpt.text += FindBadCharacter(characters[i]) ? "\uFFFD" : characters[i];
    }
  }
  if (end < count) {
    excerpt.text += "…";
  }
  return excerpt;
}

}  // namespace allmende::policy
