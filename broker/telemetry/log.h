// Structured logs: one event a line, as text or JSON, on standard error. What happened and to whom; never a payload, a
// key or a secret.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace allmende::broker {

enum class LogFormat { kText, kJson };
enum class Severity { kDebug, kInfo, kWarning, kError };

struct LogField {
  std::string_view key;  // a lower-case word
  std::string value;
};

// Thread-safe. A line is written whole and flushed from warnings on.
class Logger {
 public:
  static std::unique_ptr<Logger> Create(LogFormat format, Severity least);
  virtual ~Logger() = default;

  // `event` is a short lower-case sentence that stays the same from line to line; what varies goes into fields.
  virtual void Log(Severity severity, std::string_view event, std::initializer_list<LogField> fields = {}) = 0;

  void Info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    Log(Severity::kInfo, event, fields);
  }
  void Warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    Log(Severity::kWarning, event, fields);
  }
  void Error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    Log(Severity::kError, event, fields);
  }
};

// The line's content without time and severity: `event key=value ...` with values quoted where needed, or JSON members
// `"event":"...","key":"..."`. Control characters are escaped, so that a value cannot forge a line. A value of
// over 1,000 bytes is cut and says how many are left out.
std::string FormatEvent(LogFormat format, std::string_view event, std::initializer_list<LogField> fields);

}  // namespace allmende::broker
