#include "tests/real_data/plain_csv.h"

#include <zlib.h>

#include <cstdio>
#include <cstdlib>

#include "nlohmann/json.hpp"

namespace allmende::real_data {
namespace {

constexpr int64_t kDaySeconds = 86'400;
constexpr int64_t kMicros = 1'000'000;

std::vector<std::vector<std::string>> Split(const std::string& text, char delimiter) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        row.back().push_back(c);
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        row.back().push_back('"');
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && row.back().empty()) {
      quoted = true;
    } else if (c == delimiter) {
      row.emplace_back();
    } else if (c == '\n') {
      if (row.size() > 1 || !row[0].empty()) rows.push_back(row);
      row.assign(1, "");
    } else if (c != '\r') {
      row.back().push_back(c);
    }
  }
  if (row.size() > 1 || !row[0].empty()) rows.push_back(row);
  return rows;
}

// Days since 1970-01-01, counted out year by year.
int64_t Days(int year, int month, int day) {
  const auto leap = [](int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; };
  constexpr int kMonthDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int64_t days = day - 1;
  for (int y = 1970; y < year; ++y) days += leap(y) ? 366 : 365;
  for (int m = 1; m < month; ++m) days += kMonthDays[m - 1] + (m == 2 && leap(year) ? 1 : 0);
  return days;
}

int64_t LastSunday(int year, int month) {
  const int64_t last = Days(year, month, 31);
  return last - (last + 4) % 7;  // 1970-01-01 was a Thursday
}

}  // namespace

std::string ReadWhole(const std::string& path) {
  std::string text;
  gzFile file = gzopen(path.c_str(), "rb");  // passes on what is no gzip
  if (file == nullptr) return text;
  std::vector<char> buffer(1 << 20);
  for (int count; (count = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0;) {
    text.append(buffer.data(), static_cast<size_t>(count));
  }
  gzclose(file);
  return text;
}

std::vector<PlainRow> PlainCsv(const std::string& path, char delimiter) {
  const auto lines = Split(ReadWhole(path), delimiter);
  std::vector<PlainRow> rows;
  for (size_t i = 1; i < lines.size(); ++i) {
    PlainRow& row = rows.emplace_back();
    for (size_t column = 0; column < lines[0].size(); ++column) {
      row[lines[0][column]] = lines[i].at(column);
    }
  }
  return rows;
}

std::vector<PlainRow> PlainJsonArrays(const std::string& path, const std::vector<std::string>& columns) {
  const std::string text = ReadWhole(path);
  std::vector<PlainRow> rows;
  for (size_t start = 0, end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    const auto array = nlohmann::json::parse(text.substr(start, end - start));
    PlainRow& row = rows.emplace_back();
    for (size_t i = 0; i < columns.size(); ++i) {
      row[columns[i]] = array.at(i).is_string() ? array.at(i).get<std::string>() : array.at(i).dump();
    }
  }
  return rows;
}

int64_t BerlinTime(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (text.find('.') != std::string::npos) {
    std::sscanf(text.c_str(), "%d.%d.%d %d:%d:%d", &day, &month, &year, &hour, &minute, &second);
  } else {
    std::sscanf(text.c_str(), "%d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute, &second);
  }
  const int64_t local = Days(year, month, day) * kDaySeconds + hour * 3600 + minute * 60 + second;
  const bool summer =
      local >= LastSunday(year, 3) * kDaySeconds + 3 * 3600 && local < LastSunday(year, 10) * kDaySeconds + 3 * 3600;
  return (local - (summer ? 7200 : 3600)) * kMicros;
}

int64_t UtcTime(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  char fraction[8] = "";
  std::sscanf(text.c_str(), "%d-%d-%d%*1[T ]%d:%d:%d.%6[0-9]", &year, &month, &day, &hour, &minute, &second, fraction);
  std::string micros = fraction;
  micros.resize(6, '0');
  return (Days(year, month, day) * kDaySeconds + hour * 3600 + minute * 60 + second) * kMicros +
         std::atoll(micros.c_str());
}

}  // namespace allmende::real_data
