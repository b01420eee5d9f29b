// What a broker tells a monitoring system, in the text form of Prometheus. Every name begins with `allmende_` (or
// `process_`, by that system's custom). Labels have few values by construction: no participant, key or dataset is one,
// so that the number of series does not grow with the data and nothing about a single participant is told.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace allmende::broker {

// Thread-safe. Recording costs a lookup and an atomic; nothing is computed before somebody asks for the text.
class Metrics {
 public:
  Metrics(const std::string& city, const std::string& version);
  ~Metrics();

  // A batch was stored: `until_durable` from its arrival to the fsync that holds it.
  void BatchStored(absl::Duration until_durable);
  // A call with one answer has ended. `call` is a method's name, such as `Read`.
  void CallEnded(const std::string& call, absl::StatusCode code, absl::Duration took);

  // Values that somebody else keeps. `name` without `allmende_`; a counter's name ends in `_total`. `read` is called
  // whenever the text is asked for, from any thread, and what it borrows must outlive this object. Add them before
  // anybody asks.
  using Read = std::function<double()>;
  void AddCounter(const std::string& name, const std::string& help, Read read);
  void AddGauge(const std::string& name, const std::string& help, Read read);

  std::string Text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace allmende::broker
