// Ctrl-C for commands that run until they are told to stop.
#pragma once

namespace allmende::cli {

// From now on the first SIGINT or SIGTERM sets a flag; a second one ends the process. For the main thread, once.
void CatchInterrupts();

// Whether it came. Look at it at least every half second.
bool Interrupted();

}  // namespace allmende::cli
