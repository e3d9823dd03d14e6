#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

// After <cstring>, which it forgets.
#include <cudnn_frontend.h>

#include "heed/attention/heads/cudnn/fused_attention.h"

// The front end calls cuDNN through this handle (NV_CUDNN_FRONTEND_USE_DYNAMIC_LOADING): linked to the program, the
// library would cost every command time and memory.
namespace cudnn_frontend {
inline void* cudnn_dlhandle = nullptr;
}

// What cuDNN is asked to compute: shared by the program and by the test that asks without a card what has kernels.
namespace heed::cuda::attention_graph {

namespace fe = cudnn_frontend;
using fe::graph::Graph;
using fe::graph::Tensor_attributes;

/// The names of tensors in the graphs.
enum TensorId : int64_t {
    query = 1,
    key,
    value,
    output,
    log_sum_exp,
    d_output,
    d_query,
    d_key,
    d_value,
    query_lengths,
    key_lengths,
};

/// Heads of tokens in memory, as cuDNN numbers the axes: batch, heads, tokens, components. `token_stride` is as in
/// FusedShape.
inline Tensor_attributes heads_of(const char* name, TensorId id, const FusedShape& shape, int64_t tokens,
                                  int64_t token_stride = 0) {
    const int64_t row = token_stride ? token_stride : shape.heads * shape.head_dim;
    return Tensor_attributes()
        .set_name(name)
        .set_uid(id)
        .set_dim({shape.batch, shape.heads, tokens, shape.head_dim})
        .set_stride({tokens * row, shape.head_dim, row, 1});
}

inline void make_output(const std::shared_ptr<Tensor_attributes>& tensor, const Tensor_attributes& like) {
    tensor->set_output(true).set_uid(like.get_uid()).set_dim(like.get_dim()).set_stride(like.get_stride());
}

/// What forward and backward have in common.
template <class Attributes>
void set_attributes(Graph& graph, const FusedShape& shape, Attributes& attributes) {
    attributes.set_attn_scale(shape.scale);
    if (shape.causal) {
        attributes.set_diagonal_alignment(fe::DiagonalAlignment_t::TOP_LEFT).set_diagonal_band_right_bound(0);
    }
    if (!shape.has_lengths) return;
    const auto lengths = [&](const char* name, TensorId id) {
        return graph.tensor(Tensor_attributes()
                                .set_name(name)
                                .set_uid(id)
                                .set_dim({shape.batch, 1, 1, 1})
                                .set_stride({1, 1, 1, 1})
                                .set_data_type(fe::DataType_t::INT32));
    };
    attributes.set_padding_mask(true)
        .set_seq_len_q(lengths("query_lengths", query_lengths))
        .set_seq_len_kv(lengths("key_lengths", key_lengths));
}

/// An empty graph. Whoever wants kernels for a card that is not there says which before anything is added.
inline std::unique_ptr<Graph> new_graph() {
    auto graph = std::make_unique<Graph>();
    graph->set_io_data_type(fe::DataType_t::BFLOAT16)
        .set_intermediate_data_type(fe::DataType_t::FLOAT)
        .set_compute_data_type(fe::DataType_t::FLOAT);
    return graph;
}

/// Adds what `FusedAttention::forward` computes to the empty graph.
inline std::unique_ptr<Graph> forward(const FusedShape& shape, std::unique_ptr<Graph> graph = new_graph()) {
    auto q = graph->tensor(heads_of("query", query, shape, shape.queries, shape.query_stride));
    auto k = graph->tensor(heads_of("key", key, shape, shape.keys, shape.key_stride));
    auto v = graph->tensor(heads_of("value", value, shape, shape.keys, shape.value_stride));
    fe::graph::SDPA_attributes attributes;
    attributes.set_name("forward").set_generate_stats(true);
    set_attributes(*graph, shape, attributes);
    const auto [o, statistics] = graph->sdpa(q, k, v, attributes);
    make_output(o, heads_of("output", output, shape, shape.queries));
    statistics->set_output(true).set_uid(log_sum_exp).set_data_type(fe::DataType_t::FLOAT);
    return graph;
}

/// Adds what `FusedAttention::backward` computes to the empty graph.
inline std::unique_ptr<Graph> backward(const FusedShape& shape, std::unique_ptr<Graph> graph = new_graph()) {
    auto q = graph->tensor(heads_of("query", query, shape, shape.queries, shape.query_stride));
    auto k = graph->tensor(heads_of("key", key, shape, shape.keys, shape.key_stride));
    auto v = graph->tensor(heads_of("value", value, shape, shape.keys, shape.value_stride));
    auto o = graph->tensor(heads_of("output", output, shape, shape.queries));
    auto d_o = graph->tensor(heads_of("d_output", d_output, shape, shape.queries));
    auto statistics = graph->tensor(Tensor_attributes()
                                        .set_name("log_sum_exp")
                                        .set_uid(log_sum_exp)
                                        .set_dim({shape.batch, shape.heads, shape.queries, 1})
                                        .set_stride({shape.heads * shape.queries, shape.queries, 1, 1})
                                        .set_data_type(fe::DataType_t::FLOAT));
    fe::graph::SDPA_backward_attributes attributes;
    attributes.set_name("backward").set_deterministic_algorithm(true);
    set_attributes(*graph, shape, attributes);
    const auto [d_q, d_k, d_v] = graph->sdpa_backward(q, k, v, o, d_o, statistics, attributes);
    make_output(d_q, heads_of("d_query", d_query, shape, shape.queries, shape.query_stride));
    make_output(d_k, heads_of("d_key", d_key, shape, shape.keys, shape.key_stride));
    make_output(d_v, heads_of("d_value", d_value, shape, shape.keys, shape.value_stride));
    return graph;
}

/// Loads the library; false where it is missing.
inline bool load_library() {
    fe::cudnn_dlhandle = dlopen("libcudnn.so.9", RTLD_NOW | RTLD_LOCAL);
    return fe::cudnn_dlhandle;
}

/// Chooses kernels; an error, with cuDNN's reason, where it has none. Without a handle: kernels for the card whose
/// properties the graph was given, which need not be there.
inline fe::error_t find_kernels(Graph& graph, cudnnHandle_t handle) {
    if (fe::error_t error = graph.validate(); error.is_bad()) return error;
    if (fe::error_t error = graph.build_operation_graph(handle); error.is_bad()) return error;
    const std::vector<fe::HeurMode_t> modes{fe::HeurMode_t::A, fe::HeurMode_t::FALLBACK};
    if (fe::error_t error = graph.create_execution_plans(modes); error.is_bad()) return error;
    return graph.check_support();
}

}  // namespace heed::cuda::attention_graph
