#pragma once

namespace heed {

/// The commit the program was built from, shortened, with "-dirty" behind it where tracked files had been changed;
/// "unknown" outside a git checkout.
const char* source_commit();

}  // namespace heed
