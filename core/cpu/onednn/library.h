#pragma once

#include <oneapi/dnnl/dnnl.h>

#include <string>

namespace heed::onednn {

/// To be called by the thread that is about to use oneDNN, each time: the first call of the process limits oneDNN to
/// the instruction set that is active then; every call gives oneDNN `thread_count()` threads (one in builds without
/// OpenMP).
void enter();

/// Throws Error where the process cannot get the memory that oneDNN needs to generate code: it does not ask itself and
/// would crash (2.6.3, and others). To be called before a primitive is created.
void require_memory_for_code();

/// True when oneDNN's kernels use AVX-512.
bool uses_avx512();

/// True when they multiply in bf16 (AVX512-BF16 or AMX). After the first `enter`.
bool multiplies_bf16();

/// Throws Error "oneDNN could not <what>: <status>." unless `status` is success. `what` is called only then.
template <class Describe>
void check(dnnl_status_t status, const Describe& what);

[[noreturn]] void fail(dnnl_status_t status, const std::string& what);

template <class Describe>
void check(dnnl_status_t status, const Describe& what) {
    if (status != dnnl_success) fail(status, what());
}

}  // namespace heed::onednn
