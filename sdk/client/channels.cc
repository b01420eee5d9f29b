#include "sdk/client/channels.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sdk/base/status.h"
#include "sdk/pki/file_stamp.h"
#include "sdk/rpc/channel.h"
#include "sdk/rpc/tls.h"

namespace allmende {

absl::StatusOr<std::unique_ptr<Channels>> Channels::Open(std::vector<std::string> endpoints, pki::PairFiles pair,
                                                         std::string authority) {
  std::unique_ptr<Channels> channels(new Channels(std::move(endpoints), std::move(pair), std::move(authority)));
  MutexLock lock(channels->mutex_);
  ALLMENDE_RETURN_IF_ERROR(channels->Load());
  return channels;
}

Endpoint Channels::Get(size_t index) {
  MutexLock lock(mutex_);
  if (Stamp() != seen_) Load().IgnoreError();
  return {names_[index], channels_[index]};
}

std::string Channels::Stamp() const {
  return absl::StrCat(pki::FileStamp(pair_.certificate), " ", pki::FileStamp(pair_.key), " ",
                      pki::FileStamp(authority_));
}

absl::Status Channels::Load() {
  std::string stamp = Stamp();  // before reading: a change in between is noticed the next time
  ALLMENDE_ASSIGN_OR_RETURN(const auto credentials, rpc::ClientCredentials(pair_, authority_, absl::Now()));
  channels_.clear();
  for (const std::string& name : names_) channels_.push_back(rpc::MakeChannel(name, credentials));
  seen_ = std::move(stamp);
  return absl::OkStatus();
}

}  // namespace allmende
