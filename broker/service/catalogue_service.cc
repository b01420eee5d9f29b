#include "broker/service/catalogue_service.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/data/keys.h"
#include "broker/service/agreements.h"
#include "broker/service/dataset_message.h"
#include "broker/service/paging.h"
#include "broker/service/unary.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

constexpr size_t kQuarantinePageBytes = 1 << 20;
constexpr size_t kListBytesMax = 2 << 20;  // a client takes messages of 4 MiB
constexpr pki::RoleSet kExchanging = {policy::Role::kAgency, policy::Role::kOperator};

absl::StatusOr<const DatasetState*> FindDataset(const State& state, const std::string& name) {
  const DatasetState* dataset = state.Find(name);
  if (dataset == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there is no dataset `", name, "`: look for its name with `allmende dataset list`"));
  }
  return dataset;
}

// Quarantined records are raw data of the provider: nobody else sees them, nor those of its members who exchange none.
absl::StatusOr<const DatasetState*> FindOwn(const State& state, const std::string& name, const Caller& caller) {
  ALLMENDE_RETURN_IF_ERROR(RequireRole(*caller, kExchanging, "looking after the quarantine"));
  ALLMENDE_ASSIGN_OR_RETURN(const DatasetState* dataset, FindDataset(state, name));
  if (dataset->provider != caller->participant) {
    return absl::PermissionDeniedError(
        absl::StrCat("the quarantine of `", name, "` is for its provider `", dataset->provider, "` only"));
  }
  return dataset;
}

absl::StatusOr<uint64_t> CountQuarantine(const LogView& view, LogId log) {
  const std::unique_ptr<SideCursor> cursor = view.ScanSide(SideFamily::kState, QuarantinePrefix(log), {});
  uint64_t count = 0;
  while (cursor->Next()) {
    ++count;
  }
  ALLMENDE_RETURN_IF_ERROR(cursor->status());
  return count;
}

absl::Status FillQuarantinePage(const LogView& view, LogId log, const v1::ListQuarantineRequest& request,
                                v1::ListQuarantineResponse& response) {
  ALLMENDE_ASSIGN_OR_RETURN(const uint64_t after, PageNumber(request.page_token()));
  const std::unique_ptr<SideCursor> cursor =
      view.ScanSide(SideFamily::kState, QuarantinePrefix(log), QuarantineKey(log, after + 1));
  const uint32_t page_size = PageSize(request.page_size());
  size_t bytes = 0;
  while (cursor->Next()) {
    if (static_cast<uint32_t>(response.records_size()) >= page_size || bytes >= kQuarantinePageBytes) {
      response.set_next_page_token(absl::StrCat(response.records().rbegin()->number()));
      break;
    }
    if (!response.add_records()->ParseFromArray(cursor->value().data(), static_cast<int>(cursor->value().size()))) {
      return absl::DataLossError("a quarantined record cannot be read: drop the quarantine");
    }
    bytes += cursor->value().size();
  }
  return cursor->status();
}

}  // namespace

grpc::ServerUnaryReactor* CatalogueServiceImpl::CreateDataset(grpc::CallbackServerContext* context,
                                                              const v1::CreateDatasetRequest* request,
                                                              v1::Dataset* response) {
  return RunUnary(
      exchange_, context, "CreateDataset", [this, request, response](const Caller& caller, FinishCall finish) {
        absl::Status role = RequireRole(*caller, kExchanging, "creating a dataset");
        if (!role.ok()) {
          return finish(std::move(role));
        }
        exchange_.control.Record(
            ActorOf(*caller),
            [request, caller](const State& state) { return ProposeDataset(state, *request, caller->participant); },
            [this, request, response,
             finish = std::move(finish)](absl::StatusOr<std::shared_ptr<const State>> state) mutable {
              if (state.ok()) {
                const DatasetState& dataset = *(*state)->Find(request->name());
                *response = ToMessage(dataset, exchange_.log.HeadOf(LogId{dataset.log}), false);
              }
              finish(state.status());
            });
      });
}

grpc::ServerUnaryReactor* CatalogueServiceImpl::GetDataset(grpc::CallbackServerContext* context,
                                                           const v1::GetDatasetRequest* request,
                                                           v1::Dataset* response) {
  return RunUnaryNow(exchange_, context, "GetDataset", [this, request, response](const Caller& caller) -> absl::Status {
    const std::shared_ptr<const State> state = exchange_.control.state();
    ALLMENDE_ASSIGN_OR_RETURN(const DatasetState* dataset, FindDataset(*state, request->name()));
    const LogId log{dataset->log};
    *response = ToMessage(*dataset, exchange_.log.HeadOf(log), request->with_schema());
    if (dataset->provider == caller->participant) {
      ALLMENDE_ASSIGN_OR_RETURN(const uint64_t count, CountQuarantine(*exchange_.log.View(), log));
      response->set_quarantined(count);
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* CatalogueServiceImpl::ListDatasets(grpc::CallbackServerContext* context,
                                                             const v1::ListDatasetsRequest* request,
                                                             v1::ListDatasetsResponse* response) {
  return RunUnaryNow(exchange_, context, "ListDatasets", [this, request, response](const Caller&) -> absl::Status {
    const std::shared_ptr<const State> state = exchange_.control.state();
    const uint32_t page_size = PageSize(request->page_size());
    size_t bytes = 0;
    for (auto it = state->datasets.upper_bound(request->page_token()); it != state->datasets.end(); ++it) {
      if (static_cast<uint32_t>(response->datasets_size()) >= page_size || bytes >= kListBytesMax) {
        response->set_next_page_token(response->datasets().rbegin()->name());
        break;
      }
      v1::Dataset& dataset = *response->add_datasets();
      dataset = ToMessage(*it->second, exchange_.log.HeadOf(LogId{it->second->log}), false);
      bytes += dataset.ByteSizeLong();
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* CatalogueServiceImpl::UpdateSchema(grpc::CallbackServerContext* context,
                                                             const v1::UpdateSchemaRequest* request,
                                                             v1::UpdateSchemaResponse* response) {
  return RunUnary(
      exchange_, context, "UpdateSchema", [this, request, response](const Caller& caller, FinishCall finish) {
        absl::Status role = RequireRole(*caller, kExchanging, "changing a schema");
        if (!role.ok()) {
          return finish(std::move(role));
        }
        const auto answer = [this, request, response](const State& state) {
          const DatasetState& dataset = *state.Find(request->name());
          *response->mutable_dataset() = ToMessage(dataset, exchange_.log.HeadOf(LogId{dataset.log}), false);
        };
        const auto propose = [request, response,
                              caller](const State& state) -> absl::StatusOr<std::optional<v1::Fact>> {
          ALLMENDE_ASSIGN_OR_RETURN(SchemaProposal proposal, ProposeSchema(state, *request, caller->participant));
          *response->mutable_notices() = {proposal.notices.begin(), proposal.notices.end()};
          return std::move(proposal.fact);
        };
        if (request->dry_run()) {
          const std::shared_ptr<const State> state = exchange_.control.state();
          const absl::Status proposed = propose(*state).status();
          if (proposed.ok()) {
            answer(*state);
          }
          return finish(proposed);
        }
        exchange_.control.Record(
            ActorOf(*caller), propose,
            [answer, finish = std::move(finish)](absl::StatusOr<std::shared_ptr<const State>> state) mutable {
              if (state.ok()) {
                answer(**state);
              }
              finish(state.status());
            });
      });
}

grpc::ServerUnaryReactor* CatalogueServiceImpl::ListQuarantine(grpc::CallbackServerContext* context,
                                                               const v1::ListQuarantineRequest* request,
                                                               v1::ListQuarantineResponse* response) {
  return RunUnaryNow(
      exchange_, context, "ListQuarantine", [this, request, response](const Caller& caller) -> absl::Status {
        const std::shared_ptr<const State> state = exchange_.control.state();
        ALLMENDE_ASSIGN_OR_RETURN(const DatasetState* dataset, FindOwn(*state, request->dataset(), caller));
        return FillQuarantinePage(*exchange_.log.View(), LogId{dataset->log}, *request, *response);
      });
}

grpc::ServerUnaryReactor* CatalogueServiceImpl::DropQuarantine(grpc::CallbackServerContext* context,
                                                               const v1::DropQuarantineRequest* request,
                                                               v1::DropQuarantineResponse* response) {
  return RunUnary(
      exchange_, context, "DropQuarantine", [this, request, response](const Caller& caller, FinishCall finish) {
        const std::shared_ptr<const State> state = exchange_.control.state();
        const absl::StatusOr<const DatasetState*> dataset = FindOwn(*state, request->dataset(), caller);
        if (!dataset.ok()) {
          return finish(dataset.status());
        }
        if (request->all() == !request->numbers().empty()) {
          return finish(absl::InvalidArgumentError("say either which `numbers` to drop, or `all`"));
        }
        const LogId log{(*dataset)->log};
        const std::shared_ptr<const LogView> view = exchange_.log.View();
        std::vector<SideWrite> writes;
        if (request->all()) {
          const absl::StatusOr<uint64_t> count = CountQuarantine(*view, log);
          if (!count.ok()) {
            return finish(count.status());
          }
          response->set_dropped(*count);
          writes.push_back(SideWrite::DeletePrefix(SideFamily::kState, QuarantinePrefix(log)));
        }
        for (const uint64_t number : request->numbers()) {
          std::string key = QuarantineKey(log, number);
          const auto found = view->GetSide(SideFamily::kState, key);
          if (found.ok() && found->has_value()) {
            writes.push_back(SideWrite::Delete(SideFamily::kState, std::move(key)));
          }
        }
        if (!request->all()) {
          response->set_dropped(writes.size());
        }
        if (writes.empty()) {
          return finish(absl::OkStatus());
        }
        auto shared_finish = std::make_shared<FinishCall>(std::move(finish));
        absl::Status accepted = exchange_.log.WriteSide(
            std::move(writes), [shared_finish](absl::Status written) { (*shared_finish)(std::move(written)); });
        if (!accepted.ok()) {
          (*shared_finish)(std::move(accepted));
        }
      });
}

}  // namespace allmende::broker
