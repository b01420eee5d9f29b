// Listens and accepts, and hands connections on within bounds that gRPC does not have. gRPC's own listener counts no
// connections, and for good stops listening when the process once runs out of descriptors (CVE-2023-4785).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sdk/base/mutex.h"
#include "sdk/base/unique_fd.h"

namespace allmende::broker {

struct AcceptorOptions {
  size_t connections_max = 1000;
  // Of one IPv4 address, or of one IPv6 network of 64 bits, which one machine has for itself.
  size_t connections_per_address_max = 500;
};

// One thread of its own. A connection over a bound is closed at once. Without descriptors the thread waits and tries
// again several times a second; meanwhile connections wait in the kernel's backlog.
class Acceptor {
 public:
  // Takes the connection over, non-blocking, and closes it when it is done. Called on the acceptor's thread.
  using HandOver = std::function<void(int listener, UniqueFd connection)>;

  // Listens on every address of each `host:port`; connections wait until Start.
  //   kInvalidArgument     not `host:port`
  //   kFailedPrecondition  the port is in use or the address is not this machine's
  static absl::StatusOr<std::unique_ptr<Acceptor>> Listen(const std::vector<std::string>& addresses,
                                                          const AcceptorOptions& options);
  ~Acceptor();  // stops

  // `host:port` as given, with the real port where the system chose it.
  const std::vector<std::string>& listening() const { return listening_; }

  void Start(HandOver hand_over);
  // Accepts nothing more; what was handed over lives on. Not from the acceptor's thread.
  void Stop();

  // Thread-safe.
  size_t connections();  // open now
  uint64_t refused() const;

 private:
  // A socket stays the same while its descriptor shows the same inode; so nobody has to say when it is closed.
  struct Connection {
    ino_t inode = 0;
    std::string address;
  };

  Acceptor(const AcceptorOptions& options, UniqueFd stop) : options_(options), stop_(std::move(stop)) {}
  absl::Status ListenOn(const std::string& address);
  void Run();
  // False: out of descriptors or memory.
  bool AcceptFrom(int listener);
  bool Admit(int fd, const std::string& address);
  bool HasRoom(const std::string& address) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ForgetClosed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(std::map<int, Connection>::iterator connection) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const AcceptorOptions options_;
  const UniqueFd stop_;  // readable once the thread shall end
  std::vector<UniqueFd> listeners_;
  std::vector<std::string> listening_;
  HandOver hand_over_;
  std::thread thread_;

  mutable Mutex mutex_;
  std::map<int, Connection> open_ ABSL_GUARDED_BY(mutex_);  // by descriptor; may hold closed ones until looked at
  std::map<std::string, size_t> by_address_ ABSL_GUARDED_BY(mutex_);
  absl::Duration looked_at_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();  // since boot
  uint64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace allmende::broker
