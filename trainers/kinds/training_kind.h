#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/files/safetensors.h"
#include "heed/core/module/module.h"
#include "heed/trainers/checkpoint/patch_grid.h"
#include "heed/trainers/explanation/explained_sample.h"
#include "heed/trainers/kinds/data_facts.h"
#include "heed/trainers/kinds/expected_data.h"
#include "heed/trainers/kinds/other_model.h"
#include "heed/trainers/kinds/requests.h"
#include "heed/trainers/kinds/workload.h"
#include "heed/trainers/recipe/recipe.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

/// A kind of training: what it learns from, what it trains, and what can be asked of the result. All else that Heed
/// does knows a kind by this alone; the kinds stand in the registry.
class TrainingKind {
public:
    virtual ~TrainingKind() = default;

    /// Of its facts in a checkpoint: "images".
    virtual const char* id() const = 0;
    /// What its data are, as errors say it: "labelled texts".
    virtual const char* name() const = 0;
    /// What its models are, as errors say it: "a text classifier".
    virtual const char* model_name() const = 0;
    /// Whether its models tell classes apart.
    virtual bool classifies() const { return true; }

    /// The metrics that a test can tell of its models; which of them it does depends on the data.
    virtual std::vector<std::string> metrics() const = 0;

    /// What recipes can say: the types of models, the data sets, and the sections that other kinds need not have. A
    /// section of several kinds is described alike by each.
    virtual std::vector<SectionChoice> models() const = 0;
    virtual std::vector<SectionChoice> data_sets() const = 0;
    virtual std::vector<SectionSpec> sections() const = 0;

    /// The name of what batches count: "images".
    virtual const char* unit() const = 0;
    /// What a micro-batch counts, over all ranks: data.batch.
    virtual int64_t batch(const Recipe& recipe) const { return recipe.number("data", "batch"); }
    /// Whether batch() is only the most that it counts.
    virtual bool batch_is_limit() const { return false; }
    /// What an optimizer step counts: "64 images".
    std::string step_text(const Recipe& recipe) const;

    /// The facts of a checkpoint from DataFacts::details. Throws UserError, or an error of the JSON library, naming
    /// what is missing or cannot be.
    virtual std::unique_ptr<DataFacts> read_details(const std::string& json) const = 0;

    /// The model that a recipe describes, for data of these facts. Not laid out yet. Throws UserError when the settings
    /// do not fit each other or the data.
    virtual std::unique_ptr<Module> make_model(const Recipe& recipe, const DataFacts& facts) const = 0;

    /// How the model's positions lie on an image; nothing where they do not.
    virtual std::optional<PatchGrid> patch_grid(const Module& /*model*/) const { return std::nullopt; }
    /// The same of weights that no checkpoint of ours tells of, as far as they let it be seen.
    virtual std::optional<PatchGrid> patch_grid(const SafetensorsFile& /*weights*/) const { return std::nullopt; }

    /// Beginnings of the names of parameters that mean something for the classes of their training alone.
    virtual std::vector<std::string> class_parameters() const { return {"head."}; }
    /// The same for the words of the tokenizer of that name in DataFacts::tokenizers().
    virtual std::vector<std::string> word_parameters(const std::string& /*tokenizer*/) const { return {}; }

    /// Opens the data of a recipe and builds its model. A training that goes on gives what its checkpoint knows of the
    /// data (tokenizers are taken from there), else null. Throws UserError when they do not fit each other.
    virtual std::unique_ptr<Workload> open(const Recipe& recipe, Context& context, const SharedFacts& known) const = 0;
    /// The same with a model that exists already, which stays `trained`'s.
    virtual std::unique_ptr<Workload> open(TrainedModel& trained, Context& context) const = 0;

    /// Throws UserError, with the place of the setting, where one that counts in training alone does not fit the data.
    /// `facts`: null where they are known no further than the recipe tells.
    virtual void check_fit(const Recipe& /*recipe*/, const DataFacts* /*facts*/) const {}

    /// Nothing where it depends on the files.
    virtual std::optional<ExpectedData> expected_data(const Recipe& recipe) const = 0;
    virtual SampleCost sample_cost(const Recipe& recipe, Module& model, const ExpectedData& data) const = 0;
    /// Samples of the greatest length that a micro-batch holds.
    virtual int64_t samples_at_a_time(const Recipe& recipe) const { return batch(recipe); }
    /// A training step's forward pass over that many samples of the greatest length: logits [rows, classes].
    virtual Variable forward_empty(Module& model, const DataFacts& facts, Context& context, int64_t count) const = 0;

    /// What `heed info` says of data and model, as label and text.
    virtual std::vector<std::pair<std::string, std::string>> information(const TrainedModel& trained) const = 0;
    /// The name of the score by which models of these data are compared unless a checkpoint tells: "accuracy".
    virtual std::string compared_by(const DataFacts& /*facts*/) const { return "accuracy"; }

    /// Commands that ask a model; those that a kind does not serve are refused with the ones that it does. Throw
    /// UserError for input that cannot be.
    virtual void predict(SavedModel& saved, const PredictRequest& request) const;
    virtual void translate(SavedModel& saved, const TranslateRequest& request) const;
    virtual void generate(SavedModel& saved, const GenerateRequest& request) const;
    virtual void score(SavedModel& saved, const ScoreRequest& request) const;
    /// `heed explain`: hands over a sample for each input, in order, one at a time. Says on standard error what is cut
    /// or passed over.
    virtual void explain(SavedModel& saved, const SampleRequest& request, const TakeSample& take) const;
    /// The names of the commands above that it serves.
    virtual std::vector<std::string> served_commands() const = 0;
    bool serves(const std::string& command) const;
    /// Throws UserError, which names `model` and what it answers, where the command is not served.
    void check_serves(const std::string& command, const std::string& model) const;
    /// Settings of the recipe that have an effect on a command with a trained model - the four above, `eval` and
    /// `report` - and may be given with it ("data.batch", "decoding.*"), those of every kind left out.
    virtual std::vector<std::string> settings_of(const std::string& command) const = 0;

    /// Settings of the model ("model.dim=64") with which a recipe of this kind makes one that begins with the weights
    /// of a model of another kind. Throws UserError where no model of this kind begins with such a one, or those of the
    /// recipe cannot.
    virtual std::vector<std::string> settings_to_begin_with(const OtherModel& other, const Recipe& recipe) const;
};

}  // namespace heed
