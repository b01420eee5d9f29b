// The files a new city begins with.
#include "absl/strings/str_cat.h"
#include "sdk/pki/city_internal.h"
#include "sdk/settings/settings.h"

namespace allmende::pki {

std::string BrokerConfigText(const CityOptions& options) {
  return absl::StrCat(
      "# Configuration of this city's broker. `allmended --check --config broker.yaml` tells whether it would start.\n"
      "# Paths are relative to this file. Lines behind `#` show further keys, with their default or an example.\n"
      "city: ",
      settings::QuoteValue(options.city),
      "\n"
      "listen: ",
      settings::QuoteValue(options.listen),
      "\n"
      "data: data\n"
      "policies: policies\n"
      "certificate: broker/cert.pem\n"
      "key: broker/key.pem\n"
      "revocations: revoked.list\n"
      "\n"
      "# Whose certificates count. For an authority of another trust domain, list whom it may name:\n"
      "#   - authority: landes-pki.pem\n"
      "#     domain: pki.example.de\n"
      "#     participants:\n"
      "#       feuerwehr: {roles: [operator, crisis-authority], names: [\"dns:austausch.feuerwehr.example.de\"]}\n"
      "trust:\n"
      "  - authority: ca/cert.pem\n"
      "\n"
      "admin_socket: run/admin.sock  # status and metrics, for the machine's own administrators\n"
      "# metrics_listen: 127.0.0.1:9443\n"
      "# log: {format: text, level: info}\n"
      "# limits: {message: 4 MiB, streams_per_connection: 100, free_disk: 256 MiB}\n"
      "# retention: {stream_age: 0, stream_bytes: 0, tombstone_age: 90 d}\n");
}

std::string BaselineText(const CityOptions& options, absl::Time now) {
  const std::string publisher = options.first.empty() ? "city-administration" : options.first.front().participant;
  const std::string day = absl::FormatTime("%Y-%m-%d", now, absl::UTCTimeZone());
  return absl::StrCat(
      "# The city baseline: the most that any dataset's policy may give, whatever it says. It permits\n"
      "# nothing, it takes away. `allmende policy check` tells whether a changed file is right, `allmende policy "
      "release`\n"
      "# puts it in force.\n"
      "language: en\n"
      "baseline: ",
      settings::QuoteValue(options.city),
      "\n"
      "publisher: ",
      settings::QuoteValue(publisher),
      "\n"
      "valid: {from: ",
      day,
      "}\n"
      "\n"
      "# The words that policies may use: another one is a slip of the pen, and an error. Add those of your city.\n"
      "purposes: [navigation, traffic-control, planning, research, emergency-response]\n"
      "crises: [heavy-rain, heat]\n"
      "\n"
      "limits:\n"
      "  - limit: nothing-personal-or-critical\n"
      "    for: everyone\n"
      "    never: [personal, critical]\n"
      "\n"
      "# In a declared crisis a dataset's crisis rules may give this much, and no more.\n"
      "crisis_ceilings:\n"
      "  - ceiling: those-who-act\n"
      "    during: [crisis(heavy-rain), crisis(heat)]\n"
      "    for: {role: [agency, operator, crisis-authority]}\n"
      "    at_most: [public, operational, location, critical]\n"
      "    replica: {without_contact: until crisis end + 24 hours}\n"
      "\n"
      "tests:\n"
      "  - {who: navigator, role: operator, gets: [public, operational, location, identifier]}\n"
      "  - {who: navigator, role: operator, crisis: heavy-rain, also_gets: [critical]}\n"
      "  - {who: office, role: agency, never: [personal, critical]}\n"
      "  - {who: office, role: agency, crisis: heat, never: [personal]}\n"
      "  - {who: watch, role: auditor, crisis: heavy-rain, never: [personal, critical]}\n");
}

}  // namespace allmende::pki
