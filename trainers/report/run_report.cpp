#include "heed/trainers/report/run_report.h"

#include <fmt/format.h>

#include <cctype>
#include <filesystem>
#include <memory>

#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/core/files/path_exists.h"
#include "heed/trainers/kinds/command_settings.h"
#include "heed/trainers/kinds/registry.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/train_options.h"
#include "heed/trainers/report/provenance.h"
#include "heed/trainers/report/text.h"
#include "heed/trainers/run/checks/resume_check.h"
#include "heed/trainers/run/run_target.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

namespace {

/// What has to be said of a run that has not come to its end.
std::string unfinished_text(const RunPaths& paths, const History& history) {
    const std::string after = "after step " + group_digits(history.last_step);
    if (is_in_use(paths)) return "The run is going on; this page was written " + after + ".";
    if (!history.end.empty()) return history.end + ".";
    return "The run ended " + after + " without a word: it was killed, or an error that log.txt tells of came.";
}

/// The page as far as it comes from the model and the data.
class ReportOfRun {
public:
    ReportOfRun(const RunPaths& paths, const std::vector<std::string>& overrides)
        : recipe_(read_recipe(recipe_spec(), paths.recipe(), {})),
          overrides_(overrides),
          input_{.paths = paths, .title = std::filesystem::path(runs_folder(recipe_)).filename().string(), .unit = ""} {
        check_command_settings(kind_of(recipe_), "report", overrides);
        if (path_exists(paths.metrics())) input_.history = History::read(paths.metrics());
        input_.unit = kind_of(recipe_).unit();
        input_.settings = settings_not_default(recipe_);
        input_.recipe_yaml = portable_recipe(recipe_);
        finished_ = run_state(paths) == RunState::finished;
        if (!finished_) input_.end = unfinished_text(paths, input_.history);
    }

    ReportInput input() {
        if (run_state(input_.paths) == RunState::fresh) {
            leave_out("No checkpoint is saved yet: the size of the model and what is known of the data");
            add_model_facts(input_, recipe_, std::nullopt);
        } else {
            from_checkpoint();
        }
        return std::move(input_);
    }

private:
    void leave_out(const std::string& what) { input_.left_out.push_back(what + " is left out."); }

    /// What the checkpoint knows of its data. Of the model the page has lines of its own.
    void add_information(const TrainedModel& trained) {
        for (auto [label, text] : trained.facts->kind().information(trained)) {
            if (label == "model") continue;
            label[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(label[0])));
            input_.facts.emplace_back(label, text);
        }
    }

    void from_checkpoint() {
        // A device that is not there is no fault of the checkpoint, and the page is not written without it.
        check_device(read_recipe(recipe_spec(), input_.paths.recipe(), overrides_));
        try {
            std::vector<std::string> overrides = overrides_;
            const std::string root = recipe_.value("data", "root");
            if (!root.empty()) overrides.insert(overrides.begin(), "data.root=" + root);
            SavedModel saved = load_saved_model(input_.paths.folder(), overrides);
            if (finished_ && !recipe_.options<TrainOptions>("train").test) {
                add_information(saved.trained);
                leave_out("The test set was not read (train.test=false): the result on it and what is shown of it");
            } else if (finished_) {
                from_data(saved);
            } else {
                add_information(saved.trained);
                leave_out(
                    "Test data are looked at when a run has come to its end: the result on them and what is shown of "
                    "it");
            }
            add_model_facts(input_, recipe_, saved.trained.model->parameter_count());
        } catch (const UserError& error) {
            leave_out(
                fmt::format("The checkpoint cannot be read ({}): the size of the model and what is known of the data",
                            error.what()));
            add_model_facts(input_, recipe_, std::nullopt);
        }
    }

    void from_data(SavedModel& saved) {
        ReportInput with_data = input_;
        try {
            const std::unique_ptr<Workload> workload = saved.trained.facts->kind().open(saved.trained, *saved.context);
            if (!workload->changed_data().empty()) throw UserError("they are not those of the training");
            const Evaluation test = workload->task().evaluate(Split::test);
            workload->add_to_report(with_data, test);
            input_ = std::move(with_data);
        } catch (const UserError& error) {
            add_information(saved.trained);
            leave_out(
                fmt::format("The data cannot be used ({}): what is shown of single samples and classes", error.what()));
        }
    }

    Recipe recipe_;
    const std::vector<std::string>& overrides_;
    ReportInput input_;
    bool finished_ = false;
};

}  // namespace

void add_model_facts(ReportInput& input, const Recipe& recipe, std::optional<int64_t> parameters) {
    input.facts.emplace_back("Model", recipe.section("model").choice());
    input.facts.emplace_back("Attention", attention_text(recipe));
    if (parameters) input.facts.emplace_back("Parameters", group_digits(*parameters));
    input.facts.emplace_back("In a step", kind_of(recipe).step_text(recipe));
}

ReportInput write_report_of_run(const std::string& folder, const std::vector<std::string>& overrides) {
    const RunPaths paths(folder);
    if (!is_run_folder(folder)) {
        throw UserError("expected a run folder, got " + folder + ", which is none" +
                        (path_exists(folder) ? "" : did_you_mean_folder(folder)));
    }
    check_writable(paths.report());
    ReportInput input = ReportOfRun(paths, overrides).input();
    write_report(input);
    return input;
}

}  // namespace heed
