// Time of a training step (forward, backward, AdamW) of the vision transformer on random data.
//
//   bench_training_step [--cfg mnist|cifar|tiny16|vit_b16] [--device NAME] [--precision f32|tf32|bf16] [--batch N]
//                       [--attention NAME] [--threads N] [--seconds S] [--dropout P] [--tag TEXT] [--once]
//
// Without --cfg the three sizes for a processor run. One JSON line a size: the median and the best over chunks of about
// a quarter of a second, on the clock ("ms", "best_ms") and as processor time of the main thread ("main_ms") and of all
// threads ("cpu_ms"), and the median processor time of the main thread in each part. Every step ends with its loss on
// the host, so that a device has done all of it. --once: two steps and no figures, for a profiler. compare.py in
// pytorch/ holds it against the same model in PyTorch.

#include <fmt/format.h>
#include <getopt.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench_main.h"
#include "heed/core/cpu/isa.h"
#include "heed/core/device/context.h"
#include "heed/core/error.h"
#include "heed/core/module/parameter_store.h"
#include "heed/core/ops/losses/cross_entropy.h"
#include "heed/core/parallel.h"
#include "heed/core/random/random.h"
#include "heed/layers/models/vit.h"
#include "heed/trainers/optimizers/adam.h"
#include "precision_option.h"

namespace heed {
namespace {

struct Size {
    const char* name;
    int64_t image, channels, patch, dim, heads, depth, mlp_dim, classes, batch;
};

constexpr Size sizes[] = {
    {"mnist", 28, 1, 4, 128, 4, 4, 256, 10, 64},
    {"cifar", 32, 3, 4, 256, 8, 6, 512, 10, 64},
    {"tiny16", 224, 3, 16, 192, 3, 12, 768, 1000, 16},
    {"vit_b16", 224, 3, 16, 768, 12, 12, 3072, 1000, 128},
};
constexpr std::string_view largest = "vit_b16";  ///< too much for a processor, unless asked for

struct Settings {
    std::string size;
    std::string device = "cpu";
    Precision precision = Precision::f32;
    int64_t batch = 0;
    std::string attention = "sdpa";
    double seconds = 3.0;
    double dropout = 0.0;
    std::string tag;
    bool once = false;
};

double clock_seconds(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const size_t half = values.size() / 2;
    return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// The model, its data and its optimizer.
class Training {
public:
    Training(const Size& size, const Settings& settings)
        : context_(settings.device),
          batch_(settings.batch > 0 ? settings.batch : size.batch),
          type_(attention_type(settings.attention)) {
        context_.device().set_precision(settings.precision);
        VitOptions options;
        options.dim = size.dim;
        options.heads = size.heads;
        options.depth = size.depth;
        options.mlp_dim = size.mlp_dim;
        options.patch = size.patch;
        options.dropout = settings.dropout;
        attention_options_ = type_.make_options();
        const auto& attention = dynamic_cast<const AttentionOptions&>(*attention_options_);
        model_ = make_vit(options, {&type_, &attention}, {size.channels, size.image, size.image, size.classes});
        store_ = std::make_unique<ParameterStore>(context_, *model_, 0);
        AdamWOptions adamw;
        adamw.weight_decay = 0.01;
        optimizer_ = adamw.make_optimizer(*store_);
        RandomSequence random(random_key(0, RandomPurpose::augmentation, "images"));
        std::vector<float> images(static_cast<size_t>(batch_ * size.channels * size.image * size.image));
        for (float& value : images) value = random.normal();
        std::vector<int32_t> labels(static_cast<size_t>(batch_));
        for (int32_t& label : labels) label = static_cast<int32_t>(random.below(static_cast<uint64_t>(size.classes)));
        images_ = Tensor::from_host(context_, {batch_, size.channels, size.image, size.image}, images);
        labels_ = Tensor::from_host(context_, {batch_}, labels);
    }

    /// One step; its parts are added to `parts`.
    void step() {
        const double start = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
        ForwardState state;
        state.training = true;
        state.step = static_cast<uint32_t>(steps_++);
        store_->begin_step();
        CrossEntropyResult loss = cross_entropy(model_->forward(images_, state), labels_, 0.0f);
        const double after_forward = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
        context_.tape().backward(loss.loss);
        context_.tape().clear();
        store_->finish_gradients();
        const double after_backward = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
        optimizer_->step(steps_, 1e-4, 1.0 / static_cast<double>(batch_));
        const double end = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
        forward.push_back(after_forward - start);
        backward.push_back(after_backward - after_forward);
        update.push_back(end - after_backward);
        if (!std::isfinite(loss.totals().loss)) throw Error("the loss is not a finite number");
    }

    /// Multiply-adds of a step: forward, and twice that backward.
    double multiplies() const { return 3.0 * static_cast<double>(batch_ * model_->multiplies()); }
    int64_t batch() const { return batch_; }
    int64_t parameters() { return model_->parameter_count(); }
    size_t peak_bytes() { return context_.allocator().peak_bytes(); }

    std::vector<double> forward, backward, update;  ///< seconds of the main thread in each step

private:
    Context context_;
    int64_t batch_;
    const AttentionType& type_;
    std::unique_ptr<Options> attention_options_;
    std::unique_ptr<ImageClassifier> model_;
    std::unique_ptr<ParameterStore> store_;
    std::unique_ptr<Optimizer> optimizer_;
    Tensor images_, labels_;
    int64_t steps_ = 0;
};

struct Times {
    std::vector<double> wall, main, cpu;  ///< seconds a step in each chunk
};

Times measure(Training& training, double seconds) {
    for (int i = 0; i < 3; ++i) training.step();
    double start = clock_seconds(CLOCK_MONOTONIC);
    training.step();
    const double once = clock_seconds(CLOCK_MONOTONIC) - start;
    const int chunk = std::max(1, static_cast<int>(0.25 / once));
    for (auto* part : {&training.forward, &training.backward, &training.update}) part->clear();
    Times times;
    start = clock_seconds(CLOCK_MONOTONIC);
    while (times.wall.size() < 3 || clock_seconds(CLOCK_MONOTONIC) - start < seconds) {
        const double wall = clock_seconds(CLOCK_MONOTONIC);
        const double main = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
        const double cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
        for (int i = 0; i < chunk; ++i) training.step();
        times.wall.push_back((clock_seconds(CLOCK_MONOTONIC) - wall) / chunk);
        times.main.push_back((clock_seconds(CLOCK_THREAD_CPUTIME_ID) - main) / chunk);
        times.cpu.push_back((clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / chunk);
    }
    return times;
}

void run(const Size& size, const Settings& settings) {
    const double created = clock_seconds(CLOCK_MONOTONIC);
    Training training(size, settings);
    training.step();
    const double first = clock_seconds(CLOCK_MONOTONIC) - created;
    if (settings.once) return training.step();
    const Times times = measure(training, settings.seconds);
    const double wall = median(times.wall);
    fmt::print(
        R"({{"bench": "vit", "cfg": "{}", "device": "{}", "precision": "{}", "attention": "{}", "batch": {}, "threads": {}, "isa": "{}", )"
        R"("ms": {:.5g}, "best_ms": {:.5g}, "main_ms": {:.5g}, "cpu_ms": {:.5g}, "best_cpu_ms": {:.5g}, )"
        R"("per_s": {:.5g}, "unit": "images", "gflops": {:.5g}, )"
        R"("parts_main_ms": {{"fwd": {:.5g}, "bwd": {:.5g}, "opt": {:.5g}}}, "first_s": {:.4g}, "params": {}, )"
        R"("peak_mb": {:.5g}, "tag": "{}"}})"
        "\n",
        size.name, settings.device, name_of(settings.precision), settings.attention, training.batch(), thread_count(),
        isa_name(active_isa()), wall * 1e3, *std::min_element(times.wall.begin(), times.wall.end()) * 1e3,
        median(times.main) * 1e3, median(times.cpu) * 1e3, *std::min_element(times.cpu.begin(), times.cpu.end()) * 1e3,
        static_cast<double>(training.batch()) / wall, 2e-9 * training.multiplies() / wall,
        median(training.forward) * 1e3, median(training.backward) * 1e3, median(training.update) * 1e3, first,
        training.parameters(), static_cast<double>(training.peak_bytes()) / (1 << 20), settings.tag);
    std::fflush(stdout);
}

int64_t positive_number(const char* option, const char* text) {
    char* end = nullptr;
    const int64_t value = std::strtoll(text, &end, 10);
    if (*end || end == text || value < 1) {
        throw UserError(std::string(option) + ": expected a positive number, got '" + text + "'");
    }
    return value;
}

double real_number(const char* option, const char* text) {
    char* end = nullptr;
    const double value = std::strtod(text, &end);
    if (*end || end == text || !(value >= 0)) {
        throw UserError(std::string(option) + ": expected a number from 0, got '" + text + "'");
    }
    return value;
}

Settings read_arguments(int argc, char** argv) {
    const option options[] = {
        {"cfg", required_argument, nullptr, 'c'},
        {"device", required_argument, nullptr, 'e'},
        {"precision", required_argument, nullptr, 'p'},
        {"batch", required_argument, nullptr, 'b'},
        {"attention", required_argument, nullptr, 'a'},
        {"threads", required_argument, nullptr, 't'},
        {"seconds", required_argument, nullptr, 's'},
        {"dropout", required_argument, nullptr, 'd'},
        {"tag", required_argument, nullptr, 'g'},
        {"once", no_argument, nullptr, 'o'},
        {nullptr, 0, nullptr, 0},
    };
    Settings settings;
    for (int letter = 0; (letter = getopt_long(argc, argv, "", options, nullptr)) != -1;) {
        if (letter == 'c') settings.size = optarg;
        if (letter == 'e') settings.device = optarg;
        if (letter == 'p') settings.precision = precision_of(optarg);
        if (letter == 'b') settings.batch = positive_number("--batch", optarg);
        if (letter == 'a') settings.attention = optarg;
        if (letter == 't') set_thread_count(static_cast<int>(positive_number("--threads", optarg)));
        if (letter == 's') settings.seconds = real_number("--seconds", optarg);
        if (letter == 'd') settings.dropout = real_number("--dropout", optarg);
        if (letter == 'g') settings.tag = optarg;
        if (letter == 'o') settings.once = true;
        if (letter == '?') throw UserError("the options are listed at the top of bench/training_step.cpp");
    }
    if (optind < argc) throw UserError(std::string("unexpected argument '") + argv[optind] + "'");
    return settings;
}

void run_all(const Settings& settings) {
    bool found = false;
    for (const Size& size : sizes) {
        if (settings.size.empty() ? size.name == largest : settings.size != size.name) continue;
        run(size, settings);
        found = true;
    }
    if (!found) throw UserError("expected --cfg mnist, cifar, tiny16 or vit_b16, got '" + settings.size + "'");
}

}  // namespace
}  // namespace heed

int main(int argc, char** argv) {
    return heed::bench_main([&] { heed::run_all(heed::read_arguments(argc, argv)); });
}
