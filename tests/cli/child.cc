#include "tests/cli/child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/testing/test_directory.h"

namespace allmende::cli_tests {
namespace {

constexpr size_t kOutputBytesMax = 16 << 20;

// Descriptors for the child's standard output and standard error.
pid_t Start(const std::vector<std::string>& arguments, const std::string& directory, const Environment& environment,
            int out, int err) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(absl::StrCat(name, "=", value));
  // Programs that were built with a sanitizer need its options.
  for (const char* const name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
    if (const char* const value = getenv(name); value != nullptr) variables.push_back(absl::StrCat(name, "=", value));
  }
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> envp;
  for (const std::string& variable : variables) envp.push_back(const_cast<char*>(variable.c_str()));
  envp.push_back(nullptr);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(nothing, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    if (chdir(directory.c_str()) == 0) execve(argv[0], argv.data(), envp.data());
    _exit(126);
  }
  close(nothing);
  return pid;
}

int WaitFor(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace

Finished RunProgram(const std::vector<std::string>& arguments, const std::string& directory,
                    const Environment& environment) {
  const TestDirectory output;
  const auto file = [&](const char* name) {
    return open(output.File(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  };
  const int out = file("out");
  const int err = file("err");
  Finished finished;
  finished.code = WaitFor(Start(arguments, directory, environment, out, err));
  close(out);
  close(err);
  finished.out = ReadFile(output.File("out"), kOutputBytesMax).value_or("");
  finished.err = ReadFile(output.File("err"), kOutputBytesMax).value_or("");
  return finished;
}

Background::Background(const std::vector<std::string>& arguments, const std::string& directory,
                       const Environment& environment) {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  pid_ = Start(arguments, directory, environment, ends[1], ends[1]);
  close(ends[1]);
  errors_ = ends[0];
}

Background::~Background() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    cli_tests::WaitFor(pid_);
  }
  if (errors_ >= 0) close(errors_);
}

Background::Background(Background&& other) noexcept {
  *this = std::move(other);
}

Background& Background::operator=(Background&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(errors_, other.errors_);
  std::swap(written_, other.written_);
  return *this;
}

bool Background::WaitFor(const std::string& text) {
  char buffer[4096];
  while (written_.find(text) == std::string::npos) {
    const ssize_t got = read(errors_, buffer, sizeof(buffer));
    if (got <= 0) return false;
    written_.append(buffer, static_cast<size_t>(got));
  }
  return true;
}

int Background::Stop() {
  if (pid_ <= 0) return -1;
  kill(pid_, SIGTERM);
  return cli_tests::WaitFor(std::exchange(pid_, -1));
}

}  // namespace allmende::cli_tests
