#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "heed/apps/support/measured_data.h"
#include "heed/apps/trained/sweep/sweep_table.h"
#include "heed/attention/attention.h"
#include "heed/trainers/conversion/layer_settings.h"
#include "heed/trainers/kinds/training_kind.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/report/text.h"
#include "heed/trainers/run/saved_model.h"

namespace heed {

namespace {

class ScoreSweep {
public:
    explicit ScoreSweep(const SweepCommand& command)
        : command_(command),
          settings_(with_data_folder(command.target, command.overrides)),
          saved_(load_saved_model(command.target, settings_)),
          workload_(saved_.trained.facts->kind().open(saved_.trained, *saved_.context)),
          split_(split_named(command.split)) {
        check_has_samples(*workload_, split_);
    }

    SweepTable table() {
        SweepTable table;
        table.title = command_.target + ": SMYRF without training";
        table.headings = {"attention", "scores"};
        table.axis = "scores computed, %";
        table.rows.push_back(measure(0, *saved_.trained.model));
        for (const double percent : command_.percents) {
            if (percent >= 100) continue;
            const int64_t cluster = cluster_for(percent / 100);
            const TrainedModel model =
                load_with_attention(*saved_.context, command_.target, settings_with_clusters_of(cluster));
            table.rows.push_back(measure(cluster, *model.model));
            workload_->task().use_model(*saved_.trained.model);
        }
        table.text =
            fmt::format("{} {} of {}, up to {} tokens, {} hash rounds; no training", table.rows.front().result.count,
                        workload_->facts()->kind().unit(), command_.split, workload_->most_tokens(), command_.rounds);
        return table;
    }

private:
    /// Each layer is named: one that has a type of its own would keep it if that of all changed.
    std::vector<std::string> settings_with_clusters_of(int64_t cluster) {
        std::vector<std::string> layers;
        for (const Attention* layer : attention_layers(*saved_.trained.model)) layers.push_back(layer->name());
        std::vector<std::string> settings = settings_;
        settings.emplace_back("attention.type=smyrf");
        settings.push_back(fmt::format("attention.cluster={}", cluster));
        // In causal self-attention blocks are dense: the smallest ones that clusters allow.
        settings.push_back(fmt::format("attention.block={}", cluster));
        settings.push_back(fmt::format("attention.rounds={}", command_.rounds));
        return settings_for_layers(settings, saved_.trained.recipe, layers);
    }

    /// `cluster` 0: the attention as it was trained.
    SweepRow measure(int64_t cluster, Module& model) {
        workload_->task().use_model(model);
        const double share = mean_score_share(model, workload_->most_tokens());
        const std::string trained = attention_text(saved_.trained.recipe);
        SweepRow row;
        row.cells = {cluster == 0 ? trained : fmt::format("smyrf, clusters of {}", cluster), percent_text(share, 1)};
        row.value = 100 * share;
        row.facts["attention"] = cluster == 0 ? trained : "smyrf";
        if (cluster > 0) {
            row.facts["rounds"] = command_.rounds;
            row.facts["cluster"] = cluster;
        }
        row.facts["scores"] = share;
        row.result = workload_->task().evaluate(split_);
        return row;
    }

    int64_t cluster_for(double share) const {
        const double a_round = share / static_cast<double>(command_.rounds);
        return std::max<int64_t>(1, std::llround(a_round * static_cast<double>(workload_->most_tokens())));
    }

    const SweepCommand& command_;
    std::vector<std::string> settings_;
    SavedModel saved_;
    std::unique_ptr<Workload> workload_;
    Split split_;
};

}  // namespace

SweepTable sweep_scores(const SweepCommand& command) {
    return ScoreSweep(command).table();
}

}  // namespace heed
