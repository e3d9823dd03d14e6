#pragma once

#include "heed/attention/smyrf/smyrf_kernels.h"

namespace heed::cuda {

/// SmyrfKernels::sort and ::group on the device cuda.
void smyrf_sort(const SmyrfSort& args);
void smyrf_group(const SmyrfGroup& args);
int64_t smyrf_sort_workspace(const SmyrfShape& shape);
int64_t smyrf_group_workspace(const SmyrfShape& shape);

}  // namespace heed::cuda
