#include "sdk/tabular/reader/json_line.h"

#include <cstdint>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

#include "sdk/tabular/reader/input_error.h"

namespace allmende::tabular {
namespace {

constexpr size_t kDepthMax = 8;

// Receives the parser's events. A method that returns false ends the parse; `why_` says what is wrong.
class LineHandler {
 public:
  LineHandler(size_t values_max, JsonLine& out) : values_max_(values_max), out_(out) {}

  const std::string& why() const { return why_; }

  bool null() { return Add({}, true); }
  bool boolean(bool value) { return Add(value ? "true" : "false", false); }
  bool number_integer(int64_t value) { return Add(absl::StrCat(value), false); }
  bool number_unsigned(uint64_t value) { return Add(absl::StrCat(value), false); }
  bool number_float(double, const std::string& written) { return Add(written, false); }
  bool string(std::string& value) { return Add(value, false); }
  bool binary(nlohmann::json::binary_t&) { return Fail("holds binary data"); }

  bool start_object(size_t) {
    if (out_.is_array) {
      return Fail("has an object inside an array; give one array of plain values or one object a line");
    }
    if (prefix_bytes_.size() == kDepthMax) {
      return Fail(absl::StrCat("is nested deeper than ", kDepthMax, " levels"));
    }
    prefix_bytes_.push_back(prefix_.size());
    if (prefix_bytes_.size() > 1) {
      absl::StrAppend(&prefix_, name_, ".");
    }
    return true;
  }
  bool key(std::string& name) {
    name_ = std::move(name);
    return true;
  }
  bool end_object() {
    prefix_.resize(prefix_bytes_.back());
    prefix_bytes_.pop_back();
    return true;
  }
  bool start_array(size_t) {
    if (out_.is_array || !prefix_bytes_.empty()) {
      return Fail("has an array inside; only plain values can be imported");
    }
    out_.is_array = true;
    return true;
  }
  bool end_array() { return true; }

  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) {
    return Fail(absl::StrCat("is not valid JSON at byte ", position,
                             "; each line has to be one complete JSON object or array"));
  }

 private:
  bool Add(const std::string& text, bool is_null) {
    if (prefix_bytes_.empty() && !out_.is_array) {
      return Fail("is neither a JSON object nor a JSON array");
    }
    if (out_.count == values_max_) {
      return Fail(absl::StrCat("has more than ", values_max_, " values"));
    }
    if (out_.count == out_.values.size()) {
      out_.values.emplace_back();
    }
    JsonValue& value = out_.values[out_.count++];
    value.text = text;
    value.is_null = is_null;
    value.name.clear();
    if (!out_.is_array) {
      absl::StrAppend(&value.name, prefix_, name_);
      if (!names_.insert(value.name).second) {
        return Fail(absl::StrCat("has `", ClipForMessage(value.name), "` twice"));
      }
    }
    return true;
  }

  bool Fail(std::string why) {
    if (why_.empty()) {
      why_ = std::move(why);
    }
    return false;
  }

  const size_t values_max_;
  JsonLine& out_;
  std::string name_;
  std::string prefix_;
  std::vector<size_t> prefix_bytes_;  // length of prefix_ outside each open object
  std::unordered_set<std::string> names_;
  std::string why_;
};

}  // namespace

absl::Status ParseJsonLine(std::string_view text, size_t values_max, JsonLine& out) {
  out.is_array = false;
  out.count = 0;
  LineHandler handler(values_max, out);
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &handler)) {
    return absl::InvalidArgumentError(handler.why().empty() ? "is not valid JSON" : handler.why());
  }
  return absl::OkStatus();
}

}  // namespace allmende::tabular
