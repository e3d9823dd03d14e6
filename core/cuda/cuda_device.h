#pragma once

#include <memory>
#include <string>
#include <vector>

#include "heed/core/device/device.h"

namespace heed {

/// The CUDA card of use_cuda_card. All work of a process is in one order on it (see work_stream). Null in a program
/// into which no CUDA objects are linked. Throws UserError where there is no card, no driver that is new enough, or no
/// code for the card in this build.
[[gnu::weak]] std::unique_ptr<Device> make_cuda_device();

/// What of CUDA is part of the program: "architectures 75 80 90, cuBLASLt, cuDNN". Null as above.
[[gnu::weak]] const char* cuda_build();

/// The cards that this process may use, each by what names it on its machine; none without a driver. Null as above.
[[gnu::weak]] std::vector<std::string> cuda_cards();

/// The devices cuda that this thread makes are on this one of cuda_cards() from now on; the first without. Null as
/// above.
[[gnu::weak]] void use_cuda_card(int card);

}  // namespace heed
