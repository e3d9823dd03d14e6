#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "heed/apps/command_line.h"
#include "heed/trainers/loop/evaluation.h"

namespace heed {

/// A model as it was measured at one place of a sweep.
struct SweepRow {
    std::vector<std::string> cells;  ///< that name the place, under the headings of the table
    double value = 0.0;              ///< of the place, for the picture
    nlohmann::ordered_json facts;    ///< the place, for programs
    Evaluation result;
};

/// A trained model measured at several places without training.
struct SweepTable {
    std::string title;                  ///< "runs/a/1: SMYRF without training"
    std::string text;                   ///< what was measured: "6735 sentences of validation, up to 128 tokens"
    std::vector<std::string> headings;  ///< of the cells
    std::string axis;                   ///< what the values are; empty: no picture, as they are no positive numbers
    std::vector<SweepRow> rows;
};

/// With ever fewer scores, by SMYRF in the place of sdpa.
SweepTable sweep_scores(const SweepCommand& command);

/// With each value of the setting that `command.over` names. Throws UserError where it has no effect on evaluations.
SweepTable sweep_setting(const SweepCommand& command);

}  // namespace heed
