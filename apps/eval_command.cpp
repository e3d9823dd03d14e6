#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"
#include "heed/apps/support/measured_data.h"
#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/evaluation_output.h"
#include "heed/trainers/kinds/command_settings.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/run/run_folder.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {
namespace {

/// Which samples were measured: a part of the run's own data, or others.
struct Measured {
    std::string split;                 ///< "test"; "other" where a test set was given
    std::string name;                  ///< of that; else empty
    std::vector<std::string> changed;  ///< parts of the data that are not those of the training
    std::string unit;                  ///< "images"
};

void print_json(const Measured& measured, const SavedModel& saved, const Evaluation& result) {
    const TrainedModel& trained = saved.trained;
    nlohmann::ordered_json json;
    json["split"] = measured.split;
    if (!measured.name.empty()) json["files"] = measured.name;
    if (!measured.changed.empty()) json["changed_data"] = measured.changed;
    if (!saved.trained_attention.empty()) {
        json["attention"] = attention_text(trained.recipe);
        json["trained_attention"] = saved.trained_attention;
    }
    json["step"] = trained.step;
    add_evaluation(json, result, trained.facts->class_names);
    print_json_line(json);
}

void print_text(const Measured& measured, const TrainedModel& trained, const Evaluation& result) {
    std::string of = measured.split;
    if (!measured.name.empty()) of = printable(measured.name) + " (not the test set of the run)";
    if (!measured.changed.empty()) of += " (of other data than those of the run)";
    fmt::print("{} {} of {}, model after step {}\n{}", result.count, measured.unit, of, trained.step,
               evaluation_text(result, trained.facts->class_names, measured.unit));
}

/// What stands in the place of the attention that the model was trained with, if anything does.
void print_replaced_attention(const SavedModel& saved, int64_t tokens) {
    if (saved.trained_attention.empty()) return;
    const std::string remark = attention_remark(*saved.trained.model, tokens);
    fmt::print("attention {}, trained with {}{}\n", attention_text(saved.trained.recipe), saved.trained_attention,
               remark.empty() ? "" : "; " + remark);
}

void warn_of_changed_data(const std::vector<std::string>& parts, const std::string& split) {
    const auto changed = [&](const std::string& part) {
        return std::find(parts.begin(), parts.end(), part) != parts.end();
    };
    if (changed("training")) {
        fmt::print(stderr,
                   "heed: warning: the training data are not those that the model was trained on; samples of the "
                   "{} split may have been among them\n",
                   split);
    } else if (changed(split)) {
        fmt::print(stderr, "heed: warning: the {} data are not those of the training run\n", split);
    }
}

/// What is measured. Throws UserError where there is nothing.
Measured measured_by(const EvalCommand& command, Workload& workload) {
    if (const std::optional<OtherTest> other = workload.other_test()) {
        if (command.split != split_name(Split::test)) {
            throw UserError("--split " + command.split +
                            " is a part of the data of the run, but a test set is given, too");
        }
        for (const std::string& remark : other->remarks) {
            const char* kind = remark.starts_with("warning: ") ? "" : "note: ";
            fmt::print(stderr, "heed: {}{}\n", kind, printable(remark));
        }
        return {"other", other->name, {}, workload.facts()->kind().unit()};
    }
    const Measured measured{command.split, "", workload.changed_data(), workload.facts()->kind().unit()};
    warn_of_changed_data(measured.changed, command.split);
    check_has_samples(workload, split_named(command.split));
    return measured;
}

}  // namespace

int run(const EvalCommand& command) {
    check_command_settings(kind_of_model(command.target), "eval", command.overrides);
    SavedModel saved = load_saved_model(command.target, with_data_folder(command.target, command.overrides));
    check_has_classes("eval", saved);
    const TrainedModel& trained = saved.trained;
    const std::unique_ptr<Workload> workload = saved.trained.facts->kind().open(saved.trained, *saved.context);
    const Measured measured = measured_by(command, *workload);
    const Evaluation result = workload->task().evaluate(split_named(command.split));
    if (command.json) {
        print_json(measured, saved, result);
    } else {
        print_replaced_attention(saved, workload->most_tokens());
        print_text(measured, trained, result);
    }
    return 0;
}

}  // namespace heed
