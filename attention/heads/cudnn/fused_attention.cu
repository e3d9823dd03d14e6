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

/// Null where the library is missing or does not start.
cudnnHandle_t new_handle() {
    if (!attention_graph::load_library()) return nullptr;
    cudnnHandle_t handle = nullptr;
    if (fe::detail::create_handle(&handle) != CUDNN_STATUS_SUCCESS) return nullptr;
    if (fe::detail::set_stream(handle, work_stream()) != CUDNN_STATUS_SUCCESS) fail("take a stream", "it refused");
    return handle;
}

/// False where cuDNN has no kernel.
bool plan(Graph& graph, cudnnHandle_t handle) {
    if (attention_graph::find_kernels(graph, handle).is_bad()) return false;
    check(graph.build_plans(), "build its attention");
    return true;
}

class Plans final : public FusedAttention {
public:
    Plans(const FusedShape& shape, cudnnHandle_t handle)
        : handle_(handle),
          has_lengths_(shape.has_lengths),
          forward_(attention_graph::forward(shape)),
          backward_(attention_graph::backward(shape)),
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
