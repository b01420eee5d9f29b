#include "allmende/client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "allmende/v1/catalogue.grpc.pb.h"
#include "allmende/v1/exchange.grpc.pb.h"
#include "allmende/v1/policy.grpc.pb.h"
#include "allmende/v1/status.grpc.pb.h"
#include "sdk/base/status.h"
#include "sdk/client/client_impl.h"
#include "sdk/pki/endpoint.h"
#include "sdk/pki/pair.h"
#include "sdk/pki/profile.h"

namespace allmende {

namespace {

constexpr size_t kDatasetsMax = 100'000;
constexpr auto kSafe = Client::Impl::Repeat::kSafe;
constexpr auto kUnsafe = Client::Impl::Repeat::kUnsafe;

struct Settings {
  std::vector<std::string> endpoints;
  pki::PairFiles pair;
  std::string authority;
  std::string purpose;
  std::string participant;
};

absl::StatusOr<Settings> Resolve(const ClientOptions& options) {
  Settings settings;
  if (!options.profile.empty()) {
    ALLMENDE_ASSIGN_OR_RETURN(const pki::Profile profile, pki::LoadProfile(options.profile));
    settings.endpoints = profile.endpoints;
    settings.pair = profile.Pair();
    settings.authority = profile.AuthorityPath();
    settings.purpose = profile.purpose;
    settings.participant = profile.participant;
  }
  const auto replace = [](std::string& by_profile, const std::string& by_option) {
    if (!by_option.empty()) by_profile = by_option;
  };
  replace(settings.pair.certificate, options.certificate_file);
  replace(settings.pair.key, options.key_file);
  replace(settings.authority, options.authority_file);
  replace(settings.purpose, options.purpose);
  if (!options.endpoints.empty()) settings.endpoints = options.endpoints;

  const auto required = [](const std::string& value, const char* what) {
    if (!value.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("no ", what, " was given; name a profile, or all of its parts"));
  };
  ALLMENDE_RETURN_IF_ERROR(required(settings.endpoints.empty() ? "" : "some", "endpoint"));
  ALLMENDE_RETURN_IF_ERROR(required(settings.pair.certificate, "certificate"));
  ALLMENDE_RETURN_IF_ERROR(required(settings.pair.key, "key"));
  ALLMENDE_RETURN_IF_ERROR(required(settings.authority, "authority"));
  for (const std::string& text : settings.endpoints) {
    ALLMENDE_ASSIGN_OR_RETURN(const pki::Endpoint endpoint, pki::ParseEndpoint(text));
    if (endpoint.port == 0) {
      return absl::InvalidArgumentError(absl::StrCat("endpoint `", text, "` has port 0, where nobody listens"));
    }
  }
  if (options.deadline <= absl::ZeroDuration() || options.connect_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("deadline and connect timeout must be positive");
  }
  return settings;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ClientOptions& options) {
  ALLMENDE_ASSIGN_OR_RETURN(Settings settings, Resolve(options));
  auto impl = std::make_unique<Impl>();
  ALLMENDE_ASSIGN_OR_RETURN(impl->channels, Channels::Open(std::move(settings.endpoints), std::move(settings.pair),
                                                           std::move(settings.authority)));
  impl->purpose = std::move(settings.purpose);
  impl->participant = std::move(settings.participant);
  impl->deadline = options.deadline;
  impl->connect_timeout = options.connect_timeout;
  return std::make_unique<Client>(std::move(impl));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

std::vector<std::string> Client::endpoints() const {
  return impl_->channels->names();
}
const std::string& Client::purpose() const {
  return impl_->purpose;
}
const std::string& Client::participant() const {
  return impl_->participant;
}

absl::StatusOr<v1::BrokerStatus> Client::Status() {
  return impl_->Unary<v1::StatusService>(kSafe, &v1::StatusService::Stub::GetStatus, v1::GetStatusRequest());
}

absl::StatusOr<v1::Dataset> Client::GetDataset(const std::string& name, bool with_schema) {
  v1::GetDatasetRequest request;
  request.set_name(name);
  request.set_with_schema(with_schema);
  return impl_->Unary<v1::CatalogueService>(kSafe, &v1::CatalogueService::Stub::GetDataset, request);
}

absl::StatusOr<v1::ListDatasetsResponse> Client::ListDatasets(const v1::ListDatasetsRequest& page) {
  return impl_->Unary<v1::CatalogueService>(kSafe, &v1::CatalogueService::Stub::ListDatasets, page);
}

absl::StatusOr<std::vector<v1::Dataset>> Client::ListAllDatasets() {
  std::vector<v1::Dataset> datasets;
  v1::ListDatasetsRequest request;
  request.set_page_size(1'000);
  do {
    ALLMENDE_ASSIGN_OR_RETURN(v1::ListDatasetsResponse page, ListDatasets(request));
    if (datasets.size() + page.datasets_size() > kDatasetsMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("there are more than ", kDatasetsMax, " datasets; list them page by page"));
    }
    if (page.next_page_token() == request.page_token() && !page.next_page_token().empty()) {
      return absl::InternalError("the broker answers the same page again");
    }
    for (v1::Dataset& dataset : *page.mutable_datasets()) datasets.push_back(std::move(dataset));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return datasets;
}

absl::StatusOr<v1::Dataset> Client::CreateDataset(const v1::CreateDatasetRequest& request) {
  return impl_->Unary<v1::CatalogueService>(kSafe, &v1::CatalogueService::Stub::CreateDataset, request);
}

absl::StatusOr<v1::UpdateSchemaResponse> Client::UpdateSchema(const v1::UpdateSchemaRequest& request) {
  return impl_->Unary<v1::CatalogueService>(request.dry_run() ? kSafe : kUnsafe,
                                            &v1::CatalogueService::Stub::UpdateSchema, request);
}

absl::StatusOr<v1::ListQuarantineResponse> Client::ListQuarantine(const v1::ListQuarantineRequest& page) {
  return impl_->Unary<v1::CatalogueService>(kSafe, &v1::CatalogueService::Stub::ListQuarantine, page);
}

absl::StatusOr<v1::DropQuarantineResponse> Client::DropQuarantine(const v1::DropQuarantineRequest& request) {
  return impl_->Unary<v1::CatalogueService>(kUnsafe, &v1::CatalogueService::Stub::DropQuarantine, request);
}

absl::StatusOr<v1::ReleaseResponse> Client::Release(const v1::ReleaseRequest& request) {
  return impl_->Unary<v1::PolicyService>(request.dry_run() ? kSafe : kUnsafe, &v1::PolicyService::Stub::Release,
                                         request);
}

absl::StatusOr<v1::ListReleasesResponse> Client::ListReleases(const v1::ListReleasesRequest& page) {
  return impl_->Unary<v1::PolicyService>(kSafe, &v1::PolicyService::Stub::ListReleases, page);
}

absl::StatusOr<v1::ExplainResponse> Client::Explain(const v1::ExplainRequest& request) {
  return impl_->Unary<v1::PolicyService>(kSafe, &v1::PolicyService::Stub::Explain, request);
}

absl::StatusOr<v1::Regime> Client::DeclareCrisis(const v1::DeclareCrisisRequest& request) {
  return impl_->Unary<v1::PolicyService>(kUnsafe, &v1::PolicyService::Stub::DeclareCrisis, request);
}

absl::StatusOr<v1::Regime> Client::LiftCrisis(const v1::LiftCrisisRequest& request) {
  return impl_->Unary<v1::PolicyService>(kUnsafe, &v1::PolicyService::Stub::LiftCrisis, request);
}

absl::StatusOr<v1::Regime> Client::GetRegime() {
  return impl_->Unary<v1::PolicyService>(kSafe, &v1::PolicyService::Stub::GetRegime, v1::GetRegimeRequest());
}

absl::StatusOr<v1::ReadResponse> Client::Read(v1::ReadRequest request) {
  if (request.purpose().empty()) request.set_purpose(purpose());
  return impl_->Unary<v1::ExchangeService>(kSafe, &v1::ExchangeService::Stub::Read, request);
}

absl::StatusOr<v1::LookupResponse> Client::Lookup(v1::LookupRequest request) {
  if (request.purpose().empty()) request.set_purpose(purpose());
  return impl_->Unary<v1::ExchangeService>(kSafe, &v1::ExchangeService::Stub::Lookup, request);
}

}  // namespace allmende
