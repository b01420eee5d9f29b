#include "sdk/cli/profile/profiles.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/language/suggest.h"
#include "sdk/base/status.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/pki/profile.h"

namespace allmende::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kHowToAdd[] = "`allmende profile add NAME DIR` takes up a profile that the city handed out";

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

absl::Status NoSuchProfile(const Context& context, const std::string& name, const std::string& directory) {
  const absl::Status status =
      absl::NotFoundError(absl::StrCat("there is no profile `", Printable(name), "` in `", directory, "`"));
  absl::StatusOr<std::vector<std::string>> names = ProfileNames(context);
  // A link whose profile is gone, such as the default of a removed one, is no help.
  if (names.ok()) std::erase_if(*names, [&](const std::string& other) { return !FindProfile(context, other).ok(); });
  std::error_code unknown;
  if (fs::is_directory(name, unknown)) return WithHint(status, absl::StrCat("`./", name, "` is the folder"));
  if (!names.ok() || names->empty()) return WithHint(status, kHowToAdd);
  const std::string near = policy::Suggest(name, *names);
  if (!near.empty()) return WithHint(status, absl::StrCat("did you mean `", near, "`?"));
  return WithHint(status, absl::StrCat("there are: ", absl::StrJoin(*names, ", ")));
}

}  // namespace

absl::StatusOr<std::string> ProfilesDirectory(const Context& context) {
  const std::string config = context.Environment("XDG_CONFIG_HOME");
  if (!config.empty()) return absl::StrCat(config, "/allmende/profiles");
  const std::string home = context.Environment("HOME");
  if (!home.empty()) return absl::StrCat(home, "/.config/allmende/profiles");
  return absl::FailedPreconditionError(
      "neither HOME nor XDG_CONFIG_HOME is set, so no profile can be found by its name; give its path");
}

absl::StatusOr<std::string> FindProfile(const Context& context, const std::string& name) {
  if (absl::StrContains(name, '/') || absl::EndsWith(name, ".yaml")) {
    if (Exists(name)) return name;
    return absl::NotFoundError(absl::StrCat("there is no profile at `", Printable(name), "`"));
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::string directory, ProfilesDirectory(context));
  ALLMENDE_RETURN_IF_ERROR(CheckProfileName(name));
  for (const std::string& path : {absl::StrCat(directory, "/", name, ".yaml"), absl::StrCat(directory, "/", name)}) {
    if (Exists(path)) return path;
  }
  std::error_code ignored;
  const fs::path link = fs::path(directory) / name;
  if (fs::is_symlink(link, ignored)) {
    return WithHint(absl::NotFoundError(absl::StrCat("profile `", name, "` points to `",
                                                     fs::read_symlink(link, ignored).string(), "`, which is gone")),
                    absl::StrCat("`allmende profile remove ", name, "`, then add it anew"));
  }
  return NoSuchProfile(context, name, directory);
}

absl::StatusOr<std::string> ChosenProfile(const Context& context) {
  if (!context.profile.empty()) return FindProfile(context, context.profile);
  const std::string named = context.Environment("ALLMENDE_PROFILE");
  if (!named.empty()) return FindProfile(context, named);
  absl::StatusOr<std::string> found = FindProfile(context, kDefaultProfile);
  if (found.ok() || found.status().code() != absl::StatusCode::kNotFound) return found;
  const absl::StatusOr<std::vector<std::string>> names = ProfileNames(context);
  if (names.ok() && !names->empty()) {
    return WithHint(
        absl::NotFoundError("no profile was named, and none is the default"),
        absl::StrCat("use `--profile NAME` or `allmende profile use NAME`; there are: ", absl::StrJoin(*names, ", ")));
  }
  return WithHint(absl::NotFoundError("no profile was named: it says who you are and where the brokers are"),
                  absl::StrCat(kHowToAdd, "; `--profile PATH` uses one where it stands"));
}

absl::StatusOr<std::vector<std::string>> ProfileNames(const Context& context) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::string directory, ProfilesDirectory(context));
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (absl::EndsWith(name, ".yaml")) {
      names.push_back(name.substr(0, name.size() - 5));
    } else if (name[0] != '.') {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

absl::Status CheckProfileName(const std::string& name) {
  const auto fits = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  };
  if (!name.empty() && name.size() <= 63 && absl::ascii_isalnum(static_cast<unsigned char>(name[0])) &&
      std::all_of(name.begin(), name.end(), fits)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("`", Printable(name),
                                                 "` cannot name a profile: use up to 63 letters, digits, `-`, `_` and "
                                                 "`.`, beginning with a letter or digit"));
}

}  // namespace allmende::cli
