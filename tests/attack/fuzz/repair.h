#pragma once

#include "heed/tests/attack/fuzz/entries.h"

namespace heed::test {

/// The length of the header, in front of it.
void repair_safetensors(Input& input);
/// The checksum of every chunk.
void repair_png(Input& input);
/// The checksum of every header, where the file is not packed.
void repair_tar(Input& input);
/// The checksums of every TFRecord.
void repair_curves(Input& input);

}  // namespace heed::test
