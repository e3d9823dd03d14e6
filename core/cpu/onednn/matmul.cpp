#include "heed/core/cpu/onednn/matmul.h"

#include <bit>
#include <cstdint>
#include <unordered_map>

#include "heed/core/cpu/onednn/describe.h"
#include "heed/core/cpu/onednn/handles.h"
#include "heed/core/cpu/onednn/library.h"
#include "heed/core/cpu/onednn/memory_layout.h"
#include "heed/core/cpu/onednn/scratch.h"
#include "heed/core/parallel.h"

namespace heed::onednn {

namespace {

dnnl_engine_t engine() {
    static const Engine shared = [] {
        Engine created;
        check(make(created, dnnl_engine_create, dnnl_cpu, size_t{0}), [] { return "create its CPU engine"; });
        return created;
    }();
    return shared.get();
}

dnnl_data_type_t type_of(ConstElements elements) {
    return elements.is_bf16() ? dnnl_bf16 : dnnl_f32;
}

/// A primitive with the memory objects that carry the addresses of a call.
class Matmul {
public:
    explicit Matmul(const MatrixProduct& p) {
        const auto what = [&] { return "prepare the matrix product " + describe(p); };
        require_memory_for_code();
        MemoryLayout a, b, bias, c;
        check(set_matrix(a, type_of(p.a), p, p.rows, p.inner, p.a_row_stride, p.transpose_a, p.a_batch_stride), what);
        check(set_matrix(b, type_of(p.b), p, p.inner, p.columns, p.b_row_stride, p.transpose_b, p.b_batch_stride),
              what);
        check(set_matrix(c, type_of(p.c), p, p.rows, p.columns, p.c_row_stride, false, p.c_batch_stride), what);
        if (p.bias) check(set_matrix(bias, dnnl_f32, p, 1, p.columns, p.columns, false, 0), what);

        Attributes attributes;
        check(make(attributes, dnnl_primitive_attr_create), what);
        check(dnnl_primitive_attr_set_scratchpad_mode(attributes.get(), dnnl_scratchpad_mode_user), what);
        // Else an environment variable of oneDNN's could lower the precision.
        check(dnnl_primitive_attr_set_fpmath_mode(attributes.get(), dnnl_fpmath_mode_strict), what);
        if (p.beta != 0) {
            PostOps sum;
            check(make(sum, dnnl_post_ops_create), what);
#if DNNL_VERSION_MAJOR >= 3
            check(dnnl_post_ops_append_sum(sum.get(), p.beta, 0, type_of(p.c)), what);
#else
            check(dnnl_post_ops_append_sum(sum.get(), p.beta), what);
#endif
            check(dnnl_primitive_attr_set_post_ops(attributes.get(), sum.get()), what);
        }

        PrimitiveDescription description;
#if DNNL_VERSION_MAJOR >= 3
        check(make(description, dnnl_matmul_primitive_desc_create, engine(), a.get(), b.get(),
                   p.bias ? bias.get() : nullptr, c.get(), attributes.get()),
              what);
#else
        dnnl_matmul_desc_t operation;
        check(dnnl_matmul_desc_init(&operation, a.get(), b.get(), p.bias ? bias.get() : nullptr, c.get()), what);
        check(make(description, dnnl_primitive_desc_create, &operation, attributes.get(), engine(), nullptr), what);
#endif
        check(make(primitive_, dnnl_primitive_create, description.get()), what);
        const auto scratch = dnnl_primitive_desc_query_md(description.get(), dnnl_query_scratchpad_md, 0);
        scratch_bytes_ = scratch ? dnnl_memory_desc_get_size(scratch) : 0;

        const auto place = [&](Memory& memory, auto layout) {
            void* const no_address_yet = DNNL_MEMORY_NONE;
            check(make(memory, dnnl_memory_create, layout, engine(), no_address_yet), what);
        };
        place(a_, a.get());
        place(b_, b.get());
        place(c_, c.get());
        if (p.bias) place(bias_, bias.get());
        if (scratch_bytes_ > 0) place(scratch_, scratch);
        check(make(stream_, dnnl_stream_create, engine(), unsigned{dnnl_stream_default_flags}), what);
    }

    void execute(const MatrixProduct& p) {
        thread_local Scratch scratch;
        dnnl_exec_arg_t arguments[5];
        int count = 0;
        dnnl_status_t status = dnnl_success;
        const auto bind = [&](int argument, const Memory& memory, const void* address) {
            if (!memory || status != dnnl_success) return;
            status = dnnl_memory_set_data_handle(memory.get(), const_cast<void*>(address));
            arguments[count++] = {argument, memory.get()};
        };
        bind(DNNL_ARG_SRC, a_, p.a.address());
        bind(DNNL_ARG_WEIGHTS, b_, p.b.address());
        bind(DNNL_ARG_BIAS, bias_, p.bias);
        bind(DNNL_ARG_DST, c_, p.c.address());
        bind(DNNL_ARG_SCRATCHPAD, scratch_, scratch.reserve(scratch_bytes_));
        if (status == dnnl_success) status = dnnl_primitive_execute(primitive_.get(), stream_.get(), count, arguments);
        if (status == dnnl_success) status = dnnl_stream_wait(stream_.get());
        check(status, [&] { return "compute the matrix product " + describe(p); });
    }

private:
    /// `rows` x `columns` as oneDNN sees it; `transposed` when memory holds columns x rows. A batch stride of 0 becomes
    /// one matrix that serves the whole batch.
    static dnnl_status_t set_matrix(MemoryLayout& layout, dnnl_data_type_t type, const MatrixProduct& p, int64_t rows,
                                    int64_t columns, int64_t row_stride, bool transposed, int64_t batch_stride) {
        const int64_t row_step = transposed ? 1 : row_stride;
        const int64_t column_step = transposed ? row_stride : 1;
        if (p.batch == 1) {
            const dnnl_dims_t sizes = {rows, columns}, strides = {row_step, column_step};
            return layout.set(type, 2, sizes, strides);
        }
        const bool shared = batch_stride == 0;
        const int64_t matrix = row_stride * (transposed ? columns : rows);
        const dnnl_dims_t sizes = {shared ? 1 : p.batch, rows, columns};
        const dnnl_dims_t strides = {shared ? matrix : batch_stride, row_step, column_step};
        return layout.set(type, 3, sizes, strides);
    }

    Primitive primitive_;
    Stream stream_;
    Memory a_, b_, bias_, c_, scratch_;
    size_t scratch_bytes_ = 0;
};

/// Far more than a training needs; where shapes never repeat it bounds the memory.
constexpr size_t most_kept_primitives = 1024;

}  // namespace

void matmul(const MatrixProduct& product) {
    thread_local std::unordered_map<ProductKey, Matmul, ProductKeyHash> kept;
    // oneDNN divides the work for a number of threads.
    const ProductKey key(product, {std::bit_cast<int32_t>(product.beta), thread_count(), 0});
    auto found = kept.find(key);
    if (found == kept.end()) {
        if (kept.size() >= most_kept_primitives) kept.clear();
        found = kept.try_emplace(key, product).first;
    }
    found->second.execute(product);
}

}  // namespace heed::onednn
