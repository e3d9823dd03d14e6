#include "heed/core/device/context.h"

#include "heed/core/cpu/denormals.h"

namespace heed {

Context::Context(std::string_view device) : device_(make_device(device)), allocator_(*this, *device_), tape_(*this) {
    flush_denormals();
}

}  // namespace heed
