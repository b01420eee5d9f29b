#include "sdk/cli/program.h"

#include "sdk/cli/catalogue/commands.h"
#include "sdk/cli/city/commands.h"
#include "sdk/cli/data/data_commands.h"
#include "sdk/cli/profile/commands.h"
#include "sdk/cli/regime/commands.h"

namespace allmende::cli {
namespace {

constexpr char kFirstSteps[] =
    "From nothing to open data, on one machine:\n"
    "\n"
    "  1. make a city, with an authority, certificates and a broker's configuration\n"
    "       allmende city init demo\n"
    "  2. start its broker, and leave it running\n"
    "       allmended --config demo/broker.yaml\n"
    "  3. take up the profile that was made: it says who you are and where the broker is\n"
    "       allmende profile add city-administration demo/participants/city-administration\n"
    "       allmende status\n"
    "  4. publish a CSV file as open data\n"
    "       allmende dataset create --from stops.csv --template open\n"
    "  5. let somebody else read it\n"
    "       allmende pki issue demo navi-ag --role operator\n"
    "       allmende subscribe stops --stop-at-head --profile demo/participants/navi-ag\n"
    "\n"
    "Where fields differ in how sensitive they are, begin with `allmende schema infer stops.csv`, say the class of "
    "each\n"
    "field, write a policy, and look at it with `allmende policy check`.\n";

}  // namespace

Program AllmendeProgram() {
  Program program = {.name = "allmende",
                     .version = kVersion,
                     .summary = "the municipal data exchange; `allmende help first-steps` begins",
                     .groups = {{"dataset", "datasets"},
                                {"schema", "schemas"},
                                {"quarantine", "records that did not fit"},
                                {"policy", "the rules"},
                                {"crisis", "crises"},
                                {"profile", "who you are and where the brokers are"},
                                {"city", "make a city"},
                                {"pki", "certificates, on the city's own files"}},
                     .topics = {{"first-steps", "from nothing to open data in five commands", kFirstSteps}}};
  AddDataCommands(program);
  AddCatalogueCommands(program);
  AddRegimeCommands(program);
  AddProfileCommands(program);
  AddCityCommands(program);
  return program;
}

}  // namespace allmende::cli
