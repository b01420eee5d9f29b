#include "sdk/http/deadlines.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdint>

#include "absl/time/clock.h"
#include "sdk/base/unique_fd.h"

namespace allmende::http {
namespace {

constexpr absl::Duration kShort = absl::Milliseconds(50);

// A connection with somebody at its other end.
class Peer {
 public:
  Peer() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    here_ = UniqueFd(ends[0]);
    there_ = UniqueFd(ends[1]);
  }

  const ssl_st* name() const { return reinterpret_cast<const ssl_st*>(this); }
  int fd() const { return here_.get(); }

  // Whether the connection was cut by then.
  bool IsCutWithin(absl::Duration time) const {
    pollfd waiting = {.fd = there_.get(), .events = POLLIN, .revents = 0};
    return poll(&waiting, 1, static_cast<int>(absl::ToInt64Milliseconds(time))) == 1 &&
           (waiting.revents & POLLHUP) != 0;
  }

 private:
  UniqueFd here_;
  UniqueFd there_;
};

TEST(DeadlinesTest, CutsWhoeverTakesTooLongForAStep) {
  Deadlines deadlines(kShort);
  const Peer handshake;
  const Peer request;
  const Peer answer;
  for (const Peer* peer : {&handshake, &request, &answer}) deadlines.HandshakeBegins(peer->name(), peer->fd());
  for (const Peer* peer : {&request, &answer}) deadlines.HandshakeDone(peer->name());
  deadlines.AnswerBegins(answer.name());
  deadlines.AnswerIsThere(answer.name());
  for (const Peer* peer : {&handshake, &request, &answer}) {
    EXPECT_TRUE(peer->IsCutWithin(absl::Seconds(10)));
    deadlines.ConnectionEnds(peer->name());
  }
}

TEST(DeadlinesTest, AnswersAreComputedInAnyTime) {
  Deadlines deadlines(kShort);
  const Peer peer;
  deadlines.HandshakeBegins(peer.name(), peer.fd());
  deadlines.HandshakeDone(peer.name());
  deadlines.AnswerBegins(peer.name());
  EXPECT_FALSE(peer.IsCutWithin(4 * kShort));
  deadlines.HandshakeDone(peer.name());  // nobody goes back to a step
  EXPECT_FALSE(peer.IsCutWithin(4 * kShort));
  deadlines.AnswerIsThere(peer.name());
  EXPECT_TRUE(peer.IsCutWithin(absl::Seconds(10)));
  deadlines.ConnectionEnds(peer.name());
}

TEST(DeadlinesTest, ConnectionsThatEndedAreLeftAlone) {
  Deadlines deadlines(kShort);
  const Peer peer;
  deadlines.HandshakeBegins(peer.name(), peer.fd());
  deadlines.ConnectionEnds(peer.name());
  deadlines.HandshakeDone(peer.name());
  EXPECT_FALSE(peer.IsCutWithin(4 * kShort));
}

TEST(DeadlinesTest, StopCutsAllButThoseWhoGetAnAnswer) {
  Deadlines deadlines(absl::Hours(1));
  const Peer handshake;
  const Peer answer;
  const Peer late;
  for (const Peer* peer : {&handshake, &answer}) deadlines.HandshakeBegins(peer->name(), peer->fd());
  deadlines.HandshakeDone(answer.name());
  deadlines.AnswerBegins(answer.name());
  deadlines.Stop();
  deadlines.HandshakeBegins(late.name(), late.fd());
  EXPECT_TRUE(handshake.IsCutWithin(absl::ZeroDuration()));
  EXPECT_TRUE(late.IsCutWithin(absl::ZeroDuration()));
  EXPECT_FALSE(answer.IsCutWithin(absl::ZeroDuration()));
}

}  // namespace
}  // namespace allmende::http
