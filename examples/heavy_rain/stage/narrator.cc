#include "examples/heavy_rain/stage/narrator.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace heavy_rain {
namespace {

constexpr size_t kWidth = 80;
constexpr char kIndent[] = "  ";

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::string Cut(const std::string& text, size_t columns) {
  if (Columns(text) <= columns) return text;
  size_t bytes = 0;
  for (size_t seen = 0; bytes < text.size(); ++bytes) {
    if (!IsContinuation(text[bytes]) && ++seen > columns - 3) break;
  }
  return text.substr(0, bytes) + "...";
}

const char* ColourOf(Narrator::Tone tone) {
  switch (tone) {
    case Narrator::Tone::kPlain:
      return "";
    case Narrator::Tone::kStrong:
      return "\x1b[1m";
    case Narrator::Tone::kDim:
      return "\x1b[2m";
    case Narrator::Tone::kGood:
      return "\x1b[32m";
    case Narrator::Tone::kBad:
      return "\x1b[1;31m";
    case Narrator::Tone::kWater:
      return "\x1b[36m";
  }
  return "";
}

bool IsNumber(const std::string& cell) {
  return cell.find_first_not_of("0123456789.-") == std::string::npos;
}

// Columns of nothing but numbers stand to the right.
std::vector<bool> StandRight(const std::vector<std::vector<std::string>>& rows, size_t columns) {
  std::vector<bool> right(columns, rows.size() > 1);
  for (size_t number = 1; number < rows.size(); ++number) {
    for (size_t i = 0; i < rows[number].size(); ++i) right[i] = right[i] && IsNumber(rows[number][i]);
  }
  return right;
}

}  // namespace

size_t Columns(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

std::vector<std::string> Wrap(const std::string& text, size_t columns) {
  std::vector<std::string> lines(1);
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    begin = end + 1;
    if (word.empty()) continue;
    if (!lines.back().empty() && Columns(lines.back()) + 1 + Columns(word) > columns) lines.emplace_back();
    absl::StrAppend(&lines.back(), lines.back().empty() ? "" : " ", word);
  }
  return lines;
}

bool Narrator::WantsColours(FILE* out) {
  const char* const terminal = std::getenv("TERM");
  return isatty(fileno(out)) == 1 && std::getenv("NO_COLOR") == nullptr &&
         (terminal == nullptr || std::strcmp(terminal, "dumb") != 0);
}

void Narrator::Print(const std::string& text, Tone tone) {
  const char* const colour = colours_ ? ColourOf(tone) : "";
  std::fprintf(out_, "%s%s%s\n", colour, text.c_str(), *colour != '\0' ? "\x1b[0m" : "");
  std::fflush(out_);
}

void Narrator::Title(const std::string& text) {
  Print(std::string(kWidth, '='), Tone::kWater);
  Print(text, Tone::kStrong);
  Print(std::string(kWidth, '='), Tone::kWater);
}

void Narrator::Act(const std::string& text) {
  Blank();
  const std::string head = absl::StrCat("--- ", text, " ");
  const size_t columns = Columns(head);
  Print(head + std::string(columns < kWidth ? kWidth - columns : 0, '-'), Tone::kStrong);
}

void Narrator::Say(const std::string& text) {
  for (const std::string& line : Wrap(text, kWidth)) Print(line, Tone::kPlain);
}

void Narrator::Line(const std::string& text, Tone tone) {
  Print(kIndent + text, tone);
}

void Narrator::Command(const std::string& text) {
  Print(kIndent + Cut("$ " + text, kWidth - std::strlen(kIndent)), Tone::kDim);
}

void Narrator::Tick(bool good, const std::string& text) {
  const std::string mark = good ? "[ok]     " : "[FAILED] ";
  std::string before = mark;
  for (const std::string& line : Wrap(text, kWidth - mark.size() - std::strlen(kIndent))) {
    Print(kIndent + before + line, good ? Tone::kGood : Tone::kBad);
    before = std::string(mark.size(), ' ');
  }
}

void Narrator::Blank() {
  Print("", Tone::kPlain);
}

void Narrator::Table(const std::vector<std::vector<std::string>>& rows, const std::vector<size_t>& bad) {
  std::vector<size_t> widths;
  for (const std::vector<std::string>& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i]));
  }
  const std::vector<bool> right = StandRight(rows, widths.size());
  for (size_t number = 0; number < rows.size(); ++number) {
    std::string line;
    for (size_t i = 0; i < rows[number].size(); ++i) {
      const std::string& cell = rows[number][i];
      const std::string space(widths[i] - Columns(cell), ' ');
      absl::StrAppend(&line, i == 0 ? "" : "  ", right[i] ? space + cell : cell + space);
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    const bool marked = std::find(bad.begin(), bad.end(), number) != bad.end();
    Line(line, marked ? Tone::kBad : number == 0 ? Tone::kStrong : Tone::kPlain);
    if (number == 0) {
      size_t width = widths.empty() ? 0 : 2 * (widths.size() - 1);
      for (const size_t column : widths) width += column;
      Line(std::string(width, '-'), Tone::kDim);
    }
  }
}

}  // namespace heavy_rain
