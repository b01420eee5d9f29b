#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "sdk/base/status.h"
#include "sdk/cli/city/commands.h"
#include "sdk/cli/city/commands_internal.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/cli/frame/table.h"
#include "sdk/pki/city.h"
#include "sdk/pki/layout.h"
#include "sdk/pki/profile.h"

namespace allmende::cli {
namespace {

// Who can do everything that a first try needs. A real city gives the roles to different people.
constexpr char kFirstParticipant[] = "city-administration=agency,officer,crisis-authority";

// `bwb=agency,officer`.
absl::StatusOr<pki::IssueOptions> ParseParticipant(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (parts.size() != 2) {
    return UsageError(absl::StrCat("`--participant` cannot be `", Printable(text), "`: write its id and its roles"),
                      "for example `--participant bwb=agency` or `--participant navi-ag=operator,auditor`");
  }
  pki::IssueOptions options;
  options.participant = parts[0];
  ALLMENDE_ASSIGN_OR_RETURN(options.roles, pki::ParseRoles(absl::StrSplit(parts[1], ',')));
  return options;
}

absl::StatusOr<std::string> CityName(const Values& values) {
  if (values.Has("name")) return values.Text("name");
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(values.Text("DIR"), error).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const std::string name = absl::AsciiStrToLower(path.filename().string());
  if (pki::CheckCityName(name).ok()) return name;
  return UsageError(absl::StrCat("the folder's name `", Printable(name), "` cannot name the city"),
                    "say its name with `--name`, for example `--name musterstadt`");
}

std::string RolesText(const pki::RoleSet& roles) {
  return absl::StrJoin(roles.Names(), ", ");
}

// What a person reads, and does next.
void Explain(Context& context, const pki::CityOptions& options, const std::string& directory,
             const std::vector<pki::NewProfile>& profiles) {
  const pki::CityLayout layout(directory);
  context.Remark(absl::StrCat("The city `", options.city, "` is ready in ", directory, ":\n"));
  const auto row = [&](const std::string& what, const std::string& where) {
    context.Remark(absl::StrCat("  ", what, std::string(what.size() < 24 ? 24 - what.size() : 1, ' '), where));
  };
  row("broker configuration", layout.Config());
  row("broker listens at", options.listen);
  row("city baseline", layout.Baseline());
  row("authority", absl::StrCat(layout.AuthorityCertificate(), "  (keep ", layout.AuthorityKey(), " safe)"));
  for (size_t i = 0; i < profiles.size(); ++i) {
    row(absl::StrCat("profile ", i + 1),
        absl::StrCat(profiles[i].directory, "  (", RolesText(options.first[i].roles), ")"));
  }
  context.Remark("");
  context.Next(absl::StrCat("allmended --config ", ShellWord(layout.Config())));
  if (profiles.empty()) {
    context.Remark(absl::StrCat("then: allmende pki issue ", ShellWord(directory), " NAME --role agency"));
    return;
  }
  context.Remark(
      absl::StrCat("then: allmende profile add ", options.first[0].participant, " ", ShellWord(profiles[0].directory)));
  context.Remark("      allmende status");
}

absl::StatusOr<ExitCode> Init(Context& context, const Values& values) {
  pki::CityOptions options;
  ALLMENDE_ASSIGN_OR_RETURN(options.city, CityName(values));
  options.listen = values.Text("listen");
  options.hosts = values.Texts("host");
  std::vector<std::string> first = values.Texts("participant");
  if (first.empty() && !values.Switch("no-participant")) first = {kFirstParticipant};
  for (const std::string& text : first) {
    ALLMENDE_ASSIGN_OR_RETURN(pki::IssueOptions issue, ParseParticipant(text));
    options.first.push_back(std::move(issue));
  }
  const std::string directory = WithoutSlash(values.Text("DIR"));
  ALLMENDE_ASSIGN_OR_RETURN(const std::vector<pki::NewProfile> profiles,
                            pki::InitCity(directory, options, context.now()));
  if (context.output == OutputFormat::kTable) {
    Explain(context, options, directory, profiles);
    return ExitCode::kOk;
  }
  std::vector<std::string> directories;
  for (const pki::NewProfile& profile : profiles) directories.push_back(profile.directory);
  Details details;
  details.Add("city", Cell::Text(options.city));
  details.Add("directory", Cell::Text(directory));
  details.Add("config", Cell::Text(pki::CityLayout(directory).Config()));
  details.Add("listen", Cell::Text(options.listen));
  details.Add("profiles", Cell::List(directories));
  Write(context, details);
  return ExitCode::kOk;
}

}  // namespace

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

void AddCityCommands(Program& program) {
  program.commands.push_back(
      {.name = "city init",
       .summary = "makes a complete local city in one folder: authority, certificates, broker configuration, baseline",
       .details =
           absl::StrCat("Without `--participant` it issues one certificate, for `", kFirstParticipant,
                        "`: enough to try everything. In a real city give these roles to different participants."),
       .examples = {"allmende city init musterstadt",
                    "allmende city init /srv/allmende --name musterstadt --listen 0.0.0.0:7443 --host "
                    "austausch.musterstadt.de",
                    "allmende city init demo --participant bwb=agency --participant navi-ag=operator --participant "
                    "amt=officer"},
       .arguments = {{.name = "DIR",
                      .help = "the city's folder; made if it is missing",
                      .kind = ValueKind::kDirectory}},
       .options = {{.name = "name",
                    .help = "the city's name, part of every certificate (default: the folder's name)",
                    .kind = ValueKind::kText,
                    .value = "NAME"},
                   {.name = "listen",
                    .help = "where its broker listens",
                    .kind = ValueKind::kText,
                    .value = "HOST:PORT",
                    .fallback = "127.0.0.1:7443"},
                   {.name = "host",
                    .help = "a further name or address that clients use for the broker; the first goes into profiles",
                    .kind = ValueKind::kText,
                    .value = "NAME",
                    .repeated = true},
                   {.name = "participant",
                    .help = "who gets a certificate at once, with which roles: agency, operator, officer, "
                            "crisis-authority, auditor",
                    .kind = ValueKind::kText,
                    .value = "ID=ROLE,...",
                    .repeated = true},
                   {.name = "no-participant", .help = "issue no certificate but the broker's"}},
       .run = Init});
  AddPkiCommands(program);
}

}  // namespace allmende::cli
