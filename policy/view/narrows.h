// Whether a change of view takes something away from a reader. Pure; thread-safe.
#pragma once

#include "allmende/v1/view.pb.h"

namespace allmende::policy {

// True unless every record and field that `before` delivers is, by what the programs say, still delivered by `after`:
// as it was, or unchanged where it was changed. Errs towards true: another row filter counts as narrower even where it
// lets more through, and so does any other rounding. Both programs apply to one dataset.
bool Narrows(const v1::ViewProgram& before, const v1::ViewProgram& after);

}  // namespace allmende::policy
