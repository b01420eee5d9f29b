#include "tests/bench/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace allmende::bench {
namespace {

double StatusMegabytes(pid_t pid, const std::string& name) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/status"));
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(name + ":", 0) == 0) {
      return std::stod(line.substr(name.size() + 1)) / 1024;
    }
  }
  return 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Process>> Process::Start(const std::vector<std::string>& arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return absl::InternalError("no pipe");
  }
  std::vector<char*> argv;
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) {
    return absl::ResourceExhaustedError("no process");
  }
  if (pid == 0) {
    ::dup2(ends[1], 2);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  return std::unique_ptr<Process>(new Process(pid, ends[0]));
}

Process::~Process() {
  Kill();
  ::close(errors_);
}

absl::StatusOr<std::string> Process::WaitForWord(const std::string& mark) {
  while (true) {
    const size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      const std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      const size_t at = line.find(mark);
      if (at != std::string::npos) {
        const size_t from = at + mark.size();
        return line.substr(from, line.find(' ', from) - from);
      }
      std::fprintf(stderr, "    %s\n", line.c_str());
      continue;
    }
    char buffer[4096];
    const ssize_t got = ::read(errors_, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return absl::UnavailableError(absl::StrCat("the process ended without `", mark, "`: ", unread_));
    }
    unread_.append(buffer, static_cast<size_t>(got));
  }
}

int Process::Wait() {
  int status = 0;
  if (pid_ > 0) {
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
  }
  return status;
}

absl::Status Process::WaitForSuccess() {
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(errors_, buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR)) {
    unread_.append(buffer, got > 0 ? static_cast<size_t>(got) : 0);
  }
  return Wait() == 0 ? absl::OkStatus() : absl::InternalError(unread_);
}

void Process::Kill() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    Wait();
  }
}

absl::Duration Process::cpu() const {
  std::ifstream file(absl::StrCat("/proc/", pid_, "/stat"));
  std::stringstream text;
  text << file.rdbuf();
  const std::string stat = text.str();
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) {
    fields >> skipped;
  }
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return absl::Seconds((user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

double Process::resident_mb() const {
  return StatusMegabytes(pid_, "VmRSS");
}
double Process::anonymous_mb() const {
  return StatusMegabytes(pid_, "RssAnon");
}

absl::Duration OwnCpu() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

std::string ProgramFolder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

}  // namespace allmende::bench
