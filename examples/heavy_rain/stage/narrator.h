// Tells the story: paragraphs, tables and ticks for people, at most 80 columns wide, coloured on a terminal only.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace heavy_rain {

// How many columns `text` (UTF-8, without wide characters) takes.
size_t Columns(const std::string& text);

// Words of `text`, broken into lines of at most `columns`; a longer word gets a line of its own.
std::vector<std::string> Wrap(const std::string& text, size_t columns);

class Narrator {
 public:
  enum class Tone { kPlain, kStrong, kDim, kGood, kBad, kWater };

  // Borrows `out`.
  Narrator(FILE* out, bool colours) : out_(out), colours_(colours) {}

  // Whether `out` is a terminal that shows colours, and the person has not asked for none (NO_COLOR).
  static bool WantsColours(FILE* out);

  void Title(const std::string& text);
  void Act(const std::string& text);                             // begins a part of the story
  void Say(const std::string& text);                             // a paragraph
  void Line(const std::string& text, Tone tone = Tone::kPlain);  // as it is
  void Command(const std::string& text);                         // that is being run; cut where it is too long
  void Tick(bool good, const std::string& text);                 // a point of the list at the end
  void Blank();

  // The first row is the head. Columns are as wide as their widest cell; columns of numbers stand to the
  // right. `bad` rows, counted from 1, are marked.
  void Table(const std::vector<std::vector<std::string>>& rows, const std::vector<size_t>& bad = {});

 private:
  void Print(const std::string& text, Tone tone);

  FILE* const out_;
  const bool colours_;
};

}  // namespace heavy_rain
