#include "sdk/cli/program.h"

#include "sdk/cli/catalogue/commands.h"
#include "sdk/cli/city/commands.h"
#include "sdk/cli/profile/commands.h"
#include "sdk/cli/regime/commands.h"

namespace allmende::cli {

Program AllmendeProgram() {
  Program program = {.name = "allmende",
                     .version = kVersion,
                     .summary = "the municipal data exchange",
                     .groups = {{"city", "make a city"},
                                {"pki", "certificates, on the city's own files"},
                                {"profile", "who you are and where the brokers are"},
                                {"dataset", "datasets"},
                                {"schema", "schemas"},
                                {"policy", "the rules"},
                                {"crisis", "crises"}}};
  AddCityCommands(program);
  AddProfileCommands(program);
  AddCatalogueCommands(program);
  AddRegimeCommands(program);
  return program;
}

}  // namespace allmende::cli
