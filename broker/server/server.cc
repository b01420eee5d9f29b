#include "broker/server/server.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/control/control_log.h"
#include "broker/data/dataset_logs.h"
#include "broker/data/keys.h"
#include "broker/gate/gate.h"
#include "broker/log/store_log.h"
#include "broker/server/acceptor.h"
#include "broker/server/baseline.h"
#include "broker/server/connection_guard.h"
#include "broker/server/maintenance.h"
#include "broker/server/stream_counts.h"
#include "broker/service/catalogue_service.h"
#include "broker/service/exchange.h"
#include "broker/service/exchange_service.h"
#include "broker/service/policy_service.h"
#include "broker/service/status_service.h"
#include "broker/service/version.h"
#include "broker/telemetry/metrics_page.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "sdk/base/file.h"
#include "sdk/base/lock_file.h"
#include "sdk/base/status.h"
#include "sdk/format/statement.h"
#include "sdk/http/server.h"
#include "sdk/rpc/server_options.h"
#include "sdk/rpc/tls.h"

namespace allmende::broker {
namespace {

constexpr int kWorkers = 2;

// A stored entry's hash: of the statement, or of the whole fact in the control log.
absl::StatusOr<LogHash> HashOfEntry(LogId log, std::string_view bytes) {
  if (log == kControlLog) {
    return crypto::Sha256Of(bytes);
  }
  ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(bytes));
  ALLMENDE_RETURN_IF_ERROR(format::ParseStatement(stored.batch).status());
  return format::HashStatement(stored.batch.substr(0, format::kStatementBytes));
}

Groups GroupsByParticipant(const BrokerConfig& config) {
  Groups groups;
  for (const auto& [group, participants] : config.groups) {
    for (const std::string& participant : participants) {
      groups[participant].push_back(group);
    }
  }
  return groups;
}

ExchangeLimits LimitsOf(const BrokerConfig& config) {
  ExchangeLimits limits;
  limits.calls_per_participant_max = static_cast<size_t>(config.limits.calls_per_participant_max);
  limits.answer_wait_max = config.limits.deadline_max;
  return limits;
}

}  // namespace

class Server::Impl {
 public:
  Impl(const BrokerConfig& config, const Clock& clock, Logger& logger)
      : config_(config), clock_(clock), logger_(logger), limits_(LimitsOf(config)) {}
  ~Impl() { Stop(absl::ZeroDuration()); }

  absl::Status Start(const ServerOptions& options);
  void Stop(absl::Duration grace);
  const std::vector<std::string>& listening() const { return listening_; }
  int metrics_port() const { return metrics_https_ == nullptr ? 0 : metrics_https_->port(); }
  bool failed() const { return failed_; }

 private:
  absl::Status CheckLogIsThere(const std::string& key_path, bool accept_loss);
  absl::Status OpenStorage(const ServerOptions& options);
  absl::Status OpenIdentity();
  absl::Status Listen();
  void AddMetrics();
  absl::Status ServeMetrics();
  void StartMaintenance();

  const BrokerConfig config_;
  const Clock& clock_;
  Logger& logger_;
  const ExchangeLimits limits_;
  std::vector<std::string> listening_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> failed_ = false;

  // In the order of their making; destroyed the other way round.
  std::optional<LockFile> lock_;
  std::unique_ptr<StoreLog> log_;
  std::optional<Executor> executor_;
  std::unique_ptr<ControlLog> control_;
  std::optional<DatasetLogs> datasets_;
  std::unique_ptr<PseudonymKeys> pseudonym_keys_;
  std::optional<Gate> gate_;
  std::optional<pki::TrustStore> trust_;
  std::unique_ptr<pki::RevocationRegister> revocations_;
  std::optional<rpc::PeerIdentifier> peers_;
  std::unique_ptr<rpc::ServerTls> tls_;
  ExchangeCounters counters_;
  std::optional<Metrics> metrics_;
  Subscriptions subscriptions_;
  std::optional<CallCap> call_cap_;
  std::unique_ptr<Exchange> exchange_;
  std::optional<ExchangeServiceImpl> exchange_service_;
  std::optional<CatalogueServiceImpl> catalogue_service_;
  std::optional<PolicyServiceImpl> policy_service_;
  std::optional<StatusServiceImpl> status_service_;
  std::unique_ptr<grpc::Server> server_;
  std::optional<ConnectionGuard> guard_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<http::Server> metrics_https_;
  std::unique_ptr<http::Server> metrics_local_;
  std::unique_ptr<Maintenance> maintenance_;
};

// The key is made after the log, so one without the other is what is left of a broker: a file system that is not
// mounted, or half of a backup. A new log would pass for the city's.
absl::Status Server::Impl::CheckLogIsThere(const std::string& key_path, bool accept_loss) {
  std::error_code error;
  const std::string log_path = absl::StrCat(config_.data, "/log");
  const bool has_log = std::filesystem::exists(log_path, error) && !std::filesystem::is_empty(log_path, error);
  if (has_log || !std::filesystem::exists(key_path, error)) {
    return absl::OkStatus();
  }
  const std::string what =
      absl::StrCat("`", log_path, "` is missing or empty, but `", key_path, "` shows that there was a log");
  if (!accept_loss) {
    return absl::DataLossError(absl::StrCat(
        what, ": restore the directory from a backup, or start with `--accept-loss` to begin with an empty log"));
  }
  logger_.Error("loss accepted", {{"what", what}});
  return absl::OkStatus();
}

absl::Status Server::Impl::OpenStorage(const ServerOptions& options) {
  ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(config_.data, FileAccess::kOwnerOnly));
  ALLMENDE_ASSIGN_OR_RETURN(LockFile lock, LockFile::Acquire(absl::StrCat(config_.data, "/lock")));
  lock_.emplace(std::move(lock));
  const std::string key_path = absl::StrCat(config_.data, "/pseudonym.key");
  ALLMENDE_RETURN_IF_ERROR(CheckLogIsThere(key_path, options.accept_loss));
  StoreLogOptions log_options;
  log_options.path = absl::StrCat(config_.data, "/log");
  log_options.hash_of = HashOfEntry;
  log_options.accept_loss = options.accept_loss;
  ALLMENDE_ASSIGN_OR_RETURN(log_, StoreLog::Open(std::move(log_options)));
  for (const Loss& loss : log_->losses()) {
    logger_.Error("loss accepted", {{"what", loss.what}});
  }
  executor_.emplace(kWorkers);
  ALLMENDE_ASSIGN_OR_RETURN(control_, ControlLog::Open(*log_, clock_, *executor_));
  datasets_.emplace(*log_, clock_);
  using IfMissing = PseudonymKeys::IfMissing;
  const bool first_start = control_->state()->version == 0;
  ALLMENDE_ASSIGN_OR_RETURN(
      pseudonym_keys_,
      PseudonymKeys::Open(key_path, first_start || options.accept_loss ? IfMissing::kMake : IfMissing::kRefuse));
  gate_.emplace(*pseudonym_keys_, GroupsByParticipant(config_));
  return absl::OkStatus();
}

absl::Status Server::Impl::OpenIdentity() {
  ALLMENDE_ASSIGN_OR_RETURN(pki::TrustStore trust, LoadTrust(config_));
  trust_.emplace(std::move(trust));
  ALLMENDE_ASSIGN_OR_RETURN(revocations_, pki::RevocationRegister::Open(config_.revocations));
  peers_.emplace(&*trust_, revocations_.get());
  ALLMENDE_ASSIGN_OR_RETURN(
      tls_, rpc::ServerTls::Create({config_.certificate, config_.key}, trust_->roots_pem(), clock_.Now()));
  return absl::OkStatus();
}

absl::Status Server::Impl::Listen() {
  grpc::EnableDefaultHealthCheckService(true);
  if (config_.reflection) {
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  }
  grpc::ServerBuilder builder;
  rpc::ServerOptions options;
  options.reflection = config_.reflection;
  options.receive_bytes_max = config_.limits.message_bytes_max;
  options.memory_bytes_max = config_.limits.memory_bytes_max;
  options.streams_per_connection_max = static_cast<int>(config_.limits.streams_per_connection_max);
  rpc::ApplyServerOptions(options, builder);
  AcceptorOptions bounds;
  bounds.connections_max = static_cast<size_t>(config_.limits.connections_max);
  bounds.connections_per_address_max = static_cast<size_t>(config_.limits.connections_per_address_max);
  ALLMENDE_ASSIGN_OR_RETURN(acceptor_, Acceptor::Listen(config_.listen, bounds));
  using grpc::experimental::ExternalConnectionAcceptor;
  const std::shared_ptr<ExternalConnectionAcceptor> into_grpc = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, tls_->credentials());
  builder.RegisterService(&*exchange_service_);
  builder.RegisterService(&*catalogue_service_);
  builder.RegisterService(&*policy_service_);
  builder.RegisterService(&*status_service_);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return absl::InternalError("gRPC cannot start a server; its own messages on standard error say why");
  }
  listening_ = acceptor_->listening();
  GuardOptions guarded;
  guarded.unaccounted_bytes_max += config_.limits.message_bytes_max;
  guarded.unfinished_calls_max += config_.limits.calls_per_participant_max;
  guard_.emplace(guarded, exchange_->connection_uses, CountUnfinishedCalls, logger_);
  guard_->Start();
  acceptor_->Start([this, into_grpc](int listener, UniqueFd connection) {
    if (!guard_->Watch(connection.get())) {
      return;
    }
    ExternalConnectionAcceptor::NewConnectionParameters accepted;
    accepted.listener_fd = listener;
    accepted.fd = connection.Release();
    into_grpc->HandleNewConnection(&accepted);
  });
  return absl::OkStatus();
}

absl::Status Server::Impl::Start(const ServerOptions& options) {
  ALLMENDE_RETURN_IF_ERROR(OpenIdentity());
  ALLMENDE_RETURN_IF_ERROR(OpenStorage(options));
  ALLMENDE_RETURN_IF_ERROR(ReleaseFirstBaseline(config_, *control_, clock_.Now(), logger_));
  metrics_.emplace(config_.city, kVersion);
  AddMetrics();
  call_cap_.emplace(limits_.calls_max, limits_.calls_per_participant_max);
  exchange_.reset(new Exchange{*log_, clock_, *executor_, *control_, *datasets_, *gate_, *peers_, logger_, *metrics_,
                               limits_, counters_, subscriptions_, *call_cap_, stopping_});
  exchange_service_.emplace(*exchange_);
  catalogue_service_.emplace(*exchange_);
  policy_service_.emplace(*exchange_);
  status_service_.emplace(*exchange_, config_.city, config_.data);
  control_->OnChange([this] { subscriptions_.WakeAll(); });
  ALLMENDE_RETURN_IF_ERROR(Listen());
  ALLMENDE_RETURN_IF_ERROR(ServeMetrics());
  StartMaintenance();
  return absl::OkStatus();
}

void Server::Impl::StartMaintenance() {
  Maintained maintained{*revocations_, *tls_, metrics_https_.get(), [this] { return log_->statistics().failed; },
                        [this] {
                          failed_ = true;
                          server_->GetHealthCheckService()->SetServingStatus(false);
                        }};
  maintenance_ = Maintenance::Start(*exchange_, config_, std::move(maintained));
}

void Server::Impl::AddMetrics() {
  const auto counter = [this](const char* name, const char* help, const std::atomic<uint64_t>& value) {
    metrics_->AddCounter(name, help, [&value] { return static_cast<double>(value.load()); });
  };
  counter("records_stored_total", "records stored", counters_.records_stored);
  counter("batches_stored_total", "batches stored", counters_.batches_stored);
  counter("batches_repeated_total", "batches that were stored already", counters_.batches_repeated);
  counter("batches_refused_total", "batches refused", counters_.batches_refused);
  counter("records_delivered_total", "records delivered to readers", counters_.records_delivered);
  counter("view_errors_total", "stored records kept back because their view could not be applied: look at the log",
          counters_.view_errors);
  counter("requests_refused_total", "requests refused by a policy", counters_.requests_refused);
  metrics_->AddGauge("publishers", "publish streams open now",
                     [this] { return static_cast<double>(counters_.publishers.load()); });
  metrics_->AddGauge("subscriptions", "subscriptions open now",
                     [this] { return static_cast<double>(counters_.subscriptions.load()); });
  metrics_->AddGauge("connections", "connections open now",
                     [this] { return acceptor_ == nullptr ? 0.0 : static_cast<double>(acceptor_->connections()); });
  metrics_->AddCounter("connections_refused_total", "connections closed at once because there were too many",
                       [this] { return acceptor_ == nullptr ? 0.0 : static_cast<double>(acceptor_->refused()); });
  metrics_->AddCounter("connections_cut_total", "connections cut off because much came on them and little was asked",
                       [this] { return guard_.has_value() ? static_cast<double>(guard_->cut()) : 0.0; });
  metrics_->AddCounter("log_commits_total", "fsyncs of the log",
                       [this] { return static_cast<double>(log_->statistics().commits); });
  metrics_->AddCounter("log_writes_total", "writes that these fsyncs made durable",
                       [this] { return static_cast<double>(log_->statistics().writes); });
  metrics_->AddGauge("log_failed", "1 after a failed write: the broker must be started anew",
                     [this] { return log_->statistics().failed ? 1.0 : 0.0; });
  metrics_->AddGauge("datasets", "datasets in the catalogue",
                     [this] { return static_cast<double>(control_->state()->datasets.size()); });
  metrics_->AddGauge("crises", "crises in force",
                     [this] { return static_cast<double>(control_->state()->RegimeAt(clock_.Now()).crises_size()); });
  metrics_->AddGauge("disk_low", "1 while the disk is too full to publish",
                     [this] { return exchange_ != nullptr && exchange_->disk_low ? 1.0 : 0.0; });
  metrics_->AddGauge("certificate_expires_seconds", "when the broker's certificate ends, Unix time",
                     [this] { return static_cast<double>(absl::ToUnixSeconds(tls_->not_after())); });
}

absl::Status Server::Impl::ServeMetrics() {
  const http::Pages pages = MetricsPages(*metrics_, *trust_, *revocations_, clock_);
  if (!config_.metrics_listen.empty()) {
    ALLMENDE_ASSIGN_OR_RETURN(
        metrics_https_, http::Server::ServeHttps(config_.metrics_listen, tls_->pem(), trust_->roots_pem(), pages));
    logger_.Info("metrics", {{"at", absl::StrCat("https://", metrics_https_->address(), kMetricsPath)}});
  }
  if (!config_.admin_socket.empty()) {
    ALLMENDE_ASSIGN_OR_RETURN(metrics_local_, http::Server::ServeLocal(config_.admin_socket, pages));
    logger_.Info("metrics", {{"at", absl::StrCat("unix:", config_.admin_socket, kMetricsPath)}});
  }
  return absl::OkStatus();
}

void Server::Impl::Stop(absl::Duration grace) {
  maintenance_.reset();
  metrics_https_.reset();
  metrics_local_.reset();
  if (acceptor_ != nullptr) {
    acceptor_->Stop();
  }
  guard_.reset();
  if (server_ != nullptr) {
    stopping_ = true;
    subscriptions_.WakeAll();
    server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
    server_->Wait();
    server_.reset();
  }
  control_.reset();
  // Nothing reads the log any more once the executor stands still. Closing, the log reports what it still has; that may
  // wake pumps, so the executor itself goes last.
  if (executor_.has_value()) {
    executor_->Stop();
  }
  log_.reset();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const BrokerConfig& config, const ServerOptions& options,
                                                      const Clock& clock, Logger& logger) {
  auto impl = std::make_unique<Impl>(config, clock, logger);
  ALLMENDE_RETURN_IF_ERROR(impl->Start(options));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
void Server::Stop(absl::Duration grace) {
  impl_->Stop(grace);
}
bool Server::failed() const {
  return impl_->failed();
}
int Server::metrics_port() const {
  return impl_->metrics_port();
}
const std::vector<std::string>& Server::listening() const {
  return impl_->listening();
}

}  // namespace allmende::broker
