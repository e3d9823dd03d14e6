#include "heed/trainers/loop/finite.h"

#include "heed/core/kernels/optimizer_kernels.h"

namespace heed {

bool all_finite(const Tensor& values) {
    return optimizer_kernels(values).first_non_finite(values.f32(), values.elements()) < 0;
}

std::string first_non_finite_parameter(const ParameterStore& store) {
    for (const Parameter* parameter : store.parameters()) {
        for (const ParameterPart& part : parameter->parts()) {
            if (!all_finite(parameter->part_value(part))) return part.name;
        }
    }
    return "";
}

}  // namespace heed
