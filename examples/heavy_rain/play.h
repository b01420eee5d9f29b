// The night itself, act by act.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "examples/heavy_rain/city.h"
#include "examples/heavy_rain/night/night.h"
#include "examples/heavy_rain/stage/narrator.h"
#include "examples/heavy_rain/stage/stage.h"
#include "examples/heavy_rain/witness.h"

namespace heavy_rain {

struct PlayOptions {
  CityOptions city;
  std::string program;  // of the roles: this one
  std::string data;
  std::string fault;
  absl::Duration pace = absl::Milliseconds(600);  // of one step of the night
};

// What the play saw itself.
struct Events {
  absl::Duration crisis_followed = absl::ZeroDuration();  // from the declaration until the last feed stood under it
  absl::Duration outage = absl::ZeroDuration();  // from the broker's end until the next record reached a reader
  uint64_t published_in_outage = 0;
  uint64_t waited_in_outboxes = 0;                  // the most
  std::map<std::string, uint64_t> reads_in_outage;  // good ones, by reader
  std::vector<std::string> not_caught_up;           // sentences
};

class Play {
 public:
  // Borrows everything but the options. `stage` must tell `witness` what it hears.
  Play(const PlayOptions& options, const Night& night, Stage& stage, Witness& witness, Narrator& narrator)
      : options_(options),
        night_(night),
        stage_(stage),
        witness_(witness),
        narrator_(narrator),
        city_(options.city, stage, narrator) {}

  // Errors mean that the night could not be played to its end; what went wrong in it is for the proof.
  absl::Status Run();

  const Events& events() const { return events_; }

 private:
  absl::Status Prepare();
  absl::Status StartRole(const std::string& role, const std::string& participant, const std::string& purpose);
  std::string RoleDirectory(const std::string& participant) const { return options_.city.work + "/" + participant; }
  absl::Status Evening();
  absl::Status Crisis();
  absl::Status RefusedRequest();
  absl::Status Outage();
  absl::Status Return();
  absl::Status CatchUp();
  absl::Status Collect();

  absl::Status StepsUntil(size_t end);
  absl::Status DoStep();
  void TellRefusal(const Refusal& refusal, const DatasetPlan& plan);
  void TellWeather();
  void TellOutage();
  void TellViews(const std::string& caption);
  absl::Status Wait(absl::Duration patience, const std::string& what, const std::function<bool()>& done);
  // As Wait, but time that runs out is only noted.
  absl::Status WaitIfItComes(absl::Duration patience, const std::string& what, const std::function<bool()>& done);
  absl::Status TellAll(const std::map<std::string, AgencyState>& agencies, const Report& command);
  absl::Status TellAll(const std::map<std::string, ReaderState>& readers, const Report& command);
  // Time to read what was just said.
  absl::Status Breathe() { return stage_.Pause(5 * options_.pace); }

  const PlayOptions options_;
  const Night& night_;
  Stage& stage_;
  Witness& witness_;
  Narrator& narrator_;
  City city_;
  size_t step_ = 0;  // the next one
  bool broker_is_dead_ = false;
  Events events_;
};

}  // namespace heavy_rain
