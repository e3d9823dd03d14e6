#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/recipe/recipe.h"
#include "heed/trainers/report/charts/history.h"

namespace heed {

/// What a finished run has written down. Numbers that older runs do not tell are missing.
struct RunResult {
    std::string folder;
    std::string attention;  ///< in words, as attention_text
    int64_t seed = 0;
    std::shared_ptr<const Recipe> recipe;
    SharedFacts data;
    History history;
    std::map<std::string, double> test;  ///< metrics by name; empty where the test set was not read
    std::optional<int64_t> steps = {}, parameters = {}, attention_parameters = {}, tokens = {}, multiplies = {};
    double training_seconds = 0.0;                 ///< in steps
    std::optional<int64_t> peak_bytes = {};        ///< of the process, or else of its tensors
    std::optional<double> inference_seconds = {};  ///< a sample; measured by whoever compares
};

/// Reads the folder of a run. Throws UserError where it holds none that has finished, or not all that a run writes.
RunResult read_run_result(const std::string& folder);

/// Results of runs by their folders, each read when it is first asked for.
class RunResults {
public:
    /// Throws UserError as read_run_result does.
    RunResult& of(const std::string& folder);
    /// The next time it is read anew.
    void forget(const std::string& folder) { known_.erase(folder); }

private:
    std::map<std::string, RunResult> known_;
};

/// Throws UserError, naming two runs and what differs, where not all have learnt from the same data, split alike, and
/// have the same test set.
void check_comparable(const std::vector<RunResult>& runs);

}  // namespace heed
