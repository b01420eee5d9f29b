#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sdk/base/status.h"
#include "sdk/cli/city/commands_internal.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/cli/frame/table.h"
#include "sdk/pki/city.h"

namespace allmende::cli {
namespace {

// A certificate that ends sooner is worth a mark.
constexpr absl::Duration kEndsSoon = absl::Hours(24 * 30);

std::string NameOf(const std::string& participant, const std::string& member) {
  if (participant.empty()) return "(broker)";
  return member.empty() ? participant : absl::StrCat(participant, "/", member);
}

absl::StatusOr<ExitCode> Issue(Context& context, const Values& values) {
  pki::IssueOptions options;
  options.participant = values.Text("PARTICIPANT");
  options.member = values.Text("member");
  ALLMENDE_ASSIGN_OR_RETURN(options.roles, pki::ParseRoles(values.Texts("role")));
  options.validity = values.Duration("valid-for");
  options.endpoints = values.Texts("endpoint");
  options.purpose = values.Text("purpose");
  options.renew = values.Switch("renew");
  const std::string city = WithoutSlash(values.Text("CITY"));
  absl::StatusOr<pki::NewProfile> issued = pki::IssueCertificate(city, options, context.now());
  if (issued.status().code() == absl::StatusCode::kAlreadyExists) {
    return WithHint(issued.status(), "`--renew` issues a new key and certificate in its place");
  }
  if (!issued.ok()) return issued.status();
  Details details;
  details.Add("participant", Cell::Text(NameOf(options.participant, options.member)));
  details.Add("roles", Cell::List(options.roles.Names()));
  details.Add("profile", Cell::Text(issued->directory));
  details.Add("serial", Cell::Text(issued->serial));
  details.Add("valid_until", Cell::Time(issued->not_after));
  Write(context, details);
  if (context.output == OutputFormat::kTable) {
    context.Remark("");
    const std::string name =
        options.member.empty() ? options.participant : absl::StrCat(options.participant, "-", options.member);
    context.Next(absl::StrCat("hand the whole folder over; its owner says `allmende profile add ", name, " ",
                              ShellWord(issued->directory), "`"));
  }
  return ExitCode::kOk;
}

absl::StatusOr<pki::RevokeOptions> WhatToRevoke(const Values& values) {
  pki::RevokeOptions options;
  int given = 0;
  for (const auto& [name, kind] : {std::pair("serial", pki::Revocation::Kind::kSerial),
                                   std::pair("certificate", pki::Revocation::Kind::kCertificate),
                                   std::pair("participant", pki::Revocation::Kind::kParticipant)}) {
    if (!values.Has(name)) continue;
    ++given;
    options.kind = kind;
    options.subject = values.Text(name);
  }
  if (given != 1) {
    return UsageError("say what is revoked: one of `--serial`, `--certificate` or `--participant`",
                      "`allmende pki list CITY` shows participants and serial numbers");
  }
  options.reason = values.Text("reason");
  options.foreign = values.Switch("foreign");
  return options;
}

absl::StatusOr<ExitCode> Revoke(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const pki::RevokeOptions options, WhatToRevoke(values));
  const std::string city = WithoutSlash(values.Text("CITY"));
  const absl::Status revoked = pki::Revoke(city, options, context.now());
  if (revoked.code() == absl::StatusCode::kNotFound && HintOf(revoked).empty()) {
    return WithHint(revoked, absl::StrCat("`allmende pki list ", ShellWord(city), "` shows what was issued"));
  }
  if (!revoked.ok()) return revoked;
  Details details;
  details.Add("revoked", Cell::Text(options.subject));
  details.Add("kind", Cell::Text(pki::RevocationKindName(options.kind)));
  details.Add("since", Cell::Time(context.now()));
  Write(context, details);
  if (context.output == OutputFormat::kTable) {
    context.Remark("A broker that runs on this folder notices within a second; copies of the register must be copied.");
  }
  return ExitCode::kOk;
}

Cell State(const pki::CertificateEntry& entry, absl::Time now) {
  if (entry.revoked) {
    return Cell::Text(entry.reason.empty() ? "revoked" : absl::StrCat("revoked: ", entry.reason), Style::kError);
  }
  if (entry.not_after <= now) return Cell::Text("expired", Style::kError);
  if (entry.not_after <= now + kEndsSoon) return Cell::Text("ends soon", Style::kWarning);
  return Cell::Text("valid", Style::kGood);
}

absl::StatusOr<ExitCode> List(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::vector<pki::CertificateEntry> entries,
                            pki::ListCertificates(WithoutSlash(values.Text("CITY"))));
  Table table({"participant", "roles", "serial", "issued", "valid_until", "state"});
  table.SetEmptyText("no certificates yet");
  for (const pki::CertificateEntry& entry : entries) {
    if (values.Has("participant") && entry.participant != values.Text("participant")) continue;
    table.AddRow({Cell::Text(NameOf(entry.participant, entry.member)), Cell::List(entry.roles.Names()),
                  Cell::Text(entry.serial), Cell::Time(entry.issued), Cell::Time(entry.not_after),
                  State(entry, context.now())});
  }
  Write(context, table);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RenewBroker(Context& context, const Values& values) {
  ALLMENDE_RETURN_IF_ERROR(pki::RenewBrokerCertificate(WithoutSlash(values.Text("CITY")), values.Texts("host"),
                                                       values.Duration("valid-for"), context.now()));
  context.Remark("The broker has a new key and certificate; if it runs, it takes them up by itself.");
  return ExitCode::kOk;
}

Option ValidFor() {
  return {.name = "valid-for",
          .help = "how long the certificate is valid, at most 20 years",
          .kind = ValueKind::kDuration,
          .fallback = "365d"};
}

}  // namespace

void AddPkiCommands(Program& program) {
  const Argument city = {.name = "CITY", .help = "the city's folder", .kind = ValueKind::kDirectory};
  program.commands.push_back(
      {.name = "pki issue",
       .summary = "issues a certificate and writes the profile to hand over",
       .examples = {"allmende pki issue musterstadt navi-ag --role operator --purpose navigation",
                    "allmende pki issue musterstadt bwb --member anna --role officer",
                    "allmende pki issue musterstadt bwb --role agency --renew"},
       .arguments = {city, {.name = "PARTICIPANT", .help = "its id: a-z, 0-9 and `-`"}},
       .options = {{.name = "role",
                    .help = "what it does",
                    .kind = ValueKind::kChoice,
                    .choices = {"agency", "operator", "officer", "crisis-authority", "auditor"},
                    .required = true,
                    .repeated = true},
                   {.name = "member",
                    .help = "a natural person who acts for the participant",
                    .kind = ValueKind::kText,
                    .value = "NAME"},
                   ValidFor(),
                   {.name = "purpose",
                    .help = "what its reads are for, where they do not say so themselves",
                    .kind = ValueKind::kText,
                    .value = "PURPOSE"},
                   {.name = "endpoint",
                    .help = "a broker's address, instead of the city's own",
                    .kind = ValueKind::kText,
                    .value = "HOST:PORT",
                    .repeated = true},
                   {.name = "renew", .help = "replace the key and certificate of an existing profile"}},
       .run = Issue});
  program.commands.push_back(
      {.name = "pki revoke",
       .summary = "makes a certificate, or a participant as a whole, unwelcome at once",
       .examples = {"allmende pki revoke musterstadt --serial 5f3a09... --reason \"laptop lost\"",
                    "allmende pki revoke musterstadt --participant navi-ag --reason \"contract ended\""},
       .arguments = {city},
       .options = {{.name = "serial",
                    .help = "one certificate, by its serial number",
                    .kind = ValueKind::kText,
                    .value = "HEX"},
                   {.name = "certificate",
                    .help = "one certificate, by its SHA-256 fingerprint",
                    .kind = ValueKind::kText,
                    .value = "HEX"},
                   {.name = "participant",
                    .help = "all certificates of a participant and its members",
                    .kind = ValueKind::kText,
                    .value = "ID"},
                   {.name = "reason", .help = "why; one line", .kind = ValueKind::kText},
                   {.name = "foreign", .help = "it was issued by another authority that the broker trusts"}},
       .run = Revoke});
  program.commands.push_back(
      {.name = "pki list",
       .summary = "lists the certificates that the city has issued",
       .arguments = {city},
       .options = {{.name = "participant", .help = "only of this one", .kind = ValueKind::kText, .value = "ID"}},
       .run = List});
  program.commands.push_back(
      {.name = "pki renew-broker",
       .summary = "issues a new key and certificate for the city's broker",
       .arguments = {city},
       .options = {{.name = "host",
                    .help = "a name or address that clients use (default: those of the old certificate)",
                    .kind = ValueKind::kText,
                    .value = "NAME",
                    .repeated = true},
                   ValidFor()},
       .run = RenewBroker});
}

}  // namespace allmende::cli
