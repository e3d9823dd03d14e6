#include "heed/core/ops/tokens/embedding.h"

#include "heed/core/device/context.h"
#include "heed/core/device/op_scope.h"
#include "heed/core/kernels/embedding_kernels.h"
#include "heed/core/ops/check.h"

namespace heed {

namespace {

struct EmbeddingNode final : Node {
    EmbeddingNode() : Node("embedding") {}
    void backward() override {
        const Tensor& dout = output().gradient();
        const int64_t count = ids.elements(), vocabulary = table_slot->shape()[0], dim = table_slot->shape()[1];
        const EmbeddingKernels& kernel = embedding_kernels(dout);
        Tensor workspace = Tensor::empty(dout.context(), {kernel.backward_workspace(count, vocabulary)}, DType::i32);
        auto [dtable, accumulate] = table_slot->target();
        kernel.backward({.dout = dout.f32(),
                         .ids = ids.data<int32_t>(),
                         .dtable = dtable.f32(),
                         .accumulate = accumulate,
                         .workspace = workspace.data<int32_t>(),
                         .count = count,
                         .vocabulary = vocabulary,
                         .dim = dim,
                         .scale = scale});
    }
    Tensor ids;
    GradientSlot* table_slot = nullptr;
    float scale;
};

}  // namespace

Variable embedding(const Variable& table, const Tensor& ids, float scale) {
    const OpScope scope(table.context(), "embedding");
    check_rank("embedding", "table", table.shape(), 2);
    const int64_t vocabulary = table.shape()[0], dim = table.shape()[1];
    check_indices("embedding", "ids", ids, 0, vocabulary);
    Context& context = table.context();
    Tensor out = Tensor::empty(context, ids.shape().with_axis(dim));
    embedding_kernels(out).forward({table.value().f32(), ids.data<int32_t>(), out.f32(), ids.elements(), dim, scale});
    Tape& tape = context.tape();
    if (!tape.records(table)) return Variable(std::move(out));
    auto& node = tape.record<EmbeddingNode>();
    node.ids = ids;
    node.table_slot = table.slot();
    node.scale = scale;
    return tape.output(node, std::move(out));
}

}  // namespace heed
