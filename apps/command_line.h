#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "heed/trainers/explanation/explanation.h"
#include "heed/trainers/kinds/requests.h"

namespace heed {

struct TrainCommand {
    std::string recipe;
    std::vector<std::string> overrides;
    bool resume = false;
    std::vector<std::string> changes;  ///< of a resumed run
};

struct FinetuneCommand {
    std::string target;  ///< run folder or checkpoint
    std::string recipe;  ///< of what it becomes; empty: that of its own training
    std::vector<std::string> overrides;
    std::vector<std::string> only;  ///< parts of the names of the parameters that are trained; empty: all are
};

struct EvalCommand {
    std::string target;  ///< run folder or checkpoint
    std::vector<std::string> overrides;
    std::string split = "test";
    std::string against;  ///< another run or checkpoint, measured on the same samples; empty: none
    bool json = false;
};

struct SweepCommand {
    std::string target;  ///< run folder or checkpoint
    std::vector<std::string> overrides;
    std::string over;                               ///< "KEY=VALUE,VALUE": a setting; empty: scores
    std::vector<double> percents = {50, 25, 12.5};  ///< of the scores, beside all of them
    int64_t rounds = 2;
    std::string split = "validation";
    bool json = false;
    std::string page;  ///< file for the picture; empty: none
};

struct CompareCommand {
    std::string text;                  ///< of the whole command, as it was given
    std::vector<std::string> targets;  ///< a recipe, or finished runs
    std::vector<std::string> overrides;
    std::vector<std::string> types;  ///< empty: all attention types
    int64_t seeds = 5;
    bool seeds_given = false;
    int64_t jobs = 1;
    std::string baseline;           ///< empty: sdpa where it is among them, else the first
    std::string metric;             ///< empty: that of the kind
    std::optional<double> margin;   ///< in the unit of the metric
    std::vector<std::string> grid;  ///< "optimizer.lr=1e-3,2e-3"
    int64_t grid_seeds = 1;         ///< with which each value of the grid is tried
    std::string match;              ///< parameters or multiplies; empty: sizes are as they are
    std::string match_by = "model.mlp_dim";
    std::string claims;        ///< file; empty: that each type is no worse than the baseline
    std::string name, folder;  ///< of the comparison; empty: as the recipe
};

struct ConvertCommand {
    std::string target;  ///< run folder or checkpoint
    std::vector<std::string> overrides;
    std::string to;  ///< checkpoint that is written; empty with sensitivity: none
    bool sensitivity = false;
    std::optional<double> budget;  ///< share of the attention's multiply-adds
    bool json = false;
};

struct ReproduceCommand {
    std::string text;  ///< of the whole command, as it was given
    std::string experiment;
    std::vector<std::string> overrides;
    bool quick = false;
    std::optional<int64_t> seeds;  ///< else as the experiment says
    int64_t jobs = 1;
    std::string folder;  ///< empty: runs/reproduce/ and the name of the experiment
};

struct CabCommand {
    std::string text;                ///< of the whole command, as it was given
    std::string grid;                ///< file, or the name of one that comes with Heed
    bool list = false;               ///< the cells alone
    std::string from;                ///< file of raw values to score in the place of a grid; empty: none
    std::string cohorts;             ///< file of the cohorts to score by; empty: the values' own
    std::string baseline;            ///< of such values; empty: sdpa
    std::vector<std::string> bench;  ///< files of heed bench attention --json with costs; empty: none are told
    int64_t jobs = 1;
    std::string folder;  ///< empty: runs/cab/ and the name of the grid; of values: none is written
};

struct PredictCommand {
    std::string target;
    std::vector<std::string> overrides;
    PredictRequest request;
};

struct TranslateCommand {
    std::string target;
    std::vector<std::string> overrides;
    TranslateRequest request;
};

struct GenerateCommand {
    std::string target;
    std::vector<std::string> overrides;
    GenerateRequest request;
};

struct ScoreCommand {
    std::string target;
    std::vector<std::string> overrides;
    ScoreRequest request;
};

struct ExplainCommand {
    std::string target;
    std::vector<std::string> overrides;
    SampleRequest request;
    ExplainOptions options;
    bool json = false;
    std::string page;  ///< empty: none
};

struct BenchAttentionCommand {
    std::vector<std::string> settings;
    std::string json, csv, page;  ///< files; empty: none
};

struct BenchProfileCommand {
    std::string recipe;
    std::vector<std::string> overrides;
    int64_t steps = 20;
    int64_t warm_up = 3;
    std::string json;  ///< file; empty: none
};

struct CheckCommand {
    std::string recipe;
    std::vector<std::string> overrides;
    bool data = false;  ///< open the data, too
};

struct ImportCommand {
    std::string folder;  ///< with config.json and model.safetensors
    std::string to;      ///< empty: runs/NAME
};

struct ExportCommand {
    std::string target;  ///< run folder or checkpoint
    std::string folder;  ///< to be made
    bool without_head = false;
};

struct InfoCommand {
    std::string target;
};

struct ReportCommand {
    std::string target;  ///< run folder
    std::vector<std::string> overrides;
};

struct DataCommand {
    std::string action;  ///< list, get or info
    std::vector<std::string> names;
    std::string to;       ///< empty: the first place where data sets are looked for
    std::string mirror;   ///< empty: HEED_DATA_MIRROR, or the official addresses
    int64_t timeout = 0;  ///< seconds; 0: as usual
    bool verify = false;
    bool json = false;
};

/// A command as the completion of a shell knows it.
struct CommandOutline {
    std::string name;
    std::string summary;
    std::vector<std::string> options;  ///< with their dashes
    bool takes_settings = false;       ///< key=value of a recipe
};

struct CompletionCommand {
    std::string shell;
    std::vector<CommandOutline> commands;
};

/// Shells that completion is written for.
const std::vector<std::string>& completion_shells();

/// Something to print: a help text, the recipe reference.
struct ShowText {
    std::string text;
};

struct ShowVersion {};

using Command =
    std::variant<TrainCommand, EvalCommand, SweepCommand, CompareCommand, ReproduceCommand, CabCommand, PredictCommand,
                 TranslateCommand, GenerateCommand, ScoreCommand, ExplainCommand, BenchAttentionCommand,
                 BenchProfileCommand, CheckCommand, ImportCommand, ExportCommand, InfoCommand, ReportCommand,
                 DataCommand, CompletionCommand, ConvertCommand, FinetuneCommand, ShowText, ShowVersion>;

/// What the arguments (without the program's name) ask for. Throws UserError, with the nearest name, when they make no
/// command.
Command parse_command_line(const std::vector<std::string>& arguments);

}  // namespace heed
