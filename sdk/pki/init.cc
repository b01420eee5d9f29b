// Making a city.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sdk/base/file.h"
#include "sdk/base/lock_file.h"
#include "sdk/base/status.h"
#include "sdk/pki/city.h"
#include "sdk/pki/city_internal.h"
#include "sdk/pki/endpoint.h"
#include "sdk/pki/issued_list.h"
#include "sdk/pki/layout.h"
#include "sdk/settings/settings.h"

namespace allmende::pki {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFileBytesMax = 64 << 10;
constexpr absl::Duration kClockSlack = absl::Minutes(5);
// What a new city consists of, in the order in which it takes its place: the configuration last, because a city with
// one counts as complete.
constexpr const char* kNames[] = {"ca",  "broker",       "policies",    "participants", "members",    "data",
                                  "run", "revoked.list", "issued.list", "city.yaml",    "broker.yaml"};

bool IsWildcard(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

absl::Status CheckOptions(const CityOptions& options) {
  ALLMENDE_RETURN_IF_ERROR(CheckCityName(options.city));
  ALLMENDE_ASSIGN_OR_RETURN(const Endpoint listen, ParseEndpoint(options.listen));
  if (listen.port == 0) {
    return absl::InvalidArgumentError("a city needs a fixed port, because its participants' profiles name it");
  }
  for (const std::string& host : options.hosts) {
    const bool is_host = ParseEndpoint(Endpoint{host, 1}.Text()).ok();
    if (!is_host)
      return absl::InvalidArgumentError(absl::StrCat("`", host, "` is neither a host's name nor an address"));
  }
  if (options.authority_validity <= absl::ZeroDuration() || options.broker_validity <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("certificates must be valid for some time");
  }
  for (const IssueOptions& first : options.first) ALLMENDE_RETURN_IF_ERROR(CheckIssueOptions(first));
  return absl::OkStatus();
}

absl::Status RefuseToOverwrite(const std::string& directory) {
  std::vector<std::string> found;
  std::error_code ignored;
  for (const char* name : kNames) {
    if (fs::exists(absl::StrCat(directory, "/", name), ignored)) found.emplace_back(name);
  }
  if (found.empty()) return absl::OkStatus();
  if (found.back() != "broker.yaml" && fs::exists(CityLayout(directory).Staging(), ignored)) {
    return absl::AlreadyExistsError(absl::StrCat("making a city in `", directory,
                                                 "` was interrupted before it was complete; remove ",
                                                 absl::StrJoin(found, ", "), " and .new there, and begin again"));
  }
  if (found.back() == "broker.yaml") {
    return absl::AlreadyExistsError(absl::StrCat("`", directory,
                                                 "` holds a city already; it is left as it is. To begin anew, "
                                                 "choose another folder or take this one away"));
  }
  return absl::AlreadyExistsError(absl::StrCat("`", directory, "` holds ", absl::StrJoin(found, ", "),
                                               ", which would be overwritten; choose an empty folder"));
}

std::vector<std::string> BrokerNames(const CityOptions& options) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  const absl::StatusOr<Endpoint> listen = ParseEndpoint(options.listen);
  std::vector<std::string> further = options.hosts;
  if (listen.ok() && !IsWildcard(listen->host)) further.push_back(listen->host);
  for (const std::string& host : further) {
    if (std::find(names.begin(), names.end(), host) == names.end()) names.push_back(host);
  }
  return names;
}

std::string FirstEndpoint(const CityOptions& options, const Endpoint& listen) {
  Endpoint endpoint = listen;
  if (!options.hosts.empty()) {
    endpoint.host = options.hosts.front();
  } else if (IsWildcard(listen.host)) {
    endpoint.host = "localhost";
  }
  return endpoint.Text();
}

absl::Status MakeAuthority(const CityLayout& layout, const CityOptions& options, absl::Time now) {
  constexpr size_t kNameBytesMax = 50;  // a common name has 64
  ALLMENDE_ASSIGN_OR_RETURN(const crypto::KeyAndCertificate authority,
                            crypto::CreateAuthority(absl::StrCat(options.city.substr(0, kNameBytesMax), " authority"),
                                                    {now - kClockSlack, now + options.authority_validity}));
  ALLMENDE_RETURN_IF_ERROR(WriteFileAtomically(layout.AuthorityKey(), authority.key_pem, FileAccess::kOwnerOnly));
  return WriteFileAtomically(layout.AuthorityCertificate(), authority.certificate_pem, FileAccess::kEverybody);
}

// Makes the whole city in `layout`'s folder, which is empty and not yet where it will stand.
absl::StatusOr<std::vector<NewProfile>> Prepare(const CityLayout& layout, const CityOptions& options, absl::Time now) {
  for (const std::string& directory :
       {layout.AuthorityDirectory(), layout.BrokerDirectory(), layout.Data(), layout.Run(),
        layout.directory() + "/participants", layout.directory() + "/members"}) {
    ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(directory, FileAccess::kOwnerOnly));
  }
  ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(layout.Policies(), FileAccess::kEverybody));
  ALLMENDE_RETURN_IF_ERROR(MakeAuthority(layout, options, now));
  ALLMENDE_RETURN_IF_ERROR(SaveIssued(layout.Issued(), {}));
  ALLMENDE_RETURN_IF_ERROR(WriteFileAtomically(layout.Revocations(), FormatRevocations({}), FileAccess::kEverybody));
  ALLMENDE_RETURN_IF_ERROR(
      IssueBrokerInto(layout.BrokerDirectory(), layout, BrokerNames(options), options.broker_validity, now));
  ALLMENDE_ASSIGN_OR_RETURN(const Endpoint listen, ParseEndpoint(options.listen));
  const CityFile city{options.city, {FirstEndpoint(options, listen)}};
  ALLMENDE_RETURN_IF_ERROR(SaveCityFile(layout, city));
  ALLMENDE_RETURN_IF_ERROR(WriteFileAtomically(layout.Baseline(), BaselineText(options, now), FileAccess::kEverybody));
  ALLMENDE_RETURN_IF_ERROR(WriteFileAtomically(layout.Config(), BrokerConfigText(options), FileAccess::kEverybody));

  std::vector<NewProfile> profiles;
  for (const IssueOptions& first : options.first) {
    const std::string directory = layout.ProfileDirectory(first.participant, first.member);
    std::error_code error;
    if (fs::exists(directory, error)) {
      return absl::InvalidArgumentError(absl::StrCat("two first certificates are for `", first.participant, "`"));
    }
    if (!first.member.empty()) {
      ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(fs::path(directory).parent_path().string(), FileAccess::kOwnerOnly));
    }
    ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(directory, FileAccess::kOwnerOnly));
    ALLMENDE_ASSIGN_OR_RETURN(NewProfile profile, IssueInto(directory, layout, city, first, now));
    profiles.push_back(std::move(profile));
  }
  return profiles;
}

// Moves everything in, or back out again.
absl::Status MoveIn(const std::string& staging, const std::string& directory) {
  std::vector<std::string> moved;
  for (const char* name : kNames) {
    const std::string from = absl::StrCat(staging, "/", name);
    const std::string to = absl::StrCat(directory, "/", name);
    if (std::rename(from.c_str(), to.c_str()) == 0) {
      moved.emplace_back(name);
      continue;
    }
    absl::Status status = SystemError(errno, "put in place", to);
    for (const std::string& back : moved) {
      std::rename(absl::StrCat(directory, "/", back).c_str(), absl::StrCat(staging, "/", back).c_str());
    }
    return status;
  }
  return SyncDirectory(directory);
}

}  // namespace

absl::StatusOr<CityFile> LoadCityFile(const CityLayout& layout) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::string text, ReadFile(layout.City(), kFileBytesMax));
  ALLMENDE_ASSIGN_OR_RETURN(const policy::Node root, settings::ReadTree(text, layout.City()));
  settings::Problems problems(layout.City());
  settings::MapReader reader(root, problems);
  CityFile city;
  city.city = reader.RequireText("city");
  if (!city.city.empty()) reader.Check("city", CheckCityName(city.city));
  reader.Texts("endpoints", city.endpoints);
  for (const std::string& endpoint : city.endpoints) reader.Check("endpoints", ParseEndpoint(endpoint).status());
  if (city.endpoints.empty()) reader.Report("endpoints", "`endpoints` must name at least one broker, as `host:port`");
  reader.Finish();
  ALLMENDE_RETURN_IF_ERROR(problems.ToStatus());
  return city;
}

absl::Status SaveCityFile(const CityLayout& layout, const CityFile& city) {
  std::string text =
      absl::StrCat("# What every new profile of this city says.\ncity: ", settings::QuoteValue(city.city),
                   "\nendpoints:  # of its brokers, in the order to try\n");
  for (const std::string& endpoint : city.endpoints) {
    absl::StrAppend(&text, "  - ", settings::QuoteValue(endpoint), "\n");
  }
  return WriteFileAtomically(layout.City(), text, FileAccess::kEverybody);
}

absl::StatusOr<std::vector<NewProfile>> InitCity(const std::string& directory, const CityOptions& options,
                                                 absl::Time now) {
  ALLMENDE_RETURN_IF_ERROR(CheckOptions(options));
  ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(directory, FileAccess::kEverybody));
  const CityLayout layout(directory);
  ALLMENDE_ASSIGN_OR_RETURN(const LockFile lock, LockFile::Acquire(layout.Lock()));
  ALLMENDE_RETURN_IF_ERROR(RefuseToOverwrite(layout.directory()));

  std::error_code error;
  fs::remove_all(layout.Staging(), error);  // of an attempt that was killed
  ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(layout.Staging(), FileAccess::kOwnerOnly));
  absl::StatusOr<std::vector<NewProfile>> profiles = Prepare(CityLayout(layout.Staging()), options, now);
  if (profiles.ok()) {
    if (absl::Status moved = MoveIn(layout.Staging(), layout.directory()); !moved.ok()) profiles = std::move(moved);
  }
  fs::remove_all(layout.Staging(), error);
  if (!profiles.ok()) return profiles;
  for (NewProfile& profile : *profiles) {
    profile.directory = absl::StrCat(layout.directory(), profile.directory.substr(layout.Staging().size()));
  }
  return profiles;
}

}  // namespace allmende::pki
