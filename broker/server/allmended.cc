// The broker's program: reads the configuration, serves until SIGTERM or SIGINT.
#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "broker/config/check.h"
#include "broker/config/config.h"
#include "broker/server/server.h"
#include "broker/service/version.h"
#include "broker/telemetry/log.h"
#include "sdk/base/clock.h"

namespace allmende::broker {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(5);

// Documented in --help; scripts and the systemd unit rely on them.
enum ExitCode : int { kOk = 0, kCannotServe = 1, kUsage = 2, kCheckFailed = 3 };

constexpr char kHelp[] =
    "allmended: a broker of Allmende, the municipal data exchange.\n"
    "\n"
    "  allmended --config FILE            serve until SIGTERM or SIGINT\n"
    "  allmended --config FILE --check    look at configuration, certificates, disk and ports, and serve nothing\n"
    "\n"
    "  --config FILE    broker.yaml; `allmende city init DIR` writes one\n"
    "  --accept-loss    start although the storage has lost its end, the log as a whole or the key of the pseudonyms.\n"
    "                   What is missing is lost for good: replicas that have seen it fetch everything anew, "
    "pseudonyms\n"
    "                   are others. Restore a backup instead where there is one\n"
    "  --version        print the version\n"
    "  --help           print this\n"
    "\n"
    "Events go to standard error, one a line. Exit codes: 0 stopped as asked, or all checks passed; 1 cannot serve,\n"
    "or not any more because the disk failed; 2 the command line is wrong; 3 a check found an error.\n";

struct Arguments {
  std::string config;
  bool check = false;
  bool accept_loss = false;
};

// Returns an exit code when there is nothing more to do.
std::optional<int> ParseArguments(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      std::fputs(kHelp, stdout);
      return kOk;
    }
    if (argument == "--version") {
      std::printf("allmended %s\n", kVersion);
      return kOk;
    }
    if (argument == "--check") {
      arguments.check = true;
    } else if (argument == "--accept-loss") {
      arguments.accept_loss = true;
    } else if (argument == "--config" && i + 1 < argc) {
      arguments.config = argv[++i];
    } else {
      std::fprintf(stderr, "allmended: `%s` is not understood, or lacks its value; see `allmended --help`\n", argv[i]);
      return kUsage;
    }
  }
  if (arguments.config.empty()) {
    std::fputs("allmended: say which configuration to use: `allmended --config broker.yaml`\n", stderr);
    return kUsage;
  }
  return std::nullopt;
}

int Complain(const absl::Status& status) {
  std::fprintf(stderr, "allmended: %s\n", std::string(status.message()).c_str());
  return kCannotServe;
}

int Check(const BrokerConfig& config) {
  const std::vector<Finding> findings = CheckConfig(config, absl::Now());
  std::fputs(FormatFindings(findings).c_str(), stdout);
  return HasErrors(findings) ? kCheckFailed : kOk;
}

// The signal that asked the broker to stop; nothing when it cannot go on by itself.
std::optional<int> AwaitEnd(const Server& server, const sigset_t& signals) {
  constexpr timespec kSecond = {.tv_sec = 1, .tv_nsec = 0};
  while (!server.failed()) {
    if (const int signal = sigtimedwait(&signals, nullptr, &kSecond); signal > 0) {
      return signal;
    }
  }
  return std::nullopt;
}

int Serve(const BrokerConfig& config, const Arguments& arguments, const sigset_t& signals) {
  const SystemClock clock;
  const std::unique_ptr<Logger> logger = Logger::Create(config.log_format, config.log_level);
  ServerOptions options;
  options.accept_loss = arguments.accept_loss;
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(config, options, clock, *logger);
  if (!server.ok()) {
    return Complain(server.status());
  }
  for (const std::string& address : (*server)->listening()) {
    logger->Info("serving", {{"city", config.city}, {"at", address}, {"version", kVersion}});
  }
  const std::optional<int> signal = AwaitEnd(**server, signals);
  logger->Info("stopping", {{"why", signal.has_value() ? strsignal(*signal) : "the disk has failed"}});
  (*server)->Stop(kGrace);
  logger->Info("stopped");
  return signal.has_value() ? kOk : kCannotServe;
}

// Every connection takes a descriptor, and so do the files of the log. What a shell allows at first is for programs
// that use select().
void AllowManyDescriptors() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (const std::optional<int> done = ParseArguments(argc, argv, arguments)) {
    return *done;
  }
  // The RPC library would write its own lines beside our events; who wants them sets the variable.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  // Blocked before any thread starts, so that sigtimedwait gets them and no handler interrupts anything.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  AllowManyDescriptors();
  const absl::StatusOr<BrokerConfig> config = LoadConfig(arguments.config);
  if (!config.ok()) {
    return Complain(config.status());
  }
  return arguments.check ? Check(*config) : Serve(*config, arguments, signals);
}

}  // namespace
}  // namespace allmende::broker

int main(int argc, char** argv) {
  return allmende::broker::Main(argc, argv);
}
