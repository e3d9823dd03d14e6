#include "heed/attention/heads/cudnn/fused_attention.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

// After <cstring>, which it forgets.
#include <cudnn_frontend.h>

#include "heed/core/cuda/launch.cuh"
#include "heed/core/cuda/library_switch.h"
#include "heed/core/error.h"

// The front end calls cuDNN through this handle (NV_CUDNN_FRONTEND_USE_DYNAMIC_LOADING): linked to the program, the
// library would cost every command time and memory.
namespace cudnn_frontend {
void* cudnn_dlhandle = nullptr;
}

namespace heed::cuda {

namespace {

namespace fe = cudnn_frontend;
using fe::graph::Tensor_attributes;
using TensorNode = std::shared_ptr<Tensor_attributes>;

/// The names of tensors in a graph.
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

[[noreturn]] void fail(const std::string& what, std::string reason) {
    for (char& c : reason) c = c == '\n' ? ' ' : c;
    throw Error("cuDNN could not " + what + ": " + reason);
}

void check(fe::error_t error, const char* what) {
    if (error.is_bad()) fail(what, error.get_message());
}

/// Heads of tokens in memory, as cuDNN numbers the axes: batch, heads, tokens, components.
Tensor_attributes heads_of(const char* name, TensorId id, const FusedShape& shape, int64_t tokens) {
    const int64_t row = shape.heads * shape.head_dim;
    return Tensor_attributes()
        .set_name(name)
        .set_uid(id)
        .set_dim({shape.batch, shape.heads, tokens, shape.head_dim})
        .set_stride({tokens * row, shape.head_dim, row, 1});
}

void make_output(const TensorNode& tensor, const Tensor_attributes& like) {
    tensor->set_output(true).set_uid(like.get_uid()).set_dim(like.get_dim()).set_stride(like.get_stride());
}

/// What forward and backward have in common.
template <class Attributes>
void set_attributes(fe::graph::Graph& graph, const FusedShape& shape, Attributes& attributes) {
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

std::unique_ptr<fe::graph::Graph> new_graph() {
    auto graph = std::make_unique<fe::graph::Graph>();
    graph->set_io_data_type(fe::DataType_t::BFLOAT16)
        .set_intermediate_data_type(fe::DataType_t::FLOAT)
        .set_compute_data_type(fe::DataType_t::FLOAT);
    return graph;
}

std::unique_ptr<fe::graph::Graph> forward_graph(const FusedShape& shape) {
    auto graph = new_graph();
    auto q = graph->tensor(heads_of("query", query, shape, shape.queries));
    auto k = graph->tensor(heads_of("key", key, shape, shape.keys));
    auto v = graph->tensor(heads_of("value", value, shape, shape.keys));
    fe::graph::SDPA_attributes attributes;
    attributes.set_name("forward").set_generate_stats(true);
    set_attributes(*graph, shape, attributes);
    const auto [o, statistics] = graph->sdpa(q, k, v, attributes);
    make_output(o, heads_of("output", output, shape, shape.queries));
    statistics->set_output(true).set_uid(log_sum_exp).set_data_type(fe::DataType_t::FLOAT);
    return graph;
}

std::unique_ptr<fe::graph::Graph> backward_graph(const FusedShape& shape) {
    auto graph = new_graph();
    auto q = graph->tensor(heads_of("query", query, shape, shape.queries));
    auto k = graph->tensor(heads_of("key", key, shape, shape.keys));
    auto v = graph->tensor(heads_of("value", value, shape, shape.keys));
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
    make_output(d_q, heads_of("d_query", d_query, shape, shape.queries));
    make_output(d_k, heads_of("d_key", d_key, shape, shape.keys));
    make_output(d_v, heads_of("d_value", d_value, shape, shape.keys));
    return graph;
}

/// Null where the library is missing or does not start.
cudnnHandle_t new_handle() {
    fe::cudnn_dlhandle = dlopen("libcudnn.so.9", RTLD_NOW | RTLD_LOCAL);
    if (!fe::cudnn_dlhandle) return nullptr;
    cudnnHandle_t handle = nullptr;
    if (fe::detail::create_handle(&handle) != CUDNN_STATUS_SUCCESS) return nullptr;
    if (fe::detail::set_stream(handle, work_stream()) != CUDNN_STATUS_SUCCESS) fail("take a stream", "it refused");
    return handle;
}

/// False where cuDNN has no kernel.
bool plan(fe::graph::Graph& graph, cudnnHandle_t handle) {
    if (graph.validate().is_bad() || graph.build_operation_graph(handle).is_bad() ||
        graph.create_execution_plans({fe::HeurMode_t::A, fe::HeurMode_t::FALLBACK}).is_bad() ||
        graph.check_support().is_bad()) {
        return false;
    }
    check(graph.build_plans(), "build its attention");
    return true;
}

class Plans final : public FusedAttention {
public:
    Plans(const FusedShape& shape, cudnnHandle_t handle)
        : handle_(handle),
          has_lengths_(shape.has_lengths),
          forward_(forward_graph(shape)),
          backward_(backward_graph(shape)),
          exist_(plan(*forward_, handle) && plan(*backward_, handle)) {
        if (!exist_) return;
        int64_t of_forward = 0, of_backward = 0;
        check(forward_->get_workspace_size(of_forward), "tell its workspace");
        check(backward_->get_workspace_size(of_backward), "tell its workspace");
        workspace_bytes_ = static_cast<size_t>(std::max(of_forward, of_backward));
    }

    bool exist() const { return exist_; }
    size_t workspace_bytes() const override { return workspace_bytes_; }

    void forward(const FusedTensors& t) const override {
        run(*forward_, t,
            {{query, t.query}, {key, t.key}, {value, t.value}, {output, t.output}, {log_sum_exp, t.log_sum_exp}},
            "compute attention");
    }

    void backward(const FusedTensors& t) const override {
        run(*backward_, t,
            {{query, t.query},
             {key, t.key},
             {value, t.value},
             {output, t.output},
             {log_sum_exp, t.log_sum_exp},
             {d_output, t.d_output},
             {d_query, t.d_query},
             {d_key, t.d_key},
             {d_value, t.d_value}},
            "compute the gradients of attention");
    }

private:
    void run(const fe::graph::Graph& graph, const FusedTensors& t, std::unordered_map<int64_t, void*> addresses,
             const char* what) const {
        if (has_lengths_) {
            addresses[query_lengths] = t.query_lengths;
            addresses[key_lengths] = t.key_lengths;
        }
        check(graph.execute(handle_, addresses, t.workspace), what);
    }

    cudnnHandle_t handle_;
    bool has_lengths_;
    std::unique_ptr<fe::graph::Graph> forward_, backward_;
    bool exist_;
    size_t workspace_bytes_ = 0;
};

}  // namespace

const FusedAttention* fused_attention(const FusedShape& shape) {
    // Never destroyed: at exit the driver may be gone before them.
    static std::mutex& mutex = *new std::mutex;
    static auto& kept = *new std::map<FusedShape, Plans>;
    const std::lock_guard lock(mutex);
    try {
        static const cudnnHandle_t handle = is_library_wanted("HEED_CUDNN") ? new_handle() : nullptr;
        if (!handle) return nullptr;
        auto found = kept.find(shape);
        if (found == kept.end()) found = kept.try_emplace(shape, shape, handle).first;
        return found->second.exist() ? &found->second : nullptr;
    } catch (const Error&) {
        throw;
    } catch (const std::exception& exception) {  // of the front end, such as a library of CUDA that is missing
        fail("be used", exception.what());
    }
}

}  // namespace heed::cuda
