#include "examples/heavy_rain/report/report.h"

#include <charconv>

#include "absl/strings/str_cat.h"

namespace heavy_rain {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

void Escape(std::string_view value, std::string& out) {
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '%' && c != '=') {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[byte >> 4]);
      out.push_back(kDigits[byte & 15]);
    }
  }
}

bool Unescape(std::string_view value, std::string& out) {
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '%') {
      out.push_back(value[i]);
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= value.size()) return false;
    const char* const end = value.data() + i + 3;
    const auto [at, error] = std::from_chars(value.data() + i + 1, end, byte, 16);
    if (error != std::errc() || at != end) return false;
    out.push_back(static_cast<char>(byte));
    i += 2;
  }
  return true;
}

absl::Status NotALine(std::string_view line) {
  return absl::InvalidArgumentError(absl::StrCat("`", std::string(line.substr(0, 80)), "` is no report"));
}

}  // namespace

Report& Report::With(const std::string& name, std::string_view value) {
  values_[name] = std::string(value);
  return *this;
}

Report& Report::With(const std::string& name, uint64_t value) {
  return With(name, std::to_string(value));
}

std::string Report::Text(const std::string& name) const {
  const auto value = values_.find(name);
  return value == values_.end() ? "" : value->second;
}

uint64_t Report::Number(const std::string& name) const {
  const std::string text = Text(name);
  uint64_t number = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && at == text.data() + text.size() ? number : 0;
}

std::string Report::Line() const {
  std::string line;
  Escape(kind_, line);
  for (const auto& [name, value] : values_) {
    line.push_back(' ');
    Escape(name, line);
    line.push_back('=');
    Escape(value, line);
  }
  line.push_back('\n');
  return line;
}

absl::StatusOr<Report> Report::Parse(std::string_view line) {
  const size_t kind_end = line.find(' ');
  Report report("");
  if (!Unescape(line.substr(0, kind_end), report.kind_) || report.kind_.empty()) return NotALine(line);
  size_t at = kind_end;
  while (at != std::string_view::npos) {
    const size_t end = line.find(' ', at + 1);
    const std::string_view pair = line.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
    const size_t equals = pair.find('=');
    std::string name;
    std::string value;
    if (equals == std::string_view::npos || !Unescape(pair.substr(0, equals), name) || name.empty() ||
        !Unescape(pair.substr(equals + 1), value)) {
      return NotALine(line);
    }
    report.values_[name] = std::move(value);
    at = end;
  }
  return report;
}

}  // namespace heavy_rain
