#pragma once

#include "heed/trainers/hugging_face/architecture.h"

namespace heed {

/// Translators of Marian's (Junczys-Dowmunt et al., ACL 2018) as MarianMT has them: OPUS-MT and others.
const Architecture& marian_architecture();

}  // namespace heed
