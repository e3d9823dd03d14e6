// ctest: cudnn
#include <gtest/gtest.h>

#ifdef HEED_CUDNN

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "heed/attention/heads/cudnn/attention_graph.cuh"

// cuDNN chooses kernels for a card that it is told of in words: it needs no card for that, only a library of the
// driver's name. So what docs/gpu.md says of attention in bf16 is asked of cuDNN itself, with the graphs of the
// program.

namespace heed::test::cudnn_support_test {
namespace {

namespace fe = cudnn_frontend;
namespace attention_graph = cuda::attention_graph;
using cuda::FusedShape;

/// What kernels depend on, from NVIDIA's specifications.
struct Card {
    const char* name;
    int architecture;
    int processors;
    int clock_mhz;
    int64_t memory_gb;
    int64_t l2_mb;
    int blocks_of_processor;
    int threads_of_processor;
    int shared_kb_of_block;  ///< the largest that a kernel can ask for
};
constexpr Card t4{"Tesla T4", 75, 40, 1590, 16, 4, 16, 1024, 64};
constexpr Card a100{"NVIDIA A100-SXM4-80GB", 80, 108, 1410, 80, 40, 32, 2048, 163};
constexpr Card a10{"NVIDIA A10", 86, 72, 1695, 24, 6, 16, 1536, 99};
constexpr Card l4{"NVIDIA L4", 89, 58, 2040, 24, 48, 24, 1536, 99};
constexpr Card h100{"NVIDIA H100 80GB HBM3", 90, 132, 1980, 80, 50, 32, 2048, 227};

/// The properties of a card in the form that cuDNN reads, which has to be complete.
std::shared_ptr<const fe::DeviceProperties> properties(const Card& card) {
    const std::string json = fmt::format(
        R"({{"cudaDeviceId": 0, "pciDeviceId": 0, "deviceName": "{}", "deviceVer": {}, "driverVer": 13000,)"
        R"("multiProcessorCount": {}, "smClockRateKHz": {}, "memClockRateKHz": 2600000, "totalGlobalMem": {},)"
        R"("l2CacheSize": {}, "maxCtasPerSM": {}, "maxThreadsPerSM": {}, "maxSharedMemoryPerBlockOptin": {},)"
        R"("maxSharedMemoryPerBlock": 49152, "reservedSharedMemoryPerBlock": 1024, "maxThreadsPerBlock": 1024,)"
        R"("maxBlockSize": [1024, 1024, 64], "maxGridSize": [2147483647, 65535, 65535], "warpSize": 32,)"
        R"("regsPerBlock": 65536, "maxRegistersPerSM": 65536, "isTccDriver": 0, "supportCoopLaunch": 1}})",
        card.name, card.architecture * 10, card.processors, card.clock_mhz * 1000, card.memory_gb << 30,
        card.l2_mb << 20, card.blocks_of_processor, card.threads_of_processor, card.shared_kb_of_block << 10);
    auto read = std::make_shared<fe::DeviceProperties>();
    fe::error_t error = read->deserialize({json.begin(), json.end()});
    EXPECT_TRUE(error.is_good()) << card.name << ": " << error.get_message();
    return read;
}

/// What keeps cuDNN from being asked; empty: nothing.
std::string start() {
    // Whoever asks for libcuda.so.1 later is given it, as that is what the stub calls itself.
    if (!dlopen(HEED_CUDA_STUB, RTLD_NOW | RTLD_GLOBAL)) return "needs stubs/libcuda.so of the toolkit of CUDA";
    if (!attention_graph::load_library()) return "needs libcudnn.so.9";
    constexpr size_t first_version = 90800;
    if (fe::detail::get_backend_version() < first_version) return "needs cuDNN 9.8 or newer";
    // cuDNN loads it for each graph and unloads it again, which takes most of the time where nobody else holds it.
    dlopen(fmt::format("libnvrtc.so.{}", CUDART_VERSION / 1000).c_str(), RTLD_LAZY);
    return "";
}

class CudnnSupport : public testing::Test {
protected:
    void SetUp() override {
        static const std::string lack = start();
        if (!lack.empty()) GTEST_SKIP() << lack;
    }
};

class Cudnn {
public:
    explicit Cudnn(const Card& card) : architecture_(card.architecture), properties_(properties(card)) {}

    fe::error_t forward(const FusedShape& shape) const { return ask(attention_graph::forward(shape, new_graph())); }
    fe::error_t backward(const FusedShape& shape) const { return ask(attention_graph::backward(shape, new_graph())); }

private:
    std::unique_ptr<attention_graph::Graph> new_graph() const {
        auto graph = attention_graph::new_graph();
        graph->set_device_properties(properties_).set_sm_version(architecture_);
        return graph;
    }

    static fe::error_t ask(std::unique_ptr<attention_graph::Graph> graph) {
        return attention_graph::find_kernels(*graph, nullptr);
    }

    int architecture_;
    std::shared_ptr<const fe::DeviceProperties> properties_;
};

testing::AssertionResult has_kernels(fe::error_t error) {
    if (error.is_good()) return testing::AssertionSuccess();
    return testing::AssertionFailure() << error.get_message();
}

/// Other errors than these two are no answer.
testing::AssertionResult refuses(fe::error_t error) {
    if (error.get_code() == fe::error_code_t::GRAPH_NOT_SUPPORTED ||
        error.get_code() == fe::error_code_t::HEURISTIC_QUERY_FAILED) {
        return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << (error.is_good() ? "it has kernels" : error.get_message());
}

std::string text(const FusedShape& s) {
    return fmt::format("{} samples, {} heads of {}, {} queries, {} keys{}{}", s.batch, s.heads, s.head_dim, s.queries,
                       s.keys, s.causal ? ", causal" : "", s.has_lengths ? ", lengths" : "");
}

constexpr FusedShape shape_of(int64_t queries, int64_t keys, int64_t head_dim, bool causal, bool has_lengths) {
    return {32, 8, queries, keys, head_dim, 0.125F, causal, has_lengths};
}

/// No mask, key lengths, causal, both, and cross-attention with and without lengths.
std::vector<FusedShape> masks(int64_t head_dim) {
    return {shape_of(197, 197, head_dim, false, false), shape_of(64, 64, head_dim, false, true),
            shape_of(64, 64, head_dim, true, false),    shape_of(64, 64, head_dim, true, true),
            shape_of(33, 47, head_dim, false, false),   shape_of(32, 48, head_dim, false, true)};
}

TEST_F(CudnnSupport, HopperComputesHeadsOfUpTo256) {
    const Cudnn cudnn(h100);
    for (int64_t head_dim = 8; head_dim <= 256; head_dim += 8) {
        for (const FusedShape& shape : masks(head_dim)) {
            EXPECT_TRUE(has_kernels(cudnn.forward(shape))) << text(shape);
            EXPECT_TRUE(has_kernels(cudnn.backward(shape))) << text(shape);
        }
    }
}

TEST_F(CudnnSupport, HopperComputesBatchesOfAllSizes) {
    const Cudnn cudnn(h100);
    for (const FusedShape& shape : std::vector<FusedShape>{{1, 1, 2, 2, 64, 1, false, false},
                                                           {1, 1, 2, 1, 64, 1, false, false},
                                                           {1, 1, 16, 16, 8, 1, true, true},
                                                           {64, 12, 197, 197, 64, 1, false, false},
                                                           {4096, 8, 50, 50, 32, 1, false, false},
                                                           {1, 8, 16384, 16384, 64, 1, true, true}}) {
        EXPECT_TRUE(has_kernels(cudnn.forward(shape))) << text(shape);
        EXPECT_TRUE(has_kernels(cudnn.backward(shape))) << text(shape);
    }
}

/// The same projections in columns of one matrix, or of one for queries and one for keys and values.
std::vector<FusedShape> in_packed_projections(int64_t head_dim) {
    std::vector<FusedShape> shapes{shape_of(197, 197, head_dim, false, false), shape_of(64, 64, head_dim, true, false),
                                   shape_of(33, 47, head_dim, false, false)};
    for (FusedShape& shape : shapes) {
        const int64_t row = shape.heads * shape.head_dim;
        const bool cross = shape.queries != shape.keys;
        shape.query_stride = cross ? row : 3 * row;
        shape.key_stride = shape.value_stride = cross ? 2 * row : 3 * row;
    }
    return shapes;
}

using Strides = std::vector<int64_t>;  ///< of samples, heads, tokens and components

Strides strides_in(const attention_graph::Graph& graph, attention_graph::TensorId id) {
    attention_graph::Tensor_attributes tensor;
    EXPECT_TRUE(graph.query_tensor_attributes_of_uid(id, tensor).is_good());
    return tensor.get_stride();
}

TEST_F(CudnnSupport, GraphsHaveTheStridesOfTheShape) {
    const FusedShape shape{2, 3, 5, 7, 8, 1, false, false, 104, 208, 304};
    const Strides query{5 * 104, 8, 104, 1}, key{7 * 208, 8, 208, 1}, value{7 * 304, 8, 304, 1},
        output{5 * 24, 8, 24, 1};
    const auto forward = attention_graph::forward(shape), backward = attention_graph::backward(shape);
    for (const auto* graph : {forward.get(), backward.get()}) {
        EXPECT_EQ(strides_in(*graph, attention_graph::query), query);
        EXPECT_EQ(strides_in(*graph, attention_graph::key), key);
        EXPECT_EQ(strides_in(*graph, attention_graph::value), value);
        EXPECT_EQ(strides_in(*graph, attention_graph::output), output);
    }
    EXPECT_EQ(strides_in(*backward, attention_graph::d_query), query);
    EXPECT_EQ(strides_in(*backward, attention_graph::d_key), key);
    EXPECT_EQ(strides_in(*backward, attention_graph::d_value), value);
    EXPECT_EQ(strides_in(*backward, attention_graph::d_output), output);
}

TEST_F(CudnnSupport, PackedProjectionsAreReadInPlace) {
    for (const Card& card : {a100, a10, l4, h100}) {
        const Cudnn cudnn(card);
        for (const int64_t head_dim : {8, 24, 64, 128}) {
            for (const FusedShape& shape : in_packed_projections(head_dim)) {
                EXPECT_TRUE(has_kernels(cudnn.forward(shape))) << card.name << ", " << text(shape);
                EXPECT_TRUE(has_kernels(cudnn.backward(shape))) << card.name << ", " << text(shape);
            }
        }
    }
}

TEST_F(CudnnSupport, AmpereAndAdaHaveGradientsOfHeadsOfUpTo128) {
    for (const Card& card : {a100, a10, l4}) {
        const Cudnn cudnn(card);
        for (const int64_t head_dim : {8, 16, 24, 64, 128, 136, 256}) {
            for (const FusedShape& shape : masks(head_dim)) {
                EXPECT_TRUE(has_kernels(cudnn.forward(shape))) << card.name << ", " << text(shape);
                const fe::error_t gradients = cudnn.backward(shape);
                EXPECT_TRUE(head_dim <= 128 ? has_kernels(gradients) : refuses(gradients))
                    << card.name << ", " << text(shape);
            }
        }
    }
}

TEST_F(CudnnSupport, TuringComputesNothing) {
    const Cudnn cudnn(t4);
    for (const int64_t head_dim : {8, 64, 128, 256}) {
        for (const FusedShape& shape : masks(head_dim)) {
            EXPECT_TRUE(refuses(cudnn.forward(shape))) << text(shape);
            EXPECT_TRUE(refuses(cudnn.backward(shape))) << text(shape);
        }
    }
}

TEST_F(CudnnSupport, OtherHeadSizesAreRefused) {
    for (const Card& card : {a100, h100}) {
        const Cudnn cudnn(card);
        for (const int64_t head_dim : {4, 12, 20, 100, 264}) {
            for (const FusedShape& shape : masks(head_dim)) {
                EXPECT_TRUE(refuses(cudnn.backward(shape))) << card.name << ", " << text(shape);
            }
        }
    }
}

TEST_F(CudnnSupport, OneQueryHasGradientsWhereItHasSeveralKeys) {
    const FusedShape one_key = shape_of(1, 1, 64, false, false), several = shape_of(1, 64, 64, false, false);
    for (const Card& card : {a100, h100}) {
        const Cudnn cudnn(card);
        EXPECT_TRUE(has_kernels(cudnn.forward(one_key))) << card.name;
        EXPECT_TRUE(refuses(cudnn.backward(one_key))) << card.name;
        EXPECT_TRUE(has_kernels(cudnn.forward(several))) << card.name;
        EXPECT_TRUE(has_kernels(cudnn.backward(several))) << card.name;
    }
}

}  // namespace
}  // namespace heed::test::cudnn_support_test

#else

namespace heed::test::cudnn_support_test {

TEST(CudnnSupport, IsAsked) {
    GTEST_SKIP() << "needs a build with nvcc, cudnn.h and cudnn_frontend.h (docs/gpu.md)";
}

}  // namespace heed::test::cudnn_support_test

#endif
