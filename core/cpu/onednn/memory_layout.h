#pragma once

#include <oneapi/dnnl/dnnl.h>

namespace heed::onednn {

/// Sizes and strides of an array of at most three dimensions. In oneDNN 2 a memory description is a struct, since 3
/// an object behind a pointer.
class MemoryLayout {
public:
    MemoryLayout() = default;
    ~MemoryLayout() { clear(); }
    MemoryLayout(const MemoryLayout&) = delete;
    MemoryLayout& operator=(const MemoryLayout&) = delete;

    dnnl_status_t set(dnnl_data_type_t type, int dimensions, const dnnl_dims_t sizes, const dnnl_dims_t strides) {
        clear();
#if DNNL_VERSION_MAJOR >= 3
        return dnnl_memory_desc_create_with_strides(&description_, dimensions, sizes, type, strides);
#else
        return dnnl_memory_desc_init_by_strides(&description_, dimensions, sizes, type, strides);
#endif
    }

#if DNNL_VERSION_MAJOR >= 3
    /// Null before `set`.
    const_dnnl_memory_desc_t get() const {
        return description_;
    }

private:
    void clear() {
        if (description_ != nullptr) dnnl_memory_desc_destroy(description_);
        description_ = nullptr;
    }
    dnnl_memory_desc_t description_ = nullptr;
#else
    const dnnl_memory_desc_t* get() const {
        return &description_;
    }

private:
    void clear() {
        description_ = dnnl_memory_desc_t{};
    }
    dnnl_memory_desc_t description_{};
#endif
};

}  // namespace heed::onednn
