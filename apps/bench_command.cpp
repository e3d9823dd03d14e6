#include <fmt/core.h>

#include <cstdio>

#include "heed/apps/commands.h"
#include "heed/core/files/atomic_file.h"
#include "heed/trainers/benchmark/attention_benchmark.h"
#include "heed/trainers/benchmark/attention_benchmark_json.h"
#include "heed/trainers/benchmark/attention_benchmark_page.h"
#include "heed/trainers/benchmark/attention_benchmark_text.h"
#include "heed/trainers/profile/training_profile.h"
#include "heed/trainers/report/text.h"

namespace heed {

int run(const BenchAttentionCommand& command) {
    const AttentionBenchmarkPlan plan = attention_benchmark_plan(command.settings);
    for (const std::string& file : {command.json, command.csv, command.page}) {
        if (!file.empty()) check_writable(file);
    }
    const AttentionBenchmark benchmark = measure_attention(plan, [](AttentionPattern pattern, int64_t length) {
        fmt::print(stderr, "{}, {} tokens\n", attention_pattern_name(pattern), group_digits(length));
    });
    fmt::print("{}", attention_benchmark_text(benchmark));
    if (!command.json.empty()) write_file_atomically(command.json, attention_benchmark_json(benchmark));
    if (!command.csv.empty()) write_file_atomically(command.csv, attention_benchmark_csv(benchmark));
    if (!command.page.empty()) write_file_atomically(command.page, attention_benchmark_page(benchmark));
    return 0;
}

int run(const BenchProfileCommand& command) {
    if (!command.json.empty()) check_writable(command.json);
    const TrainingProfile profile =
        profile_training({command.recipe, command.overrides, command.steps, command.warm_up});
    fmt::print("{}", training_profile_text(profile));
    if (!command.json.empty()) write_file_atomically(command.json, training_profile_json(profile));
    return 0;
}

}  // namespace heed
