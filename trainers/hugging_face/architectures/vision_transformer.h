#pragma once

#include "heed/trainers/hugging_face/architecture.h"

namespace heed {

/// The vision transformer (Dosovitskiy et al., ICLR 2021), and DeiT (Touvron et al., ICML 2021) where it was trained
/// without a token of distillation.
const Architecture& vit_architecture();
/// DeiT with that token.
const Architecture& deit_architecture();
/// DeiT with a head that reads it.
const Architecture& deit_teacher_architecture();

}  // namespace heed
