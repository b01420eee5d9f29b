#include "broker/telemetry/metrics.h"

#include <dirent.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace allmende::broker {
namespace {

using prometheus::Histogram;
using prometheus::MetricType;

constexpr char kPrefix[] = "allmende_";

// Seconds, from a lookup in memory to a disk that is in trouble.
Histogram::BucketBoundaries SecondsBuckets() {
  return {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
}

// The names of gRPC's codes, which those who read the metrics know.
std::string CodeName(absl::StatusCode code) {
  return absl::StatusCodeToString(code);
}

double ResidentBytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long total_pages = 0;
  unsigned long long resident_pages = 0;
  const int read = std::fscanf(file, "%llu %llu", &total_pages, &resident_pages);
  std::fclose(file);
  return read == 2 ? static_cast<double>(resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

double OpenDescriptors() {
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = -3;  // `.`, `..`, and the folder itself
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

double CpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Asked {
  std::string name;
  std::string help;
  MetricType type;
  Metrics::Read read;
};

prometheus::MetricFamily Ask(const Asked& asked) {
  prometheus::MetricFamily family{asked.name, asked.help, asked.type, {prometheus::ClientMetric{}}};
  (asked.type == MetricType::Counter ? family.metric[0].counter.value : family.metric[0].gauge.value) = asked.read();
  return family;
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  Histogram& stored = prometheus::BuildHistogram()
                          .Name("allmende_publish_seconds")
                          .Help("From a batch's arrival to the fsync that holds it.")
                          .Register(registry)
                          .Add({}, SecondsBuckets());
  prometheus::Family<prometheus::Counter>& calls = prometheus::BuildCounter()
                                                       .Name("allmende_calls_total")
                                                       .Help("Calls with one answer that have ended, by outcome.")
                                                       .Register(registry);
  prometheus::Family<Histogram>& call_seconds = prometheus::BuildHistogram()
                                                    .Name("allmende_call_seconds")
                                                    .Help("How long calls with one answer took.")
                                                    .Register(registry);
  std::vector<Asked> asked;
};

Metrics::Metrics(const std::string& city, const std::string& version) : impl_(std::make_unique<Impl>()) {
  prometheus::BuildGauge()
      .Name("allmende_build_info")
      .Help("Always 1; the labels say what is running.")
      .Register(impl_->registry)
      .Add({{"city", city}, {"version", version}})
      .Set(1);
  const double started = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  impl_->asked = {
      {"process_start_time_seconds", "When the process started, in seconds since 1970.", MetricType::Gauge,
       [started] { return started; }},
      {"process_cpu_seconds_total", "CPU time in user and system mode.", MetricType::Counter, CpuSeconds},
      {"process_resident_memory_bytes", "Memory that is in RAM.", MetricType::Gauge, ResidentBytes},
      {"process_open_fds", "Open file descriptors.", MetricType::Gauge, OpenDescriptors},
  };
}

Metrics::~Metrics() = default;

void Metrics::BatchStored(absl::Duration until_durable) {
  impl_->stored.Observe(absl::ToDoubleSeconds(until_durable));
}

void Metrics::CallEnded(const std::string& call, absl::StatusCode code, absl::Duration took) {
  impl_->calls.Add({{"call", call}, {"code", CodeName(code)}}).Increment();
  impl_->call_seconds.Add({{"call", call}}, SecondsBuckets()).Observe(absl::ToDoubleSeconds(took));
}

void Metrics::AddCounter(const std::string& name, const std::string& help, Read read) {
  impl_->asked.push_back({absl::StrCat(kPrefix, name), help, MetricType::Counter, std::move(read)});
}

void Metrics::AddGauge(const std::string& name, const std::string& help, Read read) {
  impl_->asked.push_back({absl::StrCat(kPrefix, name), help, MetricType::Gauge, std::move(read)});
}

std::string Metrics::Text() const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  for (const Asked& asked : impl_->asked) families.push_back(Ask(asked));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace allmende::broker
