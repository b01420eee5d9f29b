// Bounds how long a connection may take for each step, whatever trickles in meanwhile. A connection that is late has
// its socket shut down, so that the thread that waits for it fails at once and closes it.
#pragma once

#include <chrono>
#include <map>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "sdk/base/mutex.h"
#include "sdk/crypto/tls_server.h"

namespace allmende::http {

// Thread-safe.
class Deadlines final : public crypto::TlsConnectionObserver {
 public:
  // `limit`: for the handshake, for the request, and for the answer once it is there.
  explicit Deadlines(absl::Duration limit);
  // No connection is left.
  ~Deadlines() override;

  void HandshakeBegins(const ssl_st* connection, int fd) override;
  void HandshakeDone(const ssl_st* connection) override;
  void ConnectionEnds(const ssl_st* connection) override;

  // The request is here; its answer is computed, which may take any time.
  void AnswerBegins(const ssl_st* connection);
  void AnswerIsThere(const ssl_st* connection);

  // From now on nothing new is waited for: whoever has not sent a whole request is cut off. Answers go out.
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;

  enum class Step { kHandshake, kRequest, kComputing, kAnswer };
  struct Watched {
    int fd;
    Step step;
    Clock::time_point deadline;
  };

  void Enter(const ssl_st* connection, Step from, Step to);
  void Run();

  // Constant after construction.
  const Clock::duration limit_;

  Mutex mutex_;
  CondVar changed_;
  std::map<const ssl_st*, Watched> watched_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;  // see Stop
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;    // of the thread

  std::thread thread_;  // last: it uses everything above
};

}  // namespace allmende::http
