#include "heed/trainers/finite.h"

#include "heed/core/ops/kernel_table.h"
#include "heed/core/ops/optimizer_kernels.h"

namespace heed {

namespace {

const KernelTable<OptimizerKernels> search_kernels{"optimizer", optimizer_cpu, optimizer_reference};

}  // namespace

bool all_finite(const Tensor& values) {
    return search_kernels(values).first_non_finite(values.f32(), values.elements()) < 0;
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
