#include "heed/trainers/distillation/teacher.h"

#include <fmt/format.h>

#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/datasets/catalogue/checksum.h"
#include "heed/trainers/checkpoint/checkpoint_facts.h"
#include "heed/trainers/distillation/distill_options.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/recipe/general_options.h"

namespace heed {

namespace {

/// What the facts of both differ in; empty: nothing that matters to a model.
std::string difference(const DataFacts& teacher, const DataFacts& data) {
    if (&teacher.kind() != &data.kind()) {
        return fmt::format("is {}, but this training is of {}", teacher.kind().model_name(), data.kind().name());
    }
    if (teacher.class_names != data.class_names) return "was trained for other classes";
    const auto ours = data.tokenizers(), theirs = teacher.tokenizers();
    for (size_t i = 0; i < ours.size(); ++i) {
        if (theirs.size() != ours.size() || theirs[i].second->bytes != ours[i].second->bytes) {
            return "was trained with another tokenizer";
        }
    }
    if (teacher.details() != data.details()) {
        return fmt::format("was trained on data of another form: {}, here {}", teacher.details(), data.details());
    }
    return "";
}

/// Until which a training has a teacher.
int64_t last_followed_step(const DistillOptions& options, const TrainingSteps& steps) {
    return options.epochs == 0 ? steps.total : std::min(options.epochs * steps.epoch, steps.total);
}

}  // namespace

std::unique_ptr<Teacher> Teacher::load(const Recipe& recipe, Context& context, const DataFacts& facts,
                                       const TrainingSteps& steps) {
    const auto& options = recipe.options<DistillOptions>("distill");
    const int64_t last_step = last_followed_step(options, steps);
    if (options.weight == 0 || last_step <= steps.done) return nullptr;
    const bool named = !options.teacher.empty();
    const std::string path = named ? options.teacher : recipe.options<GeneralOptions>("").init;
    if (path.empty()) {
        throw UserError(recipe.placed("distill.weight needs a model to follow: distill.teacher, or init"));
    }
    try {
        const std::string file = checkpoint_file(path);
        const std::string differs = difference(*read_checkpoint_facts(SafetensorsFile(file)).data, facts);
        if (!differs.empty()) throw UserError(path + " cannot teach: it " + differs);
        std::unique_ptr<Teacher> teacher(new Teacher(TrainedModel::load(context, file, {}), path));
        teacher->checksum_ = to_string(file_checksum(file));
        teacher->weight_ = options.weight;
        teacher->temperature_ = static_cast<float>(options.temperature);
        teacher->last_step_ = last_step;
        teacher->total_steps_ = steps.total;
        return teacher;
    } catch (const UserError& error) {
        throw UserError(recipe.section(named ? "distill" : "").source(named ? "teacher" : "init").text() + ": " +
                        (named ? "distill.teacher: " : "init: ") + error.what());
    }
}

std::string Teacher::unused_settings(const Recipe& recipe, const TrainingSteps& steps) {
    const auto& options = recipe.options<DistillOptions>("distill");
    if (options.weight > 0) {
        const int64_t last = last_followed_step(options, steps);
        if (steps.done < last) return "";
        return fmt::format("the teacher was followed for the first {} steps and is not needed any more", last);
    }
    std::vector<std::string> given;
    for (const char* leaf : {"teacher", "temperature", "epochs"}) {
        const Source::Kind kind = recipe.section("distill").source(leaf).kind;
        if (kind == Source::Kind::command_line) given.push_back(std::string("distill.") + leaf);
    }
    if (given.empty()) return "";
    return fmt::format("note: {} {} no effect while distill.weight is 0", listed(given),
                       given.size() == 1 ? "has" : "have");
}

std::string Teacher::line() const {
    return fmt::format("following the answers of {} ({} attention): {:g} of the loss, temperature {:g}{}", path_,
                       attention_text(model_.recipe), weight_, temperature_,
                       last_step_ < total_steps_
                           ? fmt::format(", for the first {} of {} steps", last_step_, total_steps_)
                           : ", to the end of the training");
}

}  // namespace heed
