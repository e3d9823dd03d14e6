#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"
#include "heed/apps/support/measured_data.h"
#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/evaluation_output.h"
#include "heed/trainers/comparison/statistics/paired_accuracy.h"
#include "heed/trainers/kinds/command_settings.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/setting_key.h"
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

void print_json(const Measured& measured, const SavedModel& saved, int64_t tokens, const Evaluation& result,
                const std::optional<PairedAccuracy>& paired) {
    const TrainedModel& trained = saved.trained;
    nlohmann::ordered_json json;
    json["split"] = measured.split;
    if (!measured.name.empty()) json["files"] = measured.name;
    if (!measured.changed.empty()) json["changed_data"] = measured.changed;
    if (!saved.trained_attention.empty()) {
        json["attention"] = attention_text(trained.recipe);
        json["trained_attention"] = saved.trained_attention;
        const std::string remark = attention_remark(*trained.model, tokens);
        if (!remark.empty()) json["attention_remark"] = remark;
    }
    json["step"] = trained.step;
    add_evaluation(json, result, trained.facts->class_names);
    if (paired) {
        json["against"] = {{"difference", paired->difference},
                           {"interval", {paired->interval.low, paired->interval.high}},
                           {"right_alone", paired->first_alone},
                           {"wrong_alone", paired->second_alone}};
    }
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

constexpr double confidence = 0.95;

void check_can_be_paired(const EvalCommand& command, const Workload& workload) {
    const TrainingKind& kind = workload.facts()->kind();
    if (!kind.classifies()) {
        throw UserError(fmt::format("--against compares classifiers sample by sample, but {} is {}", command.target,
                                    kind.model_name()));
    }
    if (workload.other_test())
        throw UserError("--against measures on the data of the run, but a test set is given, too");
}

/// The checksum of a split of the data that a model was trained with.
std::string fingerprint_of(const Workload& workload, Split split) {
    const DataFingerprints& prints = workload.facts()->fingerprints;
    return split == Split::train ? prints.train : split == Split::validation ? prints.validation : prints.test;
}

/// How `result`, of `workload`, stands against the other model on the same samples.
PairedAccuracy against_other(const EvalCommand& command, const Workload& workload, const Evaluation& result) {
    std::vector<std::string> settings = with_data_folder(command.against, {});
    if (settings.empty()) {  // a checkpoint alone, such as heed convert writes: its data have to be the same anyway
        settings = with_data_folder(command.target, command.overrides);
        std::erase_if(settings, [](const std::string& setting) { return setting_key(setting) != "data.root"; });
    }
    SavedModel other = load_saved_model(command.against, settings);
    check_has_classes("eval", other);
    const std::unique_ptr<Workload> own = other.trained.facts->kind().open(other.trained, *other.context);
    const Split split = split_named(command.split);
    const bool same_kind = &own->facts()->kind() == &workload.facts()->kind();
    const bool changed = !own->changed_data().empty() || !workload.changed_data().empty();
    if (!same_kind || changed || fingerprint_of(*own, split) != fingerprint_of(workload, split) ||
        own->facts()->class_names != workload.facts()->class_names) {
        throw UserError(
            fmt::format("--against {}: its {} samples are not those of {}, so that the two cannot be paired",
                        command.against, command.split, command.target));
    }
    return paired_accuracy(result, own->task().evaluate(split), confidence);
}

void print_paired(const PairedAccuracy& paired, const std::string& against, const std::string& unit) {
    fmt::print(
        "against {} on the same {} {}: {:+.2f} points, 95 % interval {:+.2f} to {:+.2f}\n"
        "  right alone in {}, wrong alone in {}\n",
        printable(against), paired.count, unit, 100 * paired.difference, 100 * paired.interval.low,
        100 * paired.interval.high, paired.first_alone, paired.second_alone);
}

}  // namespace

int run(const EvalCommand& command) {
    check_command_settings(kind_of_model(command.target), "eval", command.overrides);
    SavedModel saved = load_saved_model(command.target, with_data_folder(command.target, command.overrides));
    check_has_classes("eval", saved);
    const TrainedModel& trained = saved.trained;
    const std::unique_ptr<Workload> workload = saved.trained.facts->kind().open(saved.trained, *saved.context);
    const Measured measured = measured_by(command, *workload);
    if (!command.against.empty()) check_can_be_paired(command, *workload);
    const Evaluation result = workload->task().evaluate(split_named(command.split));
    std::optional<PairedAccuracy> paired;
    if (!command.against.empty()) paired = against_other(command, *workload, result);
    if (command.json) {
        print_json(measured, saved, workload->most_tokens(), result, paired);
    } else {
        print_replaced_attention(saved, workload->most_tokens());
        print_text(measured, trained, result);
        if (paired) print_paired(*paired, command.against, workload->facts()->kind().unit());
    }
    return 0;
}

}  // namespace heed
