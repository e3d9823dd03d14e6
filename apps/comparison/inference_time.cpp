#include "heed/apps/comparison/inference_time.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/apps/support/measured_data.h"
#include "heed/attention/attention.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

InferenceTime inference_time(const std::string& run, int64_t threads) {
    constexpr double enough = 1.0;  // seconds
    constexpr int most_passes = 5;
    SavedModel saved = load_saved_model(run, with_data_folder(run, {fmt::format("threads={}", threads)}));
    const std::unique_ptr<Workload> workload = saved.trained.facts->kind().open(saved.trained, *saved.context);
    Task& task = workload->task();
    const Split split = task.samples(Split::validation) > 0 ? Split::validation : Split::test;
    double fastest = 0.0, sum = 0.0;
    for (int pass = 0; pass == 0 || (pass < most_passes && sum < enough); ++pass) {
        const double seconds = task.evaluate(split).seconds;
        sum += seconds;
        fastest = pass == 0 ? seconds : std::min(fastest, seconds);
    }
    return {fastest / static_cast<double>(task.samples(split)),
            attention_remark(*saved.trained.model, workload->most_tokens())};
}

}  // namespace heed
