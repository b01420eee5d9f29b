#include "examples/heavy_rain/stage/stage.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace heavy_rain {
namespace {

constexpr absl::Duration kPatienceAtTheEnd = absl::Seconds(2);
constexpr absl::Duration kTurn = absl::Milliseconds(50);  // how soon the end of a process is noticed
constexpr size_t kSaidBytesMax = 2000;

int asked_to_stop[2] = {-1, -1};  // a pipe that the signal handler writes to

void AskToStop(int) {
  const int error = errno;
  (void)!write(asked_to_stop[1], "x", 1);
  errno = error;
}

absl::Status SystemProblem(const std::string& what) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(errno)));
}

bool MakePipe(int (&ends)[2]) {
  return pipe2(ends, O_CLOEXEC) == 0;
}

void CloseIfOpen(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

// In the child, between fork and exec: only what is allowed after a fork.
[[noreturn]] void Become(const std::vector<char*>& arguments, pid_t parent, int input, int output, int log) {
  setpgid(0, 0);  // the terminal's Ctrl-C is for the parent, who tidies up
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(signal_number, SIG_DFL);
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execv(arguments[0], arguments.data());
  dprintf(STDERR_FILENO, "cannot start %s: %s\n", arguments[0], strerror(errno));
  _exit(127);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Stage>> Stage::Create(const std::string& log_directory, OnReport on_report) {
  if (!MakePipe(asked_to_stop)) return SystemProblem("no pipe");
  for (const int end : asked_to_stop) fcntl(end, F_SETFL, O_NONBLOCK);
  struct sigaction action = {};
  action.sa_handler = AskToStop;
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal_number, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return std::unique_ptr<Stage>(new Stage(log_directory, std::move(on_report)));
}

Stage::~Stage() {
  for (const auto& [name, process] : processes_) {
    process->expected_to_end = true;
    CloseIfOpen(process->input);
    if (!process->ended) kill(process->pid, SIGTERM);
  }
  const absl::Time deadline = absl::Now() + kPatienceAtTheEnd;
  const auto all_ended = [this] {
    return std::all_of(processes_.begin(), processes_.end(), [](const auto& entry) { return entry.second->ended; });
  };
  for (Reap(); !all_ended() && absl::Now() < deadline; Reap()) absl::SleepFor(absl::Milliseconds(10));
  for (const auto& [name, process] : processes_) {
    if (process->ended) continue;
    kill(process->pid, SIGKILL);
    waitpid(process->pid, nullptr, 0);
  }
  while (!processes_.empty()) Forget(processes_.begin()->first);
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) signal(signal_number, SIG_DFL);
  for (int& end : asked_to_stop) CloseIfOpen(end);
}

std::string Stage::LogOf(const std::string& name) const {
  return absl::StrCat(log_directory_, "/", name, ".log");
}

absl::StatusOr<Stage::Process*> Stage::Launch(const std::string& name, const std::vector<std::string>& command,
                                              bool report) {
  int to_child[2] = {-1, -1};
  int from_child[2] = {-1, -1};
  int log = -1;
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  log = open(LogOf(name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = getpid();
  pid_t pid = -1;
  if (log >= 0 && MakePipe(to_child) && MakePipe(from_child)) pid = fork();
  if (pid == 0) Become(arguments, parent, to_child[0], from_child[1], log);
  const absl::Status problem = pid < 0 ? SystemProblem(absl::StrCat("cannot start ", name)) : absl::OkStatus();
  for (int* fd : {&to_child[0], &from_child[1], &log}) CloseIfOpen(*fd);
  if (!problem.ok()) {
    for (int* fd : {&to_child[1], &from_child[0]}) CloseIfOpen(*fd);
    return problem;
  }
  fcntl(from_child[0], F_SETFL, O_NONBLOCK);
  auto process = std::make_unique<Process>();
  process->pid = pid;
  process->input = to_child[1];
  process->output = from_child[0];
  process->report = report;
  return (processes_[name] = std::move(process)).get();
}

absl::Status Stage::Start(const std::string& name, const std::vector<std::string>& command) {
  return Launch(name, command, /*report=*/true).status();
}

absl::Status Stage::Tell(const std::string& name, const Report& report) {
  const auto process = processes_.find(name);
  if (process == processes_.end()) return absl::AbortedError(absl::StrCat(name, " does not run"));
  const std::string line = report.Line();
  // Commands are short, and a pipe takes 64 KiB before it makes anyone wait.
  if (write(process->second->input, line.data(), line.size()) == static_cast<ssize_t>(line.size())) {
    return absl::OkStatus();
  }
  return absl::AbortedError(absl::StrCat(name, " does not listen any more; see ", LogOf(name)));
}

absl::Status Stage::Kill(const std::string& name) {
  const auto process = processes_.find(name);
  if (process == processes_.end()) return absl::AbortedError(absl::StrCat(name, " does not run"));
  kill(process->second->pid, SIGKILL);
  waitpid(process->second->pid, nullptr, 0);
  Forget(name);
  return absl::OkStatus();
}

absl::Status Stage::Join(const std::vector<std::string>& names, absl::Time deadline) {
  for (const std::string& name : names) {
    if (const auto process = processes_.find(name); process != processes_.end()) {
      process->second->expected_to_end = true;
    }
  }
  absl::Status status;
  for (const std::string& name : names) {
    const auto found = processes_.find(name);
    if (found == processes_.end()) continue;
    Process& process = *found->second;
    const absl::Status ended = Until(deadline, absl::StrCat("the end of ", name), [&] { return process.ended; });
    if (!ended.ok()) return ended;
    Hear(name, process);
    if (process.how != 0 && status.ok()) status = absl::AbortedError(HowItEnded(name, process));
    Forget(name);
  }
  return status;
}

absl::StatusOr<std::string> Stage::Run(const std::string& name, const std::vector<std::string>& command,
                                       absl::Duration patience) {
  const absl::StatusOr<Process*> launched = Launch(name, command, /*report=*/false);
  if (!launched.ok()) return launched.status();
  Process& process = **launched;
  process.expected_to_end = true;
  CloseIfOpen(process.input);
  const absl::Status status =
      Until(absl::Now() + patience, absl::StrCat("the end of `", name, "`"), [&] { return process.ended; });
  if (!status.ok()) return status;
  Hear(name, process);
  const std::string said = process.heard;
  const bool failed = process.how != 0;
  const std::string how = HowItEnded(name, process);
  Forget(name);
  if (failed) return absl::AbortedError(absl::StrCat(how, "\n", said.substr(0, kSaidBytesMax)));
  return said;
}

absl::Status Stage::Until(absl::Time deadline, const std::string& what, const std::function<bool()>& done) {
  while (!done()) {
    if (absl::Now() >= deadline) return absl::DeadlineExceededError(absl::StrCat("waited in vain for ", what));
    const absl::Status status = Turn(std::min(kTurn, deadline - absl::Now()));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Stage::Pause(absl::Duration duration) {
  const absl::Time end = absl::Now() + duration;
  const absl::Status status = Until(end, "", [] { return false; });
  return absl::IsDeadlineExceeded(status) ? absl::OkStatus() : status;
}

// Waits for something to read, or for `patience`, and deals with it.
absl::Status Stage::Turn(absl::Duration patience) {
  std::vector<pollfd> waits = {{asked_to_stop[0], POLLIN, 0}};
  std::vector<std::string> names;
  for (const auto& [name, process] : processes_) {
    if (process->output < 0) continue;
    waits.push_back({process->output, POLLIN, 0});
    names.push_back(name);
  }
  poll(waits.data(), waits.size(), std::max<int>(1, static_cast<int>(absl::ToInt64Milliseconds(patience))));
  if (waits[0].revents != 0) return absl::CancelledError("asked to stop");
  for (size_t i = 0; i < names.size(); ++i) {
    if (waits[i + 1].revents == 0) continue;
    const auto process = processes_.find(names[i]);
    if (process != processes_.end()) Hear(names[i], *process->second);
  }
  Reap();
  return CheckEnds();
}

void Stage::Hear(const std::string& name, Process& process) {
  char buffer[64 << 10];
  while (process.output >= 0) {
    const ssize_t bytes = read(process.output, buffer, sizeof(buffer));
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno == EAGAIN) break;
    if (bytes <= 0) {
      CloseIfOpen(process.output);
      break;
    }
    process.heard.append(buffer, static_cast<size_t>(bytes));
  }
  if (process.report) TakeLines(name, process);
}

void Stage::TakeLines(const std::string& name, Process& process) {
  size_t begin = 0;
  for (size_t end; (end = process.heard.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = process.heard.substr(begin, end - begin);
    const absl::StatusOr<Report> report = Report::Parse(line);
    if (report.ok()) {
      on_report_(name, *report);
    } else if (FILE* const log = std::fopen(LogOf(name).c_str(), "a"); log != nullptr) {
      std::fprintf(log, "%s\n", line.c_str());
      std::fclose(log);
    }
  }
  process.heard.erase(0, begin);
}

void Stage::Reap() {
  for (const auto& [name, process] : processes_) {
    if (!process->ended && waitpid(process->pid, &process->how, WNOHANG) == process->pid) process->ended = true;
  }
}

absl::Status Stage::CheckEnds() {
  for (const auto& [name, process] : processes_) {
    if (!process->ended || process->expected_to_end) continue;
    Hear(name, *process);  // its last words
    return absl::AbortedError(HowItEnded(name, *process));
  }
  return absl::OkStatus();
}

void Stage::Forget(const std::string& name) {
  const auto process = processes_.find(name);
  if (process == processes_.end()) return;
  CloseIfOpen(process->second->input);
  CloseIfOpen(process->second->output);
  processes_.erase(process);
}

std::string Stage::HowItEnded(const std::string& name, const Process& process) const {
  if (WIFSIGNALED(process.how)) {
    return absl::StrCat(name, " was ended by signal ", WTERMSIG(process.how), "; see ", LogOf(name));
  }
  return absl::StrCat(name, " ended with exit code ", WEXITSTATUS(process.how), "; see ", LogOf(name));
}

}  // namespace heavy_rain
