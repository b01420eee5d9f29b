// A heavy-rain night, played with real processes: a broker, two agencies, two operators. This program makes a city,
// starts them, kills the broker in the middle, and at the end holds what everybody saw against what was published.
#include <stdlib.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "examples/heavy_rain/ending.h"
#include "examples/heavy_rain/night/night.h"
#include "examples/heavy_rain/play.h"
#include "examples/heavy_rain/roles/roles.h"
#include "examples/heavy_rain/stage/narrator.h"
#include "examples/heavy_rain/stage/stage.h"
#include "examples/heavy_rain/witness.h"

namespace heavy_rain {
namespace {

namespace fs = std::filesystem;

// Documented by --help; tests rely on them.
enum ExitCode : int { kProven = 0, kNotProven = 1, kUsage = 2, kNotPlayed = 3, kInterrupted = 130 };

constexpr char kHelp[] =
    "heavy_rain: a heavy-rain night with real processes: a broker, two agencies, two operators\n"
    "\n"
    "  heavy_rain               play a simulated storm; takes about a minute and a half\n"
    "  heavy_rain --data DIR    play recorded data: the folder of the Berlin water model\n"
    "\n"
    "  --data DIR    folder with rain.csv and cso.csv\n"
    "  --pace MS     how long a step of the night takes (default: 700); there are 72\n"
    "  --keep        leave logs and data behind, also when all is well\n"
    "  --help        print this\n"
    "\n"
    "Exit codes: 0 everything was proven; 1 something was not as it must be; 2 the command line is wrong; 3 the night\n"
    "could not be played; 130 interrupted.\n";

struct Arguments {
  std::string data;
  std::string fault;
  int64_t pace_ms = 700;
  bool keep = false;
};

// Returns an exit code when there is nothing more to do.
std::optional<int> Parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    const auto is_fault = [&] {
      for (const char* fault : kFaults) {
        if (value == fault) return true;
      }
      return false;
    };
    if (word == "--help" || word == "-h") {
      std::fputs(kHelp, stdout);
      return kProven;
    }
    if (word == "--keep") {
      arguments.keep = true;
    } else if (word == "--data" && !value.empty()) {
      arguments.data = fs::absolute(argv[++i]).lexically_normal().string();
    } else if (word == "--pace" &&
               std::from_chars(value.data(), value.data() + value.size(), arguments.pace_ms).ec == std::errc() &&
               arguments.pace_ms >= 0 && arguments.pace_ms <= 60'000) {
      ++i;
    } else if (word == "--break" && is_fault()) {  // for tests: the proof must fail
      arguments.fault = argv[++i];
    } else {
      std::fprintf(stderr, "heavy_rain: `%s` is not understood, or lacks its value; see --help\n", argv[i]);
      return kUsage;
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::string> MakeWorkFolder() {
  const char* const root = std::getenv("TMPDIR");
  std::string folder = absl::StrCat(root != nullptr && *root != '\0' ? root : "/tmp", "/allmende-heavy-rain-XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::InternalError(absl::StrCat("cannot make the folder ", folder, ": ", std::strerror(errno)));
  }
  std::error_code error;
  fs::create_directory(folder + "/logs", error);
  return folder;
}

// Everything between the first process and the last; what it started is gone when it returns.
int PlayIn(const std::string& work, const Arguments& arguments, const Night& night, Narrator& narrator) {
  Witness witness;
  absl::StatusOr<std::unique_ptr<Stage>> stage = Stage::Create(
      work + "/logs", [&witness](const std::string& name, const Report& report) { witness.Hear(name, report); });
  if (!stage.ok()) {
    std::fprintf(stderr, "heavy_rain: %s\n", std::string(stage.status().message()).c_str());
    return kNotPlayed;
  }
  std::error_code error;
  PlayOptions options;
  options.program = fs::read_symlink("/proc/self/exe", error).string();
  options.city.tools = fs::path(options.program).parent_path().string();
  options.city.files = HEAVY_RAIN_FILES;
  options.city.work = work;
  options.data = arguments.data;
  options.fault = arguments.fault;
  options.pace = absl::Milliseconds(arguments.pace_ms);
  Play play(options, night, **stage, witness, narrator);
  const absl::Status played = play.Run();
  if (absl::IsCancelled(played)) {
    narrator.Blank();
    narrator.Say("Interrupted; every process is being stopped.");
    return kInterrupted;
  }
  if (!played.ok()) {
    narrator.Blank();
    narrator.Tick(false, absl::StrCat("the night could not be played to its end: ", std::string(played.message())));
    return kNotPlayed;
  }
  return TellEnding(night, witness, play.events(), narrator) ? kProven : kNotProven;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (const std::optional<int> done = Parse(argc, argv, arguments)) return *done;
  const absl::StatusOr<Night> night = MakeNight(arguments.data);
  if (!night.ok()) {
    std::fprintf(stderr, "heavy_rain: %s\n", std::string(night.status().message()).c_str());
    return kUsage;
  }
  const absl::StatusOr<std::string> work = MakeWorkFolder();
  if (!work.ok()) {
    std::fprintf(stderr, "heavy_rain: %s\n", std::string(work.status().message()).c_str());
    return kNotPlayed;
  }
  const absl::Time began = absl::Now();
  Narrator narrator(stdout, Narrator::WantsColours(stdout));
  narrator.Title("Allmende: a heavy-rain night in Berlin (Starkregen)");
  for (const std::string& paragraph : night->about) narrator.Say(paragraph);
  const int code = PlayIn(*work, arguments, *night, narrator);
  narrator.Blank();
  if (code == kProven) {
    narrator.Line(absl::StrCat("PROVEN in ", absl::ToInt64Seconds(absl::Now() - began), " seconds."),
                  Narrator::Tone::kGood);
  } else if (code == kNotProven) {
    narrator.Line("NOT PROVEN: something was not as it must be.", Narrator::Tone::kBad);
  }
  if (arguments.keep || code == kNotProven || code == kNotPlayed) {
    narrator.Line(absl::StrCat("Logs: ", *work, "/logs"));
  } else {
    std::error_code error;
    fs::remove_all(*work, error);
  }
  return code;
}

// `heavy_rain agency|reader PARTICIPANT PURPOSE PROFILE DIRECTORY DATA FAULT`: how this program starts its roles.
int RoleMain(int argc, char** argv) {
  constexpr int kArguments = 8;
  if (argc != kArguments) return kUsage;
  RoleOptions options;
  options.participant = argv[2];
  options.purpose = argv[3];
  options.profile = argv[4];
  options.directory = argv[5];
  options.data = argv[6];
  options.fault = argv[7];
  return argv[1] == std::string("agency") ? RunAgency(options) : RunReader(options);
}

}  // namespace
}  // namespace heavy_rain

int main(int argc, char** argv) {
  if (argc > 1 && (argv[1] == std::string("agency") || argv[1] == std::string("reader"))) {
    return heavy_rain::RoleMain(argc, argv);
  }
  return heavy_rain::Main(argc, argv);
}
