#pragma once

#include "heed/trainers/hugging_face/architecture.h"

namespace heed {

/// DistilBERT (Sanh et al., 2019): BERT without token types, and a hidden layer with ReLU before the classes.
const Architecture& distilbert_architecture();

}  // namespace heed
