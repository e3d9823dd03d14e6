#include "heed/attention/heads/cudnn/fused_attention.h"

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "heed/attention/heads/cudnn/attention_graph.cuh"
#include "heed/core/cuda/launch.cuh"
#include "heed/core/cuda/library_switch.h"
#include "heed/core/error.h"

namespace heed::cuda {

namespace {

namespace fe = cudnn_frontend;
using attention_graph::Graph;
using enum attention_graph::TensorId;

[[noreturn]] void fail(const std::string& what, std::string reason) {
    for (char& c : reason) c = c == '\n' ? ' ' : c;
    throw Error("cuDNN could not " + what + ": " + reason);
}

void check(fe::error_t error, const char* what) {
    if (error.is_bad()) fail(what, error.get_message());
}

/// What body gives; what the front end throws, as for a library of CUDA that is missing, becomes an Error.
template <class Body>
auto with_errors(const Body& body) {
    try {
        return body();
    } catch (const Error&) {
        throw;
    } catch (const std::exception& exception) {
        fail("be used", exception.what());
    }
}

/// Null where the library is missing or does not start.
cudnnHandle_t new_handle() {
    if (!attention_graph::load_library()) return nullptr;
    cudnnHandle_t handle = nullptr;
    if (fe::detail::create_handle(&handle) != CUDNN_STATUS_SUCCESS) return nullptr;
    if (fe::detail::set_stream(handle, work_stream()) != CUDNN_STATUS_SUCCESS) fail("take a stream", "it refused");
    return handle;
}

class Plans final : public FusedAttention {
public:
    Plans(const FusedShape& shape, cudnnHandle_t handle)
        : handle_(handle),
          has_lengths_(shape.has_lengths),
          forward_(attention_graph::forward(shape)),
          backward_(attention_graph::backward(shape)),
          exist_(attention_graph::find_kernels(*forward_, handle).is_good() &&
                 attention_graph::find_kernels(*backward_, handle).is_good()) {}

    bool exist() const { return exist_; }

    /// Asked before each pass. The first time the plans are built, which takes a while: not for a shape that is only
    /// asked about, as that of copies where tensors of bf16 are read in place.
    size_t workspace_bytes() const override {
        std::call_once(built_, [&] { with_errors([&] { build(); }); });
        return workspace_bytes_;
    }

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
    void build() const {
        int64_t of_forward = 0, of_backward = 0;
        for (Graph* graph : {forward_.get(), backward_.get()}) check(graph->build_plans(), "build its attention");
        check(forward_->get_workspace_size(of_forward), "tell its workspace");
        check(backward_->get_workspace_size(of_backward), "tell its workspace");
        workspace_bytes_ = static_cast<size_t>(std::max(of_forward, of_backward));
    }

    void run(const Graph& graph, const FusedTensors& t, std::unordered_map<int64_t, void*> addresses,
             const char* what) const {
        if (has_lengths_) {
            addresses[query_lengths] = t.query_lengths;
            addresses[key_lengths] = t.key_lengths;
        }
        check(graph.execute(handle_, addresses, t.workspace), what);
    }

    cudnnHandle_t handle_;
    bool has_lengths_;
    std::unique_ptr<Graph> forward_, backward_;
    bool exist_;
    mutable std::once_flag built_;
    mutable size_t workspace_bytes_ = 0;
};

}  // namespace

const FusedAttention* fused_attention(const FusedShape& shape) {
    // Never destroyed: at exit the driver may be gone before them.
    static std::mutex& mutex = *new std::mutex;
    static auto& kept = *new std::map<FusedShape, Plans>;
    const std::lock_guard lock(mutex);
    return with_errors([&]() -> const FusedAttention* {
        static const cudnnHandle_t handle = is_library_wanted("HEED_CUDNN") ? new_handle() : nullptr;
        if (!handle) return nullptr;
        auto found = kept.find(shape);
        if (found == kept.end()) found = kept.try_emplace(shape, shape, handle).first;
        return found->second.exist() ? &found->second : nullptr;
    });
}

}  // namespace heed::cuda
