#include "allmende/replica.h"

#include <utility>

#include "sdk/base/status.h"
#include "sdk/replica/replica_impl.h"

namespace allmende {

absl::StatusOr<std::unique_ptr<Replica>> Replica::Open(const std::string& directory, const ReplicaOptions& options) {
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<Impl> impl,
                            Impl::Open(directory, options, std::make_shared<SystemClock>()));
  return std::make_unique<Replica>(std::move(impl));
}

Replica::Replica(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Replica::~Replica() {
  impl_->StopSync();
}

absl::Status Replica::StartSync(Client& client) {
  return impl_->StartSync(client);
}
void Replica::StopSync() {
  impl_->StopSync();
}
absl::Status Replica::WaitUntilSynced(absl::Time deadline) {
  return impl_->published().WaitUntilSynced(deadline);
}
absl::Status Replica::WaitForSequence(uint64_t sequence, absl::Time deadline) {
  return impl_->published().WaitForSequence(sequence, deadline);
}
absl::StatusOr<GetResult> Replica::Get(std::string_view key, const ReadOptions& options) {
  return impl_->Get(/*of_table=*/true, key, 0, options);
}
absl::StatusOr<GetResult> Replica::GetSequence(uint64_t sequence, const ReadOptions& options) {
  return impl_->Get(/*of_table=*/false, {}, sequence, options);
}
absl::StatusOr<std::unique_ptr<ReplicaCursor>> Replica::Scan(const ScanOptions& options) {
  return impl_->Scan(/*of_table=*/true, options);
}
absl::StatusOr<std::unique_ptr<ReplicaCursor>> Replica::ScanSequences(const ScanOptions& options) {
  return impl_->Scan(/*of_table=*/false, options);
}
ReplicaStatus Replica::status() {
  return impl_->status();
}

}  // namespace allmende
