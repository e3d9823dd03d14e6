// Time of a training step (forward, backward, AdamW) of a text classifier and of a translator on random ids, and of
// decoding with a cache, greedy and with 4 beams, always as many tokens. compare.py in pytorch/ holds it against
// PyTorch.
//
//   bench_text_step [--task classifier|translator|greedy|beam] [--size small|base] [--device NAME]
//                   [--precision f32|tf32|bf16] [--attention NAME] [--batch N] [--tokens N] [--threads N] [--seconds S]
//
// Without --task all of them run. --size base is for a card: a classifier as large as BERT-base and the base translator
// of Vaswani et al. (2017). One JSON line each: the best and the median step on the clock ("best_ms", "ms") and the
// median of the processor time of the main thread ("main_ms") and of all threads ("cpu_ms"), the rate of the products
// of a training step ("gflops") and the most memory of all tensors ("peak_mb"). Every step ends with a value on the
// host, so that a device has done all of it. --tokens is the length of all texts and sentences.

#include <fmt/format.h>
#include <getopt.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench_main.h"
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
#include "precision_option.h"

namespace heed {
namespace {

struct TextBenchSettings {
    std::string task;
    std::string size = "small";
    std::string device = "cpu";
    Precision precision = Precision::f32;
    std::string attention = "sdpa";
    int64_t batch = 0;
    int64_t tokens = 0;  ///< 0: as many as the model is made for
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

/// What a step works through.
struct StepWork {
    int64_t batch = 0;
    double items = 0;            ///< tokens or sentences
    double multiplies = 0;       ///< of a training step; 0 where they are not counted
    const char* unit = "items";  ///< name of the items
};

/// Calls `step`, which must end with a value on the host, for some seconds and prints what it took.
void measure_steps(const TextBenchSettings& settings, const char* task, Context& context, const StepWork& work,
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
    fmt::print(
        R"({{"bench": "{}", "size": "{}", "device": "{}", "precision": "{}", "attention": "{}", "batch": {}, "threads": {}, )"
        R"("isa": "{}", "ms": {:.5g}, "best_ms": {:.5g}, "main_ms": {:.5g}, "cpu_ms": {:.5g}, "per_s": {:.5g}, )"
        R"("unit": "{}", "gflops": {:.5g}, "peak_mb": {:.5g}}})"
        "\n",
        task, settings.size, settings.device, name_of(settings.precision), settings.attention, work.batch,
        thread_count(), isa_name(active_isa()), middle(wall) * 1e3, *std::min_element(wall.begin(), wall.end()) * 1e3,
        middle(main) * 1e3, middle(cpu) * 1e3, work.items / middle(wall), work.unit,
        2e-9 * work.multiplies / middle(wall), static_cast<double>(context.allocator().peak_bytes()) / (1 << 20));
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
        const CrossEntropyResult loss = forward(state);
        context_.tape().backward(loss.loss);
        context_.tape().clear();
        store_.finish_gradients();
        optimizer_->step(steps_, 1e-4, 1.0 / static_cast<double>(rows));
        if (!std::isfinite(loss.totals().loss)) throw Error("the loss is not a finite number");
    }

private:
    Context& context_;
    ParameterStore store_;
    std::unique_ptr<Optimizer> optimizer_;
    int64_t steps_ = 0;
};

/// Multiply-adds of a training step: forward, and twice that backward.
double step_multiplies(int64_t batch, int64_t multiplies) {
    return 3.0 * static_cast<double>(batch) * static_cast<double>(multiplies);
}

void bench_classifier(const TextBenchSettings& settings, const AttentionChoice& attention) {
    const bool base = settings.size == "base";
    const int64_t batch = settings.batch > 0 ? settings.batch : 32;
    const int64_t tokens = settings.tokens > 0 ? settings.tokens : 512;
    const int64_t vocabulary = base ? 30522 : 20000;
    TextClassifierOptions options;
    options.dim = base ? 768 : 128;
    options.mlp_dim = base ? 3072 : 512;
    options.dropout = 0;
    if (base) options.depth = options.heads = 12;
    Context context(settings.device);
    context.device().set_precision(settings.precision);
    const auto model = make_text_classifier(options, attention, {vocabulary, tokens, 2});
    TextBenchTraining training(context, *model);
    const Tensor ids = random_ids(context, batch, tokens, vocabulary, "ids");
    const Tensor labels = random_ids(context, batch, 1, 2, "labels").reshape({batch});
    const Tensor lengths = all_of_length(context, batch, tokens);
    const StepWork work{batch, static_cast<double>(batch * tokens), step_multiplies(batch, model->multiplies(tokens)),
                        "tokens"};
    measure_steps(settings, "classifier", context, work, [&] {
        training.step(batch, [&](const ForwardState& state) {
            return cross_entropy(model->forward(ids, lengths, state), labels, 0);
        });
    });
}

/// The translator, and the sentences that it is given.
struct TextBenchTranslator {
    TextBenchTranslator(const TextBenchSettings& settings, const AttentionChoice& attention) {
        const bool base = settings.size == "base";
        tokens = settings.tokens > 0 ? settings.tokens : base ? 64 : 32;
        vocabulary = base ? 32000 : 16000;
        batch = base ? 128 : 64;
        TranslatorOptions options;
        options.encoder_depth = options.decoder_depth = base ? 6 : 4;
        if (base) options.dim = 512;
        if (base) options.mlp_dim = 2048;
        options.dropout = 0;
        options.tie = "all";
        options.positions = "learned";
        model =
            make_translator(options, {attention, attention, attention}, {vocabulary, vocabulary, tokens, tokens, true});
    }

    std::unique_ptr<Translator> model;
    int64_t tokens, vocabulary;
    int64_t batch;  ///< of a training step
};

void bench_translator(const TextBenchSettings& settings, const AttentionChoice& attention) {
    Context context(settings.device);
    context.device().set_precision(settings.precision);
    const TextBenchTranslator bench(settings, attention);
    const int64_t batch = settings.batch > 0 ? settings.batch : bench.batch, places = batch * bench.tokens;
    TextBenchTraining training(context, *bench.model);
    const Tensor source = random_ids(context, batch, bench.tokens, bench.vocabulary, "source");
    const Tensor target = random_ids(context, batch, bench.tokens, bench.vocabulary, "target");
    const Tensor wanted = random_ids(context, places, 1, bench.vocabulary, "wanted").reshape({places});
    const Tensor lengths = all_of_length(context, batch, bench.tokens);
    const StepWork work{batch, static_cast<double>(places),
                        step_multiplies(batch, bench.model->multiplies(bench.tokens, bench.tokens)), "target tokens"};
    measure_steps(settings, "translator", context, work, [&] {
        training.step(places, [&](const ForwardState& state) {
            const Variable logits =
                bench.model->decode(target, lengths, bench.model->encode(source, lengths, state), lengths, state);
            return cross_entropy(reshape(logits, {places, bench.vocabulary}), wanted, 0.1f);
        });
    });
}

/// Translates a batch, by sentences that all get as many tokens.
void bench_decoding(const TextBenchSettings& settings, const AttentionChoice& attention, int64_t beam) {
    Context context(settings.device);
    context.device().set_precision(settings.precision);
    const TextBenchTranslator bench(settings, attention);
    const int64_t batch = settings.batch > 0 ? settings.batch : beam == 1 ? 64 : 16;
    ParameterStore store(context, *bench.model, 0);
    const NoGradient guard(context);
    const Tensor source = random_ids(context, batch, bench.tokens, bench.vocabulary, "source");
    const Tensor lengths = all_of_length(context, batch, bench.tokens);
    BeamSearchOptions options;
    options.beam = beam;
    options.min_length = options.max_length = bench.tokens - 1;  // and the end
    const std::vector<int64_t> source_lengths(static_cast<size_t>(batch), bench.tokens);
    const StepWork work{batch, static_cast<double>(batch), 0, "sentences"};
    measure_steps(settings, beam == 1 ? "greedy" : "beam", context, work, [&] {
        TranslatorSteps steps(*bench.model, bench.model->encode(source, lengths, {}).value(), lengths, bench.vocabulary,
                              bench.tokens);
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
    const option options[] = {
        {"task", required_argument, nullptr, 'k'},      {"size", required_argument, nullptr, 'z'},
        {"device", required_argument, nullptr, 'e'},    {"precision", required_argument, nullptr, 'p'},
        {"attention", required_argument, nullptr, 'a'}, {"batch", required_argument, nullptr, 'b'},
        {"tokens", required_argument, nullptr, 'n'},    {"threads", required_argument, nullptr, 't'},
        {"seconds", required_argument, nullptr, 's'},   {nullptr, 0, nullptr, 0}};
    TextBenchSettings settings;
    for (int letter = 0; (letter = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
        if (letter == 'k') settings.task = optarg;
        if (letter == 'z') settings.size = optarg;
        if (letter == 'e') settings.device = optarg;
        if (letter == 'p') settings.precision = precision_of(optarg);
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
    if (settings.size != "small" && settings.size != "base") {
        throw UserError("expected --size small or base, got '" + settings.size + "'");
    }
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
    return heed::bench_main([&] { heed::run_text_benches(heed::text_bench_arguments(argc, argv)); });
}
