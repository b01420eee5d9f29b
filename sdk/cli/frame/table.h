// Results, written as the caller asked for them: `--output table|json|csv`.
//
//   Table table({"name", "kind", "stored"});
//   table.AddRow({Cell::Text(name), Cell::Text(kind), Cell::Bytes(bytes)});
//   Write(context, table);
//
// Tables are aligned text. JSON is an array of objects (of Details: one object). CSV is RFC 4180 with a header line.
// People get sizes and times in words, programs get numbers of bytes, RFC 3339 and microseconds of duration.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {

class Cell {
 public:
  static Cell Text(const std::string& text, Style style = Style::kPlain);
  static Cell Whole(int64_t number);   // with thousands separators for people
  static Cell Number(int64_t number);  // a name rather than an amount: without them
  static Cell Bytes(int64_t bytes);
  static Cell Bool(bool value, Style style = Style::kPlain);  // `yes` or `no` for people
  // Infinite past: nothing, shown as `-`; infinite future: nothing, shown as `without end`.
  static Cell Time(absl::Time time);
  static Cell Duration(absl::Duration duration);
  static Cell List(const std::vector<std::string>& texts);
  static Cell None();  // `-`, null, empty

  // Another text for people.
  Cell Shown(const std::string& text) &&;

  const std::string& shown() const { return shown_; }
  const std::string& json() const { return json_; }
  const std::string& csv() const { return csv_; }
  bool right() const { return right_; }
  Style style() const { return style_; }

 private:
  Cell(std::string shown, std::string json, std::string csv, bool right)
      : shown_(std::move(shown)), json_(std::move(json)), csv_(std::move(csv)), right_(right) {}

  std::string shown_;
  std::string json_;  // as JSON writes it
  std::string csv_;   // before quoting
  bool right_ = false;
  Style style_ = Style::kPlain;
};

class Table {
 public:
  // `columns`: names in snake_case, keys of the JSON. Programs need the unit in the name, people see it with the value:
  // these get spaces for underscores and no `_bytes` or `_us` at the end.
  explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  // A table of somebody's data, whose columns have the names that they gave them.
  static Table OfData(std::vector<std::string> columns) {
    Table table(std::move(columns));
    table.of_data_ = true;
    return table;
  }

  // As many cells as columns.
  void AddRow(std::vector<Cell> cells);
  // What people read where there is no row, for example `no datasets yet`.
  void SetEmptyText(std::string text) { empty_ = std::move(text); }

  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<std::vector<Cell>>& rows() const { return rows_; }
  const std::string& empty_text() const { return empty_; }
  bool of_data() const { return of_data_; }

 private:
  std::vector<std::string> columns_;
  bool of_data_ = false;
  std::vector<std::vector<Cell>> rows_;
  std::string empty_ = "nothing";
};

// One thing, as a list of names and values.
class Details {
 public:
  // `name` as the columns of a Table.
  void Add(const std::string& name, Cell cell) { items_.push_back({name, std::move(cell), false}); }
  // A field of somebody's data, whose name is theirs.
  void AddData(const std::string& name, Cell cell) { items_.push_back({name, std::move(cell), true}); }

  struct Item {
    std::string name;
    Cell cell;
    bool of_data;
  };
  const std::vector<Item>& items() const { return items_; }

 private:
  std::vector<Item> items_;
};

void Write(Context& context, const Table& table);
void Write(Context& context, const Details& details);

}  // namespace allmende::cli
