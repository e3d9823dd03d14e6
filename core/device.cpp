#include "heed/core/device.h"

#include <string>

#include "heed/core/cpu/cpu_device.h"
#include "heed/core/error.h"
#include "heed/core/nearest_name.h"
#include "heed/core/reference/reference_device.h"

namespace heed {

std::unique_ptr<Device> make_device(std::string_view name) {
    if (name == "cpu") return make_cpu_device();
    if (name == "reference") return make_reference_device();
    throw UserError("expected a device out of cpu and reference, got '" + std::string(name) + "'" +
                    did_you_mean(name, {"cpu", "reference"}));
}

}  // namespace heed
