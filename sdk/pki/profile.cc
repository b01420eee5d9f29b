#include "sdk/pki/profile.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/pki/endpoint.h"
#include "sdk/pki/identity.h"
#include "sdk/settings/settings.h"

namespace allmende::pki {
namespace {

constexpr size_t kFileBytesMax = 64 << 10;

std::string Join(const std::string& directory, const std::string& file) {
  return (std::filesystem::path(directory) / file).string();  // an absolute `file` stands for itself
}

absl::Status CheckEndpoint(const std::string& text) {
  ALLMENDE_ASSIGN_OR_RETURN(const Endpoint endpoint, ParseEndpoint(text));
  if (endpoint.port == 0) return absl::InvalidArgumentError(absl::StrCat("`", text, "` needs the broker's port"));
  return absl::OkStatus();
}

}  // namespace

PairFiles Profile::Pair() const {
  return {Join(directory, certificate), Join(directory, key)};
}

std::string Profile::AuthorityPath() const {
  return Join(directory, authority);
}

absl::StatusOr<Profile> LoadProfile(const std::string& path) {
  std::error_code ignored;
  const std::string file = std::filesystem::is_directory(path, ignored) ? Join(path, kProfileFile) : path;
  ALLMENDE_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kFileBytesMax));
  ALLMENDE_ASSIGN_OR_RETURN(const policy::Node root, settings::ReadTree(text, file));

  settings::Problems problems(file);
  settings::MapReader reader(root, problems);
  Profile profile;
  profile.directory = std::filesystem::path(file).parent_path().string();
  if (profile.directory.empty()) profile.directory = ".";
  profile.city = reader.RequireText("city");
  if (!profile.city.empty()) reader.Check("city", CheckCityName(profile.city));
  profile.participant = reader.RequireText("participant");
  if (!profile.participant.empty()) reader.Check("participant", CheckParticipantId(profile.participant));
  if (reader.Text("member", profile.member)) reader.Check("member", CheckMemberName(profile.member));
  if (reader.Texts("endpoints", profile.endpoints)) {
    for (const std::string& endpoint : profile.endpoints) reader.Check("endpoints", CheckEndpoint(endpoint));
  }
  if (profile.endpoints.empty())
    reader.Report("endpoints", "`endpoints` must name at least one broker, as `host:port`");
  reader.Text("purpose", profile.purpose);
  reader.Text("certificate", profile.certificate);
  reader.Text("key", profile.key);
  reader.Text("authority", profile.authority);
  reader.Finish();
  ALLMENDE_RETURN_IF_ERROR(problems.ToStatus());
  return profile;
}

absl::Status SaveProfile(const Profile& profile) {
  std::string text = absl::StrCat("# Who calls, and where the city's brokers are. Files are relative to this one.\n",
                                  "city: ", settings::QuoteValue(profile.city), "\n",
                                  "participant: ", settings::QuoteValue(profile.participant), "\n");
  if (!profile.member.empty()) absl::StrAppend(&text, "member: ", settings::QuoteValue(profile.member), "\n");
  absl::StrAppend(&text, "endpoints:  # tried in this order\n");
  for (const std::string& endpoint : profile.endpoints) {
    absl::StrAppend(&text, "  - ", settings::QuoteValue(endpoint), "\n");
  }
  if (!profile.purpose.empty()) absl::StrAppend(&text, "purpose: ", settings::QuoteValue(profile.purpose), "\n");
  absl::StrAppend(&text, "certificate: ", settings::QuoteValue(profile.certificate), "\n",
                  "key: ", settings::QuoteValue(profile.key), "\n",
                  "authority: ", settings::QuoteValue(profile.authority), "\n");
  return WriteFileAtomically(Join(profile.directory, kProfileFile), text, FileAccess::kEverybody);
}

}  // namespace allmende::pki
