#pragma once

#include "heed/trainers/hugging_face/architecture.h"

namespace heed {

/// BERT (Devlin et al., NAACL 2019), whose settings MiniLM and many others have.
const Architecture& bert_architecture();

}  // namespace heed
