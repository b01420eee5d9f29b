#include "examples/heavy_rain/city.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"

namespace heavy_rain {
namespace {

constexpr absl::Duration kBrokerPatience = absl::Seconds(20);

// A port that nobody uses now. The city's profiles name it, so it cannot be left to the broker's start.
absl::StatusOr<int> FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool found = fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (fd >= 0) close(fd);
  if (!found) return absl::UnavailableError("no free port on 127.0.0.1");
  return ntohs(address.sin_port);
}

// As a person would type it: program and paths without their folders.
std::string Readable(const std::vector<std::string>& command) {
  return absl::StrJoin(command, " ", [](std::string* out, const std::string& word) {
    const bool is_path = word[0] == '/';
    absl::StrAppend(out, is_path                               ? std::filesystem::path(word).filename().string()
                         : word.find(' ') != std::string::npos ? absl::StrCat("\"", word, "\"")
                                                               : word);
  });
}

}  // namespace

std::string City::Profile(const std::string& participant) const {
  return absl::StrCat(options_.work, "/city/participants/", participant);
}

absl::Status City::Allmende(const std::vector<std::string>& arguments, bool tell) {
  std::vector<std::string> command = {absl::StrCat(options_.tools, "/allmende")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  if (tell) narrator_.Command(Readable(command));
  return stage_.Run(absl::StrCat("allmende ", arguments[0], "-", arguments[1]), command).status();
}

absl::Status City::As(const std::string& participant, std::vector<std::string> arguments, bool tell) {
  arguments.insert(arguments.end(), {"--profile", Profile(participant)});
  return Allmende(arguments, tell);
}

absl::Status City::Make(const Night& night) {
  const absl::StatusOr<int> port = FreePort();
  if (!port.ok()) return port.status();
  const std::string city = absl::StrCat(options_.work, "/city");
  absl::Status status =
      Allmende({"city", "init", city, "--name", "berlin", "--listen", absl::StrCat("127.0.0.1:", *port),
                "--participant", absl::StrCat(kOfficer, "=officer"), "--participant",
                absl::StrCat(kCrisisAuthority, "=crisis-authority"), "--participant",
                absl::StrCat(kWaterAgency, "=agency"), "--participant", absl::StrCat(kTrafficAgency, "=agency")});
  for (const auto& [operator_name, purpose] :
       {std::pair(kNavigation, kNavigationPurpose), std::pair(kLogistics, kLogisticsPurpose)}) {
    if (!status.ok()) return status;
    status = Allmende({"pki", "issue", city, operator_name, "--role", "operator", "--purpose", purpose});
  }
  if (status.ok()) status = AddGroups();
  if (status.ok()) status = StartBroker();
  if (status.ok()) status = WaitForBroker();
  if (status.ok()) {
    status = As(kOfficer, {"policy", "release", absl::StrCat(options_.files, "/policies/stadt.baseline.yaml")});
  }
  for (const DatasetPlan& plan : night.datasets) {
    if (status.ok()) status = CreateDataset(plan);
  }
  return status;
}

// Whom the policies' groups mean.
absl::Status City::AddGroups() {
  std::ofstream file(absl::StrCat(options_.work, "/city/broker.yaml"), std::ios::app);
  file << "groups:\n  navigation: {participants: [" << kNavigation << "]}\n  logistik: {participants: [" << kLogistics
       << "]}\n";
  return file.flush() ? absl::OkStatus() : absl::InternalError("the broker's configuration cannot be written");
}

absl::Status City::CreateDataset(const DatasetPlan& plan) {
  return As(plan.provider, {"dataset", "create", plan.name, "--kind", plan.table ? "table" : "stream", "--schema",
                            absl::StrCat(options_.files, "/", plan.schema_file), "--message",
                            plan.prototype->GetDescriptor()->full_name(), "--policy",
                            absl::StrCat(options_.files, "/", plan.policy_file), "--officer", Profile(kOfficer)});
}

absl::Status City::StartBroker() {
  const std::vector<std::string> command = {absl::StrCat(options_.tools, "/allmended"), "--config",
                                            absl::StrCat(options_.work, "/city/broker.yaml")};
  narrator_.Command(Readable(command));
  return stage_.Start(kBroker, command);
}

absl::Status City::WaitForBroker() {
  const absl::Time deadline = absl::Now() + kBrokerPatience;
  while (true) {
    const absl::StatusOr<std::string> answer = stage_.Run(
        "allmende status", {absl::StrCat(options_.tools, "/allmende"), "status", "--profile", Profile(kOfficer)});
    if (answer.ok() || absl::IsCancelled(answer.status())) return answer.status();
    if (absl::Now() > deadline) return answer.status();
    if (absl::Status status = stage_.Pause(absl::Milliseconds(50)); !status.ok()) return status;
  }
}

absl::Status City::DeclareCrisis(const std::string& kind) {
  return As(kCrisisAuthority, {"crisis", "declare", kind, "--for", "6h", "--reason", "heavy rain over the whole city"});
}

}  // namespace heavy_rain
