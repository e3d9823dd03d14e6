#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "heed/trainers/report/charts/history.h"
#include "heed/trainers/run/run_folder.h"

namespace heed {

/// The result of a run, at the top of its page: "89.64 %" "test accuracy on 10,000 images, loss 0.4".
struct ReportResult {
    std::string value, text;
};

/// What a report is made from.
struct ReportInput {
    RunPaths paths;
    std::string title;
    History history = {};
    std::string unit;  ///< what the samples of the history are: "images"
    std::optional<ReportResult> result = {};
    std::vector<std::pair<std::string, std::string>> facts = {};  ///< label and value, shown at the top
    std::vector<std::string> sections = {};                       ///< HTML of what only one kind of training has
    std::string end = {};                                         ///< of the run, where it was no success; a sentence
    std::vector<std::string> left_out = {};                       ///< and why, a sentence each
    std::vector<std::pair<std::string, std::string>> settings = {};  ///< that are not the defaults: key and value
    std::string recipe_yaml = {};
};

/// One HTML page that needs no other file and no network: result, curves, speed and memory, the sections given,
/// provenance, recipe.
std::string report_html(const ReportInput& input);

/// Writes it into the run folder, atomically. Errors as of write_file_atomically.
void write_report(const ReportInput& input);

}  // namespace heed
