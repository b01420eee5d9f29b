// Whether a file changed since it was last read, without reading it.
#pragma once

#include <string>

namespace allmende::pki {

// What changes when the file is replaced, rewritten or removed: inode, size and modification time, as text to compare.
// A file rewritten in place within the clock's resolution, at the same size, looks the same; our own writers replace.
std::string FileStamp(const std::string& path);

}  // namespace allmende::pki
