#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "heed/trainers/comparison/report/comparison_text.h"
#include "heed/trainers/profile/training_profile.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr const char* nothing_to_show = "";

std::string rate_text(double amount, double seconds, double unit) {
    if (!(amount > 0.0) || !(seconds > 0.0)) return nothing_to_show;
    return fmt::format("{:.1f}", amount / seconds / unit);
}

/// "forward", "backward", or "update" of what changes the weights.
const char* pass_of(const OpCost& op) {
    if (op.op == "optimizer" || op.op == "gradient_norm") return "update";
    return op.backward ? "backward" : "forward";
}

nlohmann::ordered_json rate_json(double amount, double seconds) {
    if (!(amount > 0.0) || !(seconds > 0.0)) return nullptr;
    return amount / seconds;
}

}  // namespace

std::string training_profile_text(const TrainingProfile& profile) {
    const auto steps = static_cast<double>(profile.steps);
    std::string text;
    for (const auto& [name, value] : profile.facts) text += fmt::format("{:<7} {}\n", name, value);
    text += fmt::format("{:<7} {:.1f} billion multiply-adds a second in a large matrix product\n", "peak",
                        1e-9 * profile.peak_rate);
    text += fmt::format("{:<7} {} a step\n\n", "time", short_time_text(profile.seconds / steps));
    TextTable table = {{"op", "", "calls", "time", "share", "GMA/s", "of peak", "moved", "GB/s"}};
    for (const OpCost& op : profile.ops) {
        const bool multiplies = op.multiplies > 0.0 && op.seconds > 0.0 && profile.peak_rate > 0.0;
        table.push_back({op.op, pass_of(op), fmt::format("{:g}", static_cast<double>(op.calls) / steps),
                         short_time_text(op.seconds / steps), percent_text(op.seconds / profile.seconds, 1),
                         rate_text(op.multiplies, op.seconds, 1e9),
                         multiplies ? percent_text(op.multiplies / op.seconds / profile.peak_rate, 1) : nothing_to_show,
                         bytes_text(static_cast<int64_t>(op.bytes / steps)), rate_text(op.bytes, op.seconds, 1e9)});
    }
    for (const auto& [name, seconds] :
         {std::pair("waiting for data", profile.data_wait), std::pair("rest", profile.rest())}) {
        table.push_back({name, "", "", short_time_text(seconds / steps), percent_text(seconds / profile.seconds, 1), "",
                         "", "", ""});
    }
    text += aligned(table);
    return text +
           "\nCalls, time and what is moved are of a step. An op's time is without that of ops within it; GMA/s: "
           "billion "
           "multiply-adds a second; moved: the tensors that an op reads and writes, each once, whole. Rest: what is "
           "done outside of ops.\n";
}

std::string training_profile_json(const TrainingProfile& profile) {
    nlohmann::ordered_json json;
    for (const auto& [name, value] : profile.facts) json["facts"][name] = value;
    json["steps"] = profile.steps;
    json["seconds"] = profile.seconds;
    json["data_wait"] = profile.data_wait;
    json["rest"] = profile.rest();
    json["peak_multiplies_per_second"] = profile.peak_rate;
    json["ops"] = nlohmann::ordered_json::array();
    for (const OpCost& op : profile.ops) {
        json["ops"].push_back({{"op", op.op},
                               {"pass", pass_of(op)},
                               {"calls", op.calls},
                               {"seconds", op.seconds},
                               {"share", op.seconds / profile.seconds},
                               {"multiplies", op.multiplies},
                               {"multiplies_per_second", rate_json(op.multiplies, op.seconds)},
                               {"bytes", op.bytes},
                               {"bytes_per_second", rate_json(op.bytes, op.seconds)}});
    }
    return json.dump(2) + "\n";
}

}  // namespace heed
