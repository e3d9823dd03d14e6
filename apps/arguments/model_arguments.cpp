#include "heed/apps/arguments/model_arguments.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <algorithm>

#include "heed/apps/arguments/arguments.h"
#include "heed/core/error.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/kinds/command_settings.h"

namespace heed {

namespace {

/// "50,25,12.5"
std::vector<double> percents(const std::string& text) {
    std::vector<double> numbers;
    for (size_t at = 0; at <= text.size();) {
        const size_t end = std::min(text.find(',', at), text.size());
        double number = 0.0;
        if (!parse_double(text.substr(at, end - at), number) || !(number > 0 && number <= 100)) {
            throw UserError("--scores expects percentages above 0 and up to 100, such as 50,25, got " + quote(text));
        }
        numbers.push_back(number);
        at = end + 1;
    }
    return numbers;
}

}  // namespace

ModelArguments::ModelArguments(CLI::App& app) {
    CLI::App* eval = add_command(app, "eval", "measure a trained model on a split of its data");
    eval->add_option("target", eval_.target, target_help)->required();
    eval->add_option("settings", eval_.overrides, command_settings_help("eval"));
    eval->add_option("--split", eval_.split, "train, validation or test")->capture_default_str();
    eval->add_option("--against", eval_.against,
                     "another run or checkpoint with classes, measured on the same samples: the paired difference");
    eval->add_flag("--json", eval_.json, "print one JSON object");

    CLI::App* sweep = add_command(
        app, "sweep", "measure a trained model over a setting's values, or with ever fewer scores, without training");
    sweep->add_option("target", sweep_.target, target_help)->required();
    sweep->add_option("settings", sweep_.overrides, command_settings_help("sweep"));
    sweep->add_option("--over", sweep_.over,
                      "a setting of heed eval and its values: data.eval_context=128,256,512, decoding.beam=1,4");
    sweep->add_option("--scores", scores_,
                      "percentages of the scores, beside all of them, by SMYRF (default: 50,25,12.5)");
    sweep->add_option("--rounds", rounds_, "hash rounds of SMYRF (default: 2)");
    sweep->add_option("--split", sweep_.split, "train, validation or test")->capture_default_str();
    sweep->add_flag("--json", sweep_.json, "print one JSON object a line");
    sweep->add_option("--page", sweep_.page, "write table and picture into a file that ends in .html");

    CLI::App* convert =
        add_command(app, "convert", "put another attention into a trained model, as near to the old as weights go");
    convert->add_option("target", convert_.target, target_help)->required();
    convert->add_option("settings", convert_.overrides, command_settings_help("convert"));
    convert->add_option("--to", convert_.to, "checkpoint that is written, a file that ends in .safetensors");
    convert->add_flag("--sensitivity", convert_.sensitivity,
                      "swap one layer at a time and show what it costs and saves, on validation samples");
    convert->add_option("--budget", budget_,
                        "with --sensitivity: name (and with --to write) the set of layers that brings all attention "
                        "to this percentage of its multiply-adds with the least damage");
    convert->add_flag("--json", convert_.json, "print one JSON object");
}

ConvertCommand ModelArguments::checked_convert() {
    if (!budget_.empty()) {
        std::string number = budget_;
        if (number.ends_with('%')) number.pop_back();
        double percent = 0.0;
        if (!parse_double(number, percent) || !(percent > 0 && percent < 100)) {
            throw UserError("--budget expects a percentage above 0 and below 100, such as 75%, got " + quote(budget_));
        }
        convert_.budget = percent / 100;
    }
    if (convert_.budget && !convert_.sensitivity) throw UserError("--budget needs --sensitivity");
    if (convert_.to.empty() && !convert_.sensitivity) {
        throw UserError("heed convert needs --to FILE.safetensors, the checkpoint that it writes");
    }
    if (!convert_.to.empty() && convert_.sensitivity && !convert_.budget) {
        throw UserError("--to has no effect with --sensitivity unless a --budget says which layers are swapped");
    }
    if (!convert_.to.empty() && !convert_.to.ends_with(".safetensors")) {
        throw UserError("--to expects a file that ends in .safetensors, got " + quote(convert_.to));
    }
    return convert_;
}

std::optional<Command> ModelArguments::command(const std::string& name) {
    if (name == "eval") {
        check_split(eval_.split);
        return eval_;
    }
    if (name == "sweep") {
        check_split(sweep_.split);
        // By hand: of several that exclude one, CLI11's help has another order in every process.
        if (!sweep_.over.empty() && !(scores_.empty() && rounds_.empty())) {
            throw UserError(
                fmt::format("{} is of the sweep over SMYRF's scores and --over of another: expected one of them",
                            scores_.empty() ? "--rounds" : "--scores"));
        }
        if (!scores_.empty()) sweep_.percents = percents(scores_);
        set_count("--rounds", rounds_, sweep_.rounds);
        if (!sweep_.page.empty()) check_page("--page", sweep_.page);
        return sweep_;
    }
    if (name == "convert") return checked_convert();
    return std::nullopt;
}

}  // namespace heed
