// Makes the city that the night is played in, with the programs that a real city would use.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "examples/heavy_rain/night/night.h"
#include "examples/heavy_rain/stage/narrator.h"
#include "examples/heavy_rain/stage/stage.h"

namespace heavy_rain {

inline constexpr char kBroker[] = "broker";

struct CityOptions {
  std::string tools;  // folder of the programs `allmende` and `allmended`
  std::string files;  // folder of the schemas and policies: examples/
  std::string work;   // an empty folder for everything that the night leaves behind
};

class City {
 public:
  // Borrows both.
  City(const CityOptions& options, Stage& stage, Narrator& narrator)
      : options_(options), stage_(stage), narrator_(narrator) {}

  // Certificates, configuration, broker, datasets, policies; the broker runs afterwards. Errors as Stage::Run.
  absl::Status Make(const Night& night);

  absl::Status StartBroker();
  // Until it answers a call. kDeadlineExceeded: it does not.
  absl::Status WaitForBroker();
  absl::Status DeclareCrisis(const std::string& kind);

  std::string Profile(const std::string& participant) const;

 private:
  absl::Status Allmende(const std::vector<std::string>& arguments, bool tell = true);
  absl::Status As(const std::string& participant, std::vector<std::string> arguments, bool tell = true);
  absl::Status AddGroups();
  absl::Status CreateDataset(const DatasetPlan& plan);

  const CityOptions options_;
  Stage& stage_;
  Narrator& narrator_;
};

}  // namespace heavy_rain
