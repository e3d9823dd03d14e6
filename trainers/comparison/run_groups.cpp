#include "heed/trainers/comparison/run_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"

namespace heed {

namespace {

using Values = std::map<std::string, std::string>;

/// What a run is, without where it lies, how it was made, and the seed that tells it from others of its kind.
Values values_of_run(const RunResult& run) {
    Values values;
    for (const Setting& setting : run.recipe->explain()) {
        const std::string& key = setting.key;
        if (key == "train.seed" || key == "threads" || key == "data.root" || key == "train.test") continue;
        if (!key.starts_with("run.")) values[key] = setting.value;
    }
    return values;
}

/// Keys whose values are not the same in all.
std::set<std::string> differing_keys(const std::vector<Values>& all) {
    std::set<std::string> keys;
    for (const Values& values : all) {
        for (const auto& [key, value] : values) {
            const auto same = [&, text = value, name = key](const Values& other) {
                const auto found = other.find(name);
                return found != other.end() && found->second == text;
            };
            if (!std::all_of(all.begin(), all.end(), same)) keys.insert(key);
        }
    }
    return keys;
}

std::string settings_text(const Values& values, const std::set<std::string>& keys) {
    std::string text;
    for (const std::string& key : keys) {
        const auto found = values.find(key);
        if (found != values.end()) text += (text.empty() ? "" : ", ") + key + "=" + found->second;
    }
    return text;
}

/// Gives contenders with the same attention names that tell them apart.
void name_apart(std::vector<Contender>& contenders, const std::vector<Values>& values) {
    for (const Contender& contender : contenders) {
        const std::string attention = contender.runs.front().attention;
        std::vector<size_t> alike;
        std::vector<Values> of_alike;
        for (size_t i = 0; i < contenders.size(); ++i) {
            if (contenders[i].runs.front().attention != attention) continue;
            alike.push_back(i);
            of_alike.push_back(values[i]);
        }
        if (alike.size() < 2) continue;
        const std::set<std::string> keys = differing_keys(of_alike);
        for (const size_t i : alike) contenders[i].name = attention + " (" + settings_text(values[i], keys) + ")";
    }
}

}  // namespace

std::vector<Contender> group_runs(std::vector<RunResult> runs) {
    std::vector<Contender> contenders;
    std::vector<Values> values;
    for (RunResult& run : runs) {
        const Values own = values_of_run(run);
        const auto found = std::find(values.begin(), values.end(), own);
        const auto index = static_cast<size_t>(found - values.begin());
        if (found == values.end()) {
            values.push_back(own);
            contenders.push_back({.name = run.attention, .settings = {}, .runs = {}});
        }
        std::vector<RunResult>& group = contenders[index].runs;
        for (const RunResult& other : group) {
            if (other.seed != run.seed) continue;
            throw UserError(fmt::format("{} and {} have the same settings and the same seed ({}): expected each once",
                                        other.folder, run.folder, run.seed));
        }
        group.push_back(std::move(run));
    }
    for (Contender& contender : contenders) {
        std::sort(contender.runs.begin(), contender.runs.end(),
                  [](const RunResult& a, const RunResult& b) { return a.seed < b.seed; });
    }
    name_apart(contenders, values);
    return contenders;
}

std::string other_differences(const std::vector<Contender>& contenders) {
    std::vector<Values> values;
    for (const Contender& contender : contenders) values.push_back(values_of_run(contender.runs.front()));
    std::set<std::string> keys = differing_keys(values);
    std::erase_if(keys, [](const std::string& key) { return key.starts_with("attention."); });
    if (keys.empty()) return "";
    std::string text = "They differ in more than attention: ";
    for (size_t i = 0; i < contenders.size(); ++i) {
        text += fmt::format("{}{} has {}", i == 0 ? "" : "; ", contenders[i].name, settings_text(values[i], keys));
    }
    return text + ".";
}

}  // namespace heed
