#include "sdk/cli/profile/commands.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/table.h"
#include "sdk/cli/profile/profiles.h"
#include "sdk/pki/pair.h"
#include "sdk/pki/profile.h"

namespace allmende::cli {
namespace {

namespace fs = std::filesystem;

// Whom the profile `name` names, and whether its certificate can be used.
struct Looked {
  pki::Profile profile;
  absl::Status usable;
};

absl::StatusOr<Looked> Look(const Context& context, const std::string& path) {
  Looked looked;
  ALLMENDE_ASSIGN_OR_RETURN(looked.profile, pki::LoadProfile(path));
  looked.usable = pki::LoadPair(looked.profile.Pair(), crypto::CertificateUse::kClient, context.now()).status();
  return looked;
}

std::string WhoIs(const pki::Profile& profile) {
  return profile.member.empty() ? profile.participant : absl::StrCat(profile.participant, "/", profile.member);
}

// Makes every folder of `path`.
absl::Status MakeFolders(const fs::path& path) {
  fs::path made;
  for (const fs::path& part : path) {
    made /= part;
    std::error_code ignored;
    if (!fs::is_directory(made, ignored)) {
      ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(made.string(), FileAccess::kOwnerOnly));
    }
  }
  return absl::OkStatus();
}

absl::Status Link(const std::string& target, const fs::path& link) {
  std::error_code error;
  const fs::path aside = link.string() + ".new";
  fs::remove(aside, error);
  fs::create_symlink(target, aside, error);
  if (!error) fs::rename(aside, link, error);
  return error ? SystemError(error.value(), "link", link.string()) : absl::OkStatus();
}

absl::StatusOr<ExitCode> Add(Context& context, const Values& values) {
  const std::string& name = values.Text("NAME");
  ALLMENDE_RETURN_IF_ERROR(CheckProfileName(name));
  std::error_code error;
  const fs::path target = fs::weakly_canonical(fs::absolute(values.Text("DIR"), error), error);
  if (error) return SystemError(error.value(), "open", values.Text("DIR"));
  ALLMENDE_ASSIGN_OR_RETURN(const Looked looked, Look(context, target.string()));
  if (!looked.usable.ok()) return looked.usable;
  ALLMENDE_ASSIGN_OR_RETURN(const std::string directory, ProfilesDirectory(context));
  ALLMENDE_RETURN_IF_ERROR(MakeFolders(directory));
  const fs::path link = fs::path(directory) / name;
  if (!values.Switch("replace") && FindProfile(context, name).ok()) {
    return WithHint(absl::AlreadyExistsError(absl::StrCat("there is a profile `", name, "` already")),
                    "`--replace` puts the new one in its place");
  }
  const fs::path folder = fs::is_directory(target, error) ? target : target.parent_path();
  ALLMENDE_RETURN_IF_ERROR(Link(folder.string(), link));
  context.Remark(absl::StrCat("profile `", name, "`: ", WhoIs(looked.profile), " of ", looked.profile.city, ", ",
                              absl::StrJoin(looked.profile.endpoints, ", ")));
  if (!FindProfile(context, kDefaultProfile).ok()) {
    ALLMENDE_RETURN_IF_ERROR(Link(name, fs::path(directory) / kDefaultProfile));
    context.Remark("it is the default from now on");
  }
  return ExitCode::kOk;
}

// The name that the default stands for; empty: none, or a profile of its own.
std::string DefaultName(const Context& context) {
  const absl::StatusOr<std::string> directory = ProfilesDirectory(context);
  std::error_code error;
  return directory.ok() ? fs::read_symlink(fs::path(*directory) / kDefaultProfile, error).string() : "";
}

absl::StatusOr<ExitCode> List(Context& context, const Values&) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::vector<std::string> names, ProfileNames(context));
  const std::string chosen = DefaultName(context);
  Table table({"name", "participant", "city", "endpoints", "default", "state"});
  table.SetEmptyText("no profiles yet; `allmende profile add NAME DIR` takes one up");
  for (const std::string& name : names) {
    if (name == kDefaultProfile && !chosen.empty()) continue;
    const absl::StatusOr<std::string> path = FindProfile(context, name);
    const absl::StatusOr<Looked> looked = path.ok() ? Look(context, *path) : path.status();
    if (!looked.ok()) {
      table.AddRow({Cell::Text(name), Cell::None(), Cell::None(), Cell::None(), Cell::Bool(name == chosen),
                    Cell::Text(std::string(looked.status().message()), Style::kError)});
      continue;
    }
    const pki::Profile& profile = looked->profile;
    table.AddRow({Cell::Text(name), Cell::Text(WhoIs(profile)), Cell::Text(profile.city), Cell::List(profile.endpoints),
                  Cell::Bool(name == chosen || name == kDefaultProfile),
                  looked->usable.ok() ? Cell::Text("ready", Style::kGood)
                                      : Cell::Text(std::string(looked->usable.message()), Style::kError)});
  }
  Write(context, table);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Show(Context& context, const Values& values) {
  const bool named = values.Has("NAME");
  ALLMENDE_ASSIGN_OR_RETURN(const std::string path,
                            named ? FindProfile(context, values.Text("NAME")) : ChosenProfile(context));
  ALLMENDE_ASSIGN_OR_RETURN(const Looked looked, Look(context, path));
  const pki::Profile& profile = looked.profile;
  Details details;
  details.Add("path", Cell::Text(path));
  details.Add("city", Cell::Text(profile.city));
  details.Add("participant", Cell::Text(profile.participant));
  details.Add("member", profile.member.empty() ? Cell::None() : Cell::Text(profile.member));
  details.Add("endpoints", Cell::List(profile.endpoints));
  details.Add("purpose", profile.purpose.empty() ? Cell::None() : Cell::Text(profile.purpose));
  details.Add("certificate", Cell::Text(profile.Pair().certificate));
  details.Add("state", looked.usable.ok() ? Cell::Text("ready", Style::kGood)
                                          : Cell::Text(std::string(looked.usable.message()), Style::kError));
  Write(context, details);
  return looked.usable.ok() ? ExitCode::kOk : ExitCode::kProblemsFound;
}

absl::StatusOr<ExitCode> Use(Context& context, const Values& values) {
  const std::string& name = values.Text("NAME");
  ALLMENDE_RETURN_IF_ERROR(CheckProfileName(name));
  if (name == kDefaultProfile) return UsageError("`default` is what `profile use` sets; name another profile");
  ALLMENDE_ASSIGN_OR_RETURN(const std::string path, FindProfile(context, name));
  const fs::path link = fs::path(path).parent_path() / kDefaultProfile;
  std::error_code error;
  if (fs::exists(fs::symlink_status(link, error)) && !fs::is_symlink(link, error)) {
    return absl::FailedPreconditionError(
        absl::StrCat("`", link.string(), "` is a profile of its own; give it another name first"));
  }
  ALLMENDE_RETURN_IF_ERROR(Link(fs::path(path).filename().string(), link));
  context.Remark(absl::StrCat("`", name, "` is the default from now on"));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Remove(Context& context, const Values& values) {
  const std::string& name = values.Text("NAME");
  ALLMENDE_RETURN_IF_ERROR(CheckProfileName(name));
  ALLMENDE_ASSIGN_OR_RETURN(const std::string directory, ProfilesDirectory(context));
  const fs::path link = fs::path(directory) / name;
  std::error_code error;
  if (!fs::is_symlink(link, error)) {
    ALLMENDE_ASSIGN_OR_RETURN(const std::string path, FindProfile(context, name));
    return WithHint(absl::FailedPreconditionError(
                        absl::StrCat("`", path, "` holds the profile itself, perhaps the only copy of its key")),
                    "remove it by hand if nobody needs it any more");
  }
  const bool was_default = DefaultName(context) == name;
  if (!fs::remove(link, error)) return SystemError(error.value(), "remove", link.string());
  if (was_default) fs::remove(fs::path(directory) / kDefaultProfile, error);
  context.Remark(absl::StrCat("profile `", name, "` is forgotten; its files stay where they are",
                              was_default ? "; no profile is the default now" : ""));
  return ExitCode::kOk;
}

}  // namespace

void AddProfileCommands(Program& program) {
  const Argument name = {.name = "NAME", .help = "the profile's name"};
  program.commands.push_back(
      {.name = "profile add",
       .summary = "takes up a profile that the city handed out, under a short name",
       .details =
           "The files stay where they are, so that a renewed certificate counts at once. The first profile becomes "
           "the default.",
       .examples = {"allmende profile add bwb city/participants/bwb"},
       .arguments = {name, {.name = "DIR", .help = "its folder, with profile.yaml", .kind = ValueKind::kDirectory}},
       .options = {{.name = "replace", .help = "put it in the place of one of the same name"}},
       .run = Add});
  program.commands.push_back({.name = "profile list", .summary = "lists your profiles", .run = List});
  program.commands.push_back({.name = "profile show",
                              .summary = "shows the profile that counts, or the named one",
                              .arguments = {{.name = "NAME", .help = "a name or a path", .optional = true}},
                              .run = Show});
  program.commands.push_back(
      {.name = "profile use", .summary = "makes a profile the default", .arguments = {name}, .run = Use});
  program.commands.push_back(
      {.name = "profile remove", .summary = "forgets a profile; its files stay", .arguments = {name}, .run = Remove});
}

}  // namespace allmende::cli
