#pragma once

namespace heed {

/// The version of the oneDNN library that this process runs with, as "2.6.3".
const char* onednn_version();

}  // namespace heed
