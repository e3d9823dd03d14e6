// Time of a training step (forward, backward, AdamW) of a text classifier and of a translator on random ids, and of
// decoding with a cache, greedy and with 4 beams, always 32 tokens. compare.py in pytorch/ holds it against PyTorch.
//
//   bench_text_step [--task classifier|translator|greedy|beam] [--attention NAME] [--batch N] [--tokens N]
//                   [--threads N] [--seconds S]
//
// Without --task all of them run. One JSON line each: the best and the median step on the clock ("best_ms", "ms") and
// the median of the processor time of the main thread ("main_ms") and of all threads ("cpu_ms"), and the most memory
// of all tensors ("peak_mb"). --tokens is the length of the classifier's texts.

#include <fmt/format.h>
#include <getopt.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "heed/core/cpu/isa.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/parameter_store.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/ops/shapes/reshape.h"
#include "heed/core/parallel.h"
#include "heed/core/random/random.h"
#include "heed/layers/models/text_classifier.h"
#include "heed/layers/models/translator.h"
#include "heed/trainers/decoding/beam_search.h"
#include "heed/trainers/optimizers/adam.h"
#include "heed/trainers/translations/translator_steps.h"

namespace heed {
namespace {

struct TextBenchSettings {
    std::string task;
    std::string attention = "sdpa";
    int64_t batch = 0;
    int64_t tokens = 512;
    double seconds = 3.0;
};

double text_bench_clock(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double middle(std::vector<double> values) {
    std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

/// Random ids [batch, tokens], none of them padding.
Tensor random_ids(Context& context, int64_t batch, int64_t tokens, int64_t vocabulary, const char* name) {
    RandomSequence random(random_key(0, RandomPurpose::augmentation, name));
    std::vector<int32_t> ids(static_cast<size_t>(batch * tokens));
    for (int32_t& id : ids) id = static_cast<int32_t>(random.below(static_cast<uint64_t>(vocabulary)));
    return Tensor::from_host(context, {batch, tokens}, std::span<const int32_t>(ids));
}

Tensor all_of_length(Context& context, int64_t batch, int64_t tokens) {
    const std::vector<int32_t> lengths(static_cast<size_t>(batch), static_cast<int32_t>(tokens));
    return Tensor::from_host(context, {batch}, std::span<const int32_t>(lengths));
}

/// Calls `step` for some seconds and prints what it took. `items` is what a step works through: tokens or sentences.
void measure_steps(const TextBenchSettings& settings, const char* task, Context& context, int64_t batch, double items,
                   const std::function<void()>& step) {
    step();
    step();
    std::vector<double> wall, main, cpu;
    const double start = text_bench_clock(CLOCK_MONOTONIC);
    while (wall.size() < 3 || text_bench_clock(CLOCK_MONOTONIC) - start < settings.seconds) {
        const double times[] = {text_bench_clock(CLOCK_MONOTONIC), text_bench_clock(CLOCK_THREAD_CPUTIME_ID),
                                text_bench_clock(CLOCK_PROCESS_CPUTIME_ID)};
        step();
        wall.push_back(text_bench_clock(CLOCK_MONOTONIC) - times[0]);
        main.push_back(text_bench_clock(CLOCK_THREAD_CPUTIME_ID) - times[1]);
        cpu.push_back(text_bench_clock(CLOCK_PROCESS_CPUTIME_ID) - times[2]);
    }
    fmt::print(R"({{"bench": "{}", "attention": "{}", "batch": {}, "threads": {}, "isa": "{}", "ms": {:.5g}, )"
               R"("best_ms": {:.5g}, "main_ms": {:.5g}, "cpu_ms": {:.5g}, "per_s": {:.5g}, "peak_mb": {:.5g}}})"
               "\n",
               task, settings.attention, batch, thread_count(), isa_name(active_isa()), middle(wall) * 1e3,
               *std::min_element(wall.begin(), wall.end()) * 1e3, middle(main) * 1e3, middle(cpu) * 1e3,
               items / middle(wall), static_cast<double>(context.allocator().peak_bytes()) / (1 << 20));
    std::fflush(stdout);
}

/// Steps of AdamW on the loss that `forward` gives, a sum over `rows`.
class TextBenchTraining {
public:
    TextBenchTraining(Context& context, Module& model) : context_(context), store_(context, model, 0) {
        optimizer_ = AdamWOptions().make_optimizer(store_);
    }

    void step(int64_t rows, const std::function<CrossEntropyResult(const ForwardState&)>& forward) {
        ForwardState state;
        state.training = true;
        state.step = static_cast<uint32_t>(steps_++);
        store_.begin_step();
        context_.tape().backward(forward(state).loss);
        context_.tape().clear();
        store_.finish_gradients();
        optimizer_->step(steps_, 1e-4, 1.0 / static_cast<double>(rows));
    }

private:
    Context& context_;
    ParameterStore store_;
    std::unique_ptr<Optimizer> optimizer_;
    int64_t steps_ = 0;
};

void bench_classifier(const TextBenchSettings& settings, const AttentionChoice& attention) {
    const int64_t batch = settings.batch > 0 ? settings.batch : 32;
    const int64_t tokens = settings.tokens;
    constexpr int64_t vocabulary = 20000;
    TextClassifierOptions options;
    options.dim = 128;
    options.mlp_dim = 512;
    options.dropout = 0;
    Context context;
    const auto model = make_text_classifier(options, attention, {vocabulary, tokens, 2});
    TextBenchTraining training(context, *model);
    const Tensor ids = random_ids(context, batch, tokens, vocabulary, "ids");
    const Tensor labels = random_ids(context, batch, 1, 2, "labels").reshape({batch});
    const Tensor lengths = all_of_length(context, batch, tokens);
    measure_steps(settings, "classifier", context, batch, static_cast<double>(batch * tokens), [&] {
        training.step(batch, [&](const ForwardState& state) {
            return cross_entropy(model->forward(ids, lengths, state), labels, 0);
        });
    });
}

constexpr int64_t sentence_tokens = 32, sentence_vocabulary = 16000;

std::unique_ptr<Translator> bench_translator_model(const AttentionChoice& attention) {
    TranslatorOptions options;
    options.encoder_depth = options.decoder_depth = 4;
    options.dropout = 0;
    options.tie = "all";
    options.positions = "learned";
    return make_translator(options, {attention, attention, attention},
                           {sentence_vocabulary, sentence_vocabulary, sentence_tokens, sentence_tokens, true});
}

void bench_translator(const TextBenchSettings& settings, const AttentionChoice& attention) {
    const int64_t batch = settings.batch > 0 ? settings.batch : 64, places = batch * sentence_tokens;
    Context context;
    const auto model = bench_translator_model(attention);
    TextBenchTraining training(context, *model);
    const Tensor source = random_ids(context, batch, sentence_tokens, sentence_vocabulary, "source");
    const Tensor target = random_ids(context, batch, sentence_tokens, sentence_vocabulary, "target");
    const Tensor wanted = random_ids(context, places, 1, sentence_vocabulary, "wanted").reshape({places});
    const Tensor lengths = all_of_length(context, batch, sentence_tokens);
    measure_steps(settings, "translator", context, batch, static_cast<double>(places), [&] {
        training.step(places, [&](const ForwardState& state) {
            const Variable logits =
                model->decode(target, lengths, model->encode(source, lengths, state), lengths, state);
            return cross_entropy(reshape(logits, {places, sentence_vocabulary}), wanted, 0.1f);
        });
    });
}

/// Translates a batch, by sentences that all get as many tokens.
void bench_decoding(const TextBenchSettings& settings, const AttentionChoice& attention, int64_t beam) {
    const int64_t batch = settings.batch > 0 ? settings.batch : beam == 1 ? 64 : 16;
    Context context;
    const auto model = bench_translator_model(attention);
    ParameterStore store(context, *model, 0);
    const NoGradient guard(context);
    const Tensor source = random_ids(context, batch, sentence_tokens, sentence_vocabulary, "source");
    const Tensor lengths = all_of_length(context, batch, sentence_tokens);
    BeamSearchOptions options;
    options.beam = beam;
    options.min_length = options.max_length = sentence_tokens - 1;  // and the end
    const std::vector<int64_t> source_lengths(static_cast<size_t>(batch), sentence_tokens);
    measure_steps(settings, beam == 1 ? "greedy" : "beam", context, batch, static_cast<double>(batch), [&] {
        TranslatorSteps steps(*model, model->encode(source, lengths, {}).value(), lengths, sentence_vocabulary,
                              sentence_tokens);
        beam_search(steps, source_lengths, options, SpecialTokens());
    });
}

double number_of(const char* option, const char* text) {
    char* end = nullptr;
    const double value = std::strtod(text, &end);
    if (*end || end == text || !(value > 0)) {
        throw UserError(std::string(option) + ": expected a positive number, got '" + text + "'");
    }
    return value;
}

TextBenchSettings text_bench_arguments(int argc, char** argv) {
    const option options[] = {{"task", required_argument, nullptr, 'k'},
                              {"attention", required_argument, nullptr, 'a'},
                              {"batch", required_argument, nullptr, 'b'},
                              {"tokens", required_argument, nullptr, 'n'},
                              {"threads", required_argument, nullptr, 't'},
                              {"seconds", required_argument, nullptr, 's'},
                              {nullptr, 0, nullptr, 0}};
    TextBenchSettings settings;
    for (int letter = 0; (letter = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
        if (letter == 'k') settings.task = optarg;
        if (letter == 'a') settings.attention = optarg;
        if (letter == 'b') settings.batch = static_cast<int64_t>(number_of("--batch", optarg));
        if (letter == 'n') settings.tokens = static_cast<int64_t>(number_of("--tokens", optarg));
        if (letter == 't') set_thread_count(static_cast<int>(number_of("--threads", optarg)));
        if (letter == 's') settings.seconds = number_of("--seconds", optarg);
        if (letter == '?') throw UserError("the options are listed at the top of bench/text_step.cpp");
    }
    if (optind < argc) throw UserError(std::string("unexpected argument '") + argv[optind] + "'");
    return settings;
}

void run_text_benches(const TextBenchSettings& settings) {
    const AttentionType& type = attention_type(settings.attention);
    const std::unique_ptr<Options> options = type.make_options();
    const AttentionChoice attention{&type, &dynamic_cast<AttentionOptions&>(*options)};
    const std::pair<const char*, std::function<void()>> tasks[] = {
        {"classifier", [&] { bench_classifier(settings, attention); }},
        {"translator", [&] { bench_translator(settings, attention); }},
        {"greedy", [&] { bench_decoding(settings, attention, 1); }},
        {"beam", [&] { bench_decoding(settings, attention, 4); }}};
    bool found = false;
    for (const auto& [name, run] : tasks) {
        if (!settings.task.empty() && settings.task != name) continue;
        run();
        found = true;
    }
    if (!found) throw UserError("expected --task classifier, translator, greedy or beam, got '" + settings.task + "'");
}

}  // namespace
}  // namespace heed

int main(int argc, char** argv) {
    try {
        heed::run_text_benches(heed::text_bench_arguments(argc, argv));
        return 0;
    } catch (const heed::UserError& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
