#include "heed/apps/arguments/comparison_arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "heed/apps/arguments/arguments.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"

namespace heed {

ComparisonArguments::ComparisonArguments(CLI::App& app) {
    CLI::App* compare = add_command(
        app, "compare", "train a recipe with several attention types and seeds, or lay finished runs side by side");
    add_files(compare, compare_.targets, compare_.overrides, "a recipe file, or the folders of finished runs",
              overrides_help);
    compare->add_option("--attention", types_,
                        "attention types, such as sdpa,local (default: softmax attention in its forms, sdpa to smyrf)");
    compare->add_option("--seeds", seeds_, "seeds for each, from train.seed on (default: 5)");
    compare->add_option("--jobs", jobs_,
                        "trainings beside each other, which share the threads (default: 1); their times then tell "
                        "nothing");
    compare->add_option("--baseline", compare_.baseline, "type that the others are compared with (default: sdpa)");
    compare->add_option(
        "--metric", compare_.metric,
        "of the test set (default: accuracy, micro_f1 of several labels, bleu of translations, rouge1 of summaries)");
    compare->add_option("--margin", margin_,
                        "difference that is too small to matter, in percentage points or in the metric's own unit "
                        "(default: 1; 0.02 of a loss)");
    compare
        ->add_option("--grid", compare_.grid,
                     "values of a setting out of which each type gets its own, by validation (several settings: a "
                     "--grid each)")
        ->type_name("KEY=VALUE,...")
        ->allow_extra_args(false);
    compare->add_option("--grid-seeds", grid_seeds_, "seeds with which each of these is tried (default: 1)");
    compare->add_option("--match", compare_.match, "parameters or multiplies: every type gets as many as the baseline");
    compare->add_option("--match-by", compare_.match_by, "setting that is changed for it")->capture_default_str();
    compare->add_option("--claims", compare_.claims,
                        "file of claims to judge (default: each type is at least as good as the baseline)");
    compare->add_option("--name", compare_.name, "of the comparison: its folder is runs/compare/NAME");
    compare->add_option("--dir", compare_.folder, "its folder (default: runs/compare/ and the recipe's name)");

    CLI::App* reproduce =
        add_command(app, "reproduce", "compare attention types as a publication did, and judge its claims");
    reproduce->add_option("experiment", reproduce_.experiment, "mnist, cifar100, imdb or en_es")->required();
    reproduce->add_option("settings", reproduce_.overrides, overrides_help);
    reproduce->add_flag("--quick", reproduce_.quick, "a small size, for some minutes (else hours)");
    reproduce->add_option("--seeds", seeds_, "seeds for each type (default: as the experiment says)");
    reproduce->add_option("--jobs", jobs_, "trainings beside each other (default: 1)");
    reproduce->add_option("--dir", reproduce_.folder, "folder (default: runs/reproduce/ and its name)");

    CLI::App* cab = add_command(app, "cab", "benchmark attention types in every pattern, with several tasks and seeds");
    cab->add_option("grid", cab_.grid,
                    "file of tasks, types and seeds, or the name of one that comes with heed (quick)");
    cab->add_flag("--list", cab_.list, "show the cells, which of them are empty and why, and what is left to be done");
    cab->add_option("--jobs", jobs_, "trainings beside each other, which share the threads (default: 1)");
    cab->add_option("--from", cab_.from, "score the raw values of a CSV file, without training");
    cab->add_option("--cohorts", cab_.cohorts, "CSV file of the cohorts to score by (default: those of the values)");
    cab->add_option(
           "--bench", cab_.bench,
           "costs beside the quality, of a file of heed bench attention --json (several files: a --bench each)")
        ->type_name("FILE")
        ->allow_extra_args(false);
    cab->add_option("--baseline", cab_.baseline, "of --from: type that the others are compared with (default: sdpa)");
    cab->add_option("--dir", cab_.folder, "folder (default: runs/cab/ and the grid's name; with --from: none)");
}

CompareCommand ComparisonArguments::checked_compare() {
    if (compare_.targets.empty()) {
        throw UserError(error_of_command("compare", "a recipe file or the folders of finished runs are needed"));
    }
    if (!types_.empty()) compare_.types = listed_values("--attention", types_);
    set_count("--seeds", seeds_, compare_.seeds);
    compare_.seeds_given = !seeds_.empty();
    set_count("--jobs", jobs_, compare_.jobs);
    set_count("--grid-seeds", grid_seeds_, compare_.grid_seeds);
    for (const std::string& grid : compare_.grid) {
        if (is_setting(grid)) continue;
        throw UserError("--grid expects KEY=VALUE,VALUE such as optimizer.lr=1e-3,2e-3, got " + quote(grid));
    }
    const std::vector<std::string> sizes = {"parameters", "multiplies"};
    if (!compare_.match.empty() && std::find(sizes.begin(), sizes.end(), compare_.match) == sizes.end()) {
        throw UserError("--match expects parameters or multiplies, got " + quote(compare_.match) +
                        did_you_mean(compare_.match, sizes));
    }
    if (double margin = 0.0; !margin_.empty()) {
        if (!parse_double(margin_, margin) || margin < 0.0) {
            throw UserError("--margin expects a number from 0 on, got " + quote(margin_));
        }
        compare_.margin = margin;
    }
    if (!compare_.name.empty() && !compare_.folder.empty()) {
        throw UserError("--name and --dir exclude each other: both say where the comparison goes");
    }
    if (compare_.name.find('/') != std::string::npos) {
        throw UserError("--name expects the name of a folder in runs/compare, got " + quote(compare_.name) +
                        " (--dir takes any path)");
    }
    return compare_;
}

CabCommand ComparisonArguments::checked_cab() {
    set_count("--jobs", jobs_, cab_.jobs);
    const auto refuse = [](bool given, const std::string& what) {
        if (given) throw UserError(error_of_command("cab", what));
    };
    refuse(cab_.grid.empty() && cab_.from.empty(), "a grid is needed, or --from with a file of values");
    refuse(!cab_.grid.empty() && !cab_.from.empty(), "--from scores values that are there and takes no grid");
    refuse(!cab_.from.empty() && cab_.list, "--list shows the cells of a grid, which --from has not");
    refuse(!cab_.from.empty() && cab_.jobs > 1, "--jobs has no effect on values that are there");
    refuse(cab_.list && !cab_.bench.empty(), "--bench goes into a report, which --list does not write");
    refuse(cab_.from.empty() && !cab_.baseline.empty(), "--baseline goes with --from; a grid names its own");
    return cab_;
}

std::optional<Command> ComparisonArguments::command(const std::string& name, const std::string& text) {
    compare_.text = reproduce_.text = cab_.text = text;
    if (name == "compare") return checked_compare();
    if (name == "cab") return checked_cab();
    if (name == "reproduce") {
        if (!seeds_.empty()) set_count("--seeds", seeds_, reproduce_.seeds.emplace(1));
        set_count("--jobs", jobs_, reproduce_.jobs);
        return reproduce_;
    }
    return std::nullopt;
}

}  // namespace heed
