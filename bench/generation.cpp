// Time of a token that a language model writes at some number of tokens, with the caches of its attention layers and
// without: as one forward pass over all tokens so far. Also the time in which a prompt of that length is read.
//
//   bench_generation [--attention NAME] [--tokens N] [--threads N] [--dim N] [--depth N]
//
// One JSON line: the medians of 16 tokens ("cached_ms") and of three passes ("whole_ms"), their ratio, and "prompt_ms".

#include <fmt/format.h>
#include <getopt.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench_main.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/parameter_store.h"
#include "heed/core/parallel.h"
#include "heed/layers/models/language_model.h"

namespace heed {
namespace {

struct GenerationBench {
    std::string attention = "sdpa";
    int64_t tokens = 1024, dim = 256, depth = 4;
};

template <class Work>
double median_ms(int times, const Work& work) {
    std::vector<double> values;
    for (int i = 0; i < times; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
        values.push_back(time.count());
    }
    std::nth_element(values.begin(), values.begin() + times / 2, values.end());
    return values[static_cast<size_t>(times / 2)];
}

void measure_generation(const GenerationBench& bench) {
    constexpr int cached_tokens = 16, whole_passes = 3;
    const AttentionType& type = attention_type(bench.attention);
    const std::unique_ptr<Options> options = type.make_options();
    LanguageModelOptions settings;
    settings.dim = bench.dim;
    settings.depth = bench.depth;
    settings.mlp_dim = 4 * bench.dim;
    const AttentionChoice attention{&type, &dynamic_cast<AttentionOptions&>(*options)};
    Context context("cpu");
    const auto model = make_language_model(settings, attention, {256, bench.tokens + cached_tokens + 1});
    ParameterStore store(context, *model, 0);
    const NoGradient guard(context);
    const Tensor ids = Tensor::zeros(context, {1, bench.tokens}, DType::i32);
    const Tensor one = Tensor::zeros(context, {1, 1}, DType::i32);
    const auto length = static_cast<int32_t>(bench.tokens);
    const Tensor lengths = Tensor::from_host(context, {1}, std::span<const int32_t>(&length, 1));
    LanguageState state = model->begin(context, 1, bench.tokens + cached_tokens + 1);
    const double prompt = median_ms(1, [&] { model->extend(state, ids).to_vector(); });
    model->extend(state, one);
    const double cached = median_ms(cached_tokens, [&] { model->extend(state, one).to_vector(); });
    const double whole = median_ms(whole_passes, [&] { model->forward(ids, lengths, {}).value().to_vector(); });
    fmt::print(
        "{{\"attention\": \"{}\", \"tokens\": {}, \"cached_ms\": {:.3f}, \"whole_ms\": {:.3f}, \"ratio\": {:.1f}, "
        "\"prompt_ms\": {:.3f}}}\n",
        bench.attention, bench.tokens, cached, whole, whole / cached, prompt);
}

int64_t generation_number(const char* text) {
    char* end = nullptr;
    const int64_t value = std::strtoll(text, &end, 10);
    if (*end || end == text || value < 1)
        throw UserError(std::string("expected a positive number, got '") + text + "'");
    return value;
}

GenerationBench generation_arguments(int argc, char** argv) {
    const option options[] = {
        {"attention", required_argument, nullptr, 'a'}, {"tokens", required_argument, nullptr, 'n'},
        {"threads", required_argument, nullptr, 't'},   {"dim", required_argument, nullptr, 'd'},
        {"depth", required_argument, nullptr, 'l'},     {nullptr, 0, nullptr, 0}};
    GenerationBench bench;
    for (int letter = 0; (letter = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
        if (letter == 'a') bench.attention = optarg;
        if (letter == 'n') bench.tokens = generation_number(optarg);
        if (letter == 'd') bench.dim = generation_number(optarg);
        if (letter == 'l') bench.depth = generation_number(optarg);
        if (letter == 't') set_thread_count(static_cast<int>(generation_number(optarg)));
        if (letter == '?') throw UserError("the options are listed at the top of bench/generation.cpp");
    }
    return bench;
}

}  // namespace
}  // namespace heed

int main(int argc, char** argv) {
    return heed::bench_main([&] { heed::measure_generation(heed::generation_arguments(argc, argv)); });
}
