#include "sdk/cli/frame/table.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace allmende::cli {
namespace {

std::string ShownName(const std::string& name, bool of_data) {
  if (of_data) return Printable(name);
  std::string shown = name;
  for (const char* unit : {"_bytes", "_us"}) {
    if (absl::EndsWith(shown, unit)) shown.resize(shown.size() - std::string(unit).size());
  }
  return absl::StrReplaceAll(shown, {{"_", " "}});
}

std::string Padded(const std::string& text, int width, bool right) {
  const std::string pad(std::max(0, width - DisplayWidth(text)), ' ');
  return right ? pad + text : text + pad;
}

// A column of numbers stands to the right.
std::vector<bool> RightColumns(const Table& table) {
  std::vector<bool> right(table.columns().size(), false);
  if (table.rows().empty()) return right;
  for (size_t i = 0; i < right.size(); ++i) right[i] = table.rows().front()[i].right();
  return right;
}

void WriteText(Context& context, const Table& table) {
  if (table.rows().empty()) {
    if (!context.quiet) *context.err << table.empty_text() << "\n";
    return;
  }
  const std::vector<bool> right = RightColumns(table);
  std::vector<int> widths;
  for (size_t i = 0; i < table.columns().size(); ++i) {
    int width = DisplayWidth(ShownName(table.columns()[i], table.of_data()));
    for (const auto& row : table.rows()) width = std::max(width, DisplayWidth(row[i].shown()));
    widths.push_back(width);
  }
  const auto line = [&](auto cell) {
    size_t end = widths.size();  // no blanks behind the last text
    while (end > 1 && cell(end - 1).first.empty()) --end;
    for (size_t i = 0; i < end; ++i) {
      const bool last = i + 1 == end;
      const auto [text, style] = cell(i);
      const std::string padded = last && !right[i] ? text : Padded(text, widths[i], right[i]);
      *context.out << Styled(padded, style, context.out_colours) << (last ? "\n" : "  ");
    }
  };
  line([&](size_t i) { return std::pair(ShownName(table.columns()[i], table.of_data()), Style::kBold); });
  for (const auto& row : table.rows()) {
    line([&](size_t i) { return std::pair(row[i].shown(), row[i].style()); });
  }
}

template <typename NameAt, typename CellAt>
std::string JsonObject(size_t size, NameAt name, CellAt cell) {
  std::string text = "{";
  for (size_t i = 0; i < size; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", JsonText(name(i)), ": ", cell(i).json());
  }
  return absl::StrCat(text, "}");
}

void WriteJson(Context& context, const Table& table) {
  *context.out << "[";
  const char* separator = "\n  ";
  for (const auto& row : table.rows()) {
    *context.out << separator
                 << JsonObject(
                        row.size(), [&](size_t i) { return table.columns()[i]; },
                        [&](size_t i) -> const Cell& { return row[i]; });
    separator = ",\n  ";
  }
  *context.out << (table.rows().empty() ? "]\n" : "\n]\n");
}

void WriteCsv(Context& context, const Table& table) {
  const auto line = [&](auto text) {
    for (size_t i = 0; i < table.columns().size(); ++i) *context.out << (i == 0 ? "" : ",") << CsvText(text(i));
    *context.out << "\n";
  };
  line([&](size_t i) { return table.columns()[i]; });
  for (const auto& row : table.rows()) {
    line([&](size_t i) { return row[i].csv(); });
  }
}

}  // namespace

Cell Cell::Text(const std::string& text, Style style) {
  Cell cell(Printable(text), JsonText(text), text, false);
  cell.style_ = style;
  return cell;
}
Cell Cell::Whole(int64_t number) {
  return {CountText(number), absl::StrCat(number), absl::StrCat(number), true};
}
Cell Cell::Number(int64_t number) {
  return {absl::StrCat(number), absl::StrCat(number), absl::StrCat(number), true};
}
Cell Cell::Bytes(int64_t bytes) {
  return {BytesText(bytes), absl::StrCat(bytes), absl::StrCat(bytes), true};
}
Cell Cell::Bool(bool value, Style style) {
  const char* word = value ? "true" : "false";
  Cell cell(value ? "yes" : "no", word, word, false);
  cell.style_ = style;
  return cell;
}
Cell Cell::Time(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return {TimeText(time), "null", "", false};
  return {TimeText(time), absl::StrCat("\"", Rfc3339(time), "\""), Rfc3339(time), false};
}
Cell Cell::Duration(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return {DurationText(duration), "null", "", true};
  const std::string microseconds = absl::StrCat(absl::ToInt64Microseconds(duration));
  return {DurationText(duration), microseconds, microseconds, true};
}
Cell Cell::List(const std::vector<std::string>& texts) {
  const std::string shown = Printable(absl::StrJoin(texts, ", "));
  const auto json = [](std::string* out, const std::string& text) { absl::StrAppend(out, JsonText(text)); };
  return {shown.empty() ? "-" : shown, absl::StrCat("[", absl::StrJoin(texts, ", ", json), "]"),
          absl::StrJoin(texts, " "), false};
}
Cell Cell::None() {
  return {"-", "null", "", false};
}
Cell Cell::Shown(const std::string& text) && {
  shown_ = Printable(text);
  return std::move(*this);
}

void Table::AddRow(std::vector<Cell> cells) {
  if (cells.size() != columns_.size()) {
    std::fprintf(stderr, "allmende: a row has %zu cells for %zu columns\n", cells.size(), columns_.size());
    std::abort();
  }
  rows_.push_back(std::move(cells));
}

void Write(Context& context, const Table& table) {
  switch (context.output) {
    case OutputFormat::kTable:
      return WriteText(context, table);
    case OutputFormat::kJson:
      return WriteJson(context, table);
    case OutputFormat::kCsv:
      return WriteCsv(context, table);
  }
}

void Write(Context& context, const Details& details) {
  const auto& items = details.items();
  if (context.output == OutputFormat::kJson) {
    *context.out << JsonObject(
                        items.size(), [&](size_t i) { return items[i].name; },
                        [&](size_t i) -> const Cell& { return items[i].cell; })
                 << "\n";
    return;
  }
  if (context.output == OutputFormat::kCsv) {
    std::vector<std::string> names;
    std::vector<Cell> cells;
    for (const Details::Item& item : items) {
      names.push_back(item.name);
      cells.push_back(item.cell);
    }
    Table table(std::move(names));
    table.AddRow(std::move(cells));
    return WriteCsv(context, table);
  }
  int width = 0;
  for (const Details::Item& item : items) width = std::max(width, DisplayWidth(ShownName(item.name, item.of_data)));
  for (const Details::Item& item : items) {
    *context.out << Styled(Padded(ShownName(item.name, item.of_data), width, false), Style::kDim, context.out_colours)
                 << "  " << Styled(item.cell.shown(), item.cell.style(), context.out_colours) << "\n";
  }
}

}  // namespace allmende::cli
