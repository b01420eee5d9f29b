#include "sdk/http/deadlines.h"

#include <sys/socket.h>

#include <algorithm>

namespace allmende::http {

Deadlines::Deadlines(absl::Duration limit)
    : limit_(std::chrono::microseconds(absl::ToInt64Microseconds(limit))), thread_([this] { Run(); }) {}

Deadlines::~Deadlines() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void Deadlines::HandshakeBegins(const ssl_st* connection, int fd) {
  MutexLock lock(mutex_);
  watched_.insert_or_assign(connection, Watched{fd, Step::kHandshake, Clock::now() + limit_});
  if (stopping_) shutdown(fd, SHUT_RDWR);
  changed_.NotifyAll();
}

void Deadlines::HandshakeDone(const ssl_st* connection) {
  Enter(connection, Step::kHandshake, Step::kRequest);
}

void Deadlines::AnswerBegins(const ssl_st* connection) {
  Enter(connection, Step::kRequest, Step::kComputing);
}

void Deadlines::AnswerIsThere(const ssl_st* connection) {
  Enter(connection, Step::kComputing, Step::kAnswer);
}

void Deadlines::Enter(const ssl_st* connection, Step from, Step to) {
  MutexLock lock(mutex_);
  const auto found = watched_.find(connection);
  if (found == watched_.end() || found->second.step != from) return;
  found->second.step = to;
  found->second.deadline = to == Step::kComputing ? Clock::time_point::max() : Clock::now() + limit_;
  changed_.NotifyAll();
}

// The socket is closed behind this call, so no other one is ever shut down in its place.
void Deadlines::ConnectionEnds(const ssl_st* connection) {
  MutexLock lock(mutex_);
  watched_.erase(connection);
}

void Deadlines::Stop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  for (const auto& [connection, watched] : watched_) {
    if (watched.step == Step::kHandshake || watched.step == Step::kRequest) shutdown(watched.fd, SHUT_RDWR);
  }
}

void Deadlines::Run() {
  MutexLock lock(mutex_);
  while (!ending_) {
    const Clock::time_point now = Clock::now();
    Clock::time_point next = Clock::time_point::max();
    for (auto& [connection, watched] : watched_) {
      if (watched.deadline <= now) {
        shutdown(watched.fd, SHUT_RDWR);
        watched.deadline = Clock::time_point::max();
      }
      next = std::min(next, watched.deadline);
    }
    if (next == Clock::time_point::max()) {
      changed_.Wait(mutex_);
    } else {
      changed_.WaitFor(mutex_, absl::FromChrono(next - now));
    }
  }
}

}  // namespace allmende::http
