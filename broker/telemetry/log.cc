#include "broker/telemetry/log.h"

#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace allmende::broker {
namespace {

// JSON's escapes; text lines use the same ones inside quotes.
void AppendEscaped(std::string_view text, std::string* out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (c == '\n') {
      out->append("\\n");
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(out, "\\u%04x", byte);
    } else {
      out->push_back(c);
    }
  }
}

constexpr size_t kValueBytesMax = 1'000;

bool StartsCharacter(char c) {
  return (static_cast<unsigned char>(c) & 0xC0u) != 0x80;
}

// What a peer sends must not fill the disk by way of the log.
std::string Shorten(const std::string& value) {
  if (value.size() <= kValueBytesMax) {
    return value;
  }
  size_t kept = kValueBytesMax;
  while (kept > kValueBytesMax - 4 && !StartsCharacter(value[kept])) {
    --kept;
  }
  return absl::StrFormat("%s… (%d bytes more)", value.substr(0, kept), value.size() - kept);
}

bool NeedsQuotes(std::string_view text) {
  if (text.empty()) {
    return true;
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '"' || c == '\\' || c == '=') {
      return true;
    }
  }
  return false;
}

void AppendQuoted(std::string_view text, std::string* out) {
  out->push_back('"');
  AppendEscaped(text, out);
  out->push_back('"');
}

spdlog::level::level_enum ToLevel(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return spdlog::level::debug;
    case Severity::kInfo:
      return spdlog::level::info;
    case Severity::kWarning:
      return spdlog::level::warn;
    case Severity::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

class SpdLogger : public Logger {
 public:
  SpdLogger(LogFormat format, Severity least)
      : format_(format), logger_("allmended", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(ToLevel(least));
    logger_.flush_on(spdlog::level::warn);
    logger_.set_pattern(format == LogFormat::kJson ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","severity":"%l",%v})"
                                                   : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v",
                        spdlog::pattern_time_type::utc);
  }

  void Log(Severity severity, std::string_view event, std::initializer_list<LogField> fields) override {
    const spdlog::level::level_enum level = ToLevel(severity);
    if (logger_.should_log(level)) {
      logger_.log(level, spdlog::string_view_t(FormatEvent(format_, event, fields)));
    }
  }

 private:
  const LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Logger> Logger::Create(LogFormat format, Severity least) {
  return std::make_unique<SpdLogger>(format, least);
}

std::string FormatEvent(LogFormat format, std::string_view event, std::initializer_list<LogField> fields) {
  std::string line;
  if (format == LogFormat::kText) {
    AppendEscaped(event, &line);
    for (const LogField& field : fields) {
      line.append(" ").append(field.key).append("=");
      const std::string value = Shorten(field.value);
      if (NeedsQuotes(value)) {
        AppendQuoted(value, &line);
      } else {
        line.append(value);
      }
    }
    return line;
  }
  line = "\"event\":";
  AppendQuoted(event, &line);
  for (const LogField& field : fields) {
    line.append(",\"").append(field.key).append("\":");
    AppendQuoted(Shorten(field.value), &line);
  }
  return line;
}

}  // namespace allmende::broker
