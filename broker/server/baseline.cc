#include "broker/server/baseline.h"

#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/service/release.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

constexpr char kFileName[] = "city.baseline.yaml";
constexpr size_t kFileBytesMax = 1 << 20;

}  // namespace

absl::Status ReleaseFirstBaseline(const BrokerConfig& config, ControlLog& control, absl::Time now, Logger& logger) {
  const std::shared_ptr<const State> state = control.state();
  if (!state->baselines.empty()) {
    return absl::OkStatus();
  }
  v1::ReleaseRequest request;
  request.set_file_name(kFileName);
  ALLMENDE_ASSIGN_OR_RETURN(*request.mutable_text(),
                            ReadFile(absl::StrCat(config.policies, "/", kFileName), kFileBytesMax));
  v1::ReleaseResponse checked;
  ALLMENDE_RETURN_IF_ERROR(CheckRelease(*state, request, now, checked));
  if (checked.errors_size() > 0) {
    return absl::InvalidArgumentError(absl::StrJoin(checked.errors(), "\n"));
  }
  v1::Actor actor;
  actor.set_participant("broker");
  std::promise<absl::Status> recorded;
  control.Record(
      actor, [request](const State& latest) { return ProposeRelease(latest, request); },
      [&recorded](absl::StatusOr<std::shared_ptr<const State>> next) { recorded.set_value(next.status()); });
  absl::Status outcome = recorded.get_future().get();
  if (outcome.ok()) {
    logger.Info("city baseline released", {{"file", kFileName}, {"release", "1"}});
  }
  return outcome;
}

}  // namespace allmende::broker
