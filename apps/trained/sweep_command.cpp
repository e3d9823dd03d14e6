#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "heed/apps/commands.h"
#include "heed/apps/support/asked_model.h"
#include "heed/apps/support/measured_data.h"
#include "heed/attention/attention.h"
#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/evaluation_output.h"
#include "heed/trainers/conversion/layer_settings.h"
#include "heed/trainers/kinds/command_settings.h"
#include "heed/trainers/recipe/attention_choice.h"
#include "heed/trainers/report/charts/chart.h"
#include "heed/trainers/report/page.h"
#include "heed/trainers/report/text.h"

namespace heed {
namespace {

/// The model with some share of its scores computed, measured on a split.
struct SweepRow {
    int64_t cluster = 0;  ///< 0: the attention as it was trained
    double share = 1.0;   ///< that is computed for the longest samples
    Evaluation result;
};

class Sweep {
public:
    explicit Sweep(const SweepCommand& command)
        : command_(command),
          settings_(with_data_folder(command.target, command.overrides)),
          saved_(load_saved_model(command.target, settings_)),
          workload_(saved_.trained.facts->kind().open(saved_.trained, *saved_.context)),
          split_(split_named(command.split)) {
        check_has_samples(*workload_, split_);
    }

    std::vector<SweepRow> run() {
        std::vector<SweepRow> rows = {measure(0, *saved_.trained.model)};
        for (const double percent : command_.percents) {
            if (percent >= 100) continue;
            const int64_t cluster = cluster_for(percent / 100);
            const TrainedModel model =
                load_with_attention(*saved_.context, command_.target, settings_with_clusters_of(cluster));
            rows.push_back(measure(cluster, *model.model));
            workload_->task().use_model(*saved_.trained.model);
        }
        return rows;
    }

    const char* unit() const { return workload_->facts()->kind().unit(); }
    std::string trained() const { return attention_text(saved_.trained.recipe); }
    int64_t tokens() const { return workload_->most_tokens(); }

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

    SweepRow measure(int64_t cluster, Module& model) {
        workload_->task().use_model(model);
        return {cluster, mean_score_share(model, tokens()), workload_->task().evaluate(split_)};
    }

    int64_t cluster_for(double share) const {
        const double a_round = share / static_cast<double>(command_.rounds);
        return std::max<int64_t>(1, std::llround(a_round * static_cast<double>(tokens())));
    }

    const SweepCommand& command_;
    std::vector<std::string> settings_;
    SavedModel saved_;
    std::unique_ptr<Workload> workload_;
    Split split_;
};

std::string name_of(const SweepRow& row, const std::string& trained) {
    return row.cluster == 0 ? trained : fmt::format("smyrf, clusters of {}", row.cluster);
}

/// The metrics that a table shows: accuracy, loss and those of the kind, without what no model has a part in.
std::vector<std::pair<std::string, std::string>> metrics_of(const Evaluation& result) {
    std::vector<std::pair<std::string, std::string>> metrics;
    if (result.has_accuracy) metrics.emplace_back("accuracy", percent_text(result.accuracy, 2));
    metrics.emplace_back("loss", fmt::format("{:.4f}", result.loss));
    for (const auto& [name, value] : result.more) {
        if (!name.starts_with("naive_")) metrics.emplace_back(name, fmt::format("{:.4f}", value));
    }
    metrics.emplace_back("seconds", fmt::format("{:.2f}", result.seconds));
    return metrics;
}

void print_table(const SweepCommand& command, const Sweep& sweep, const std::vector<SweepRow>& rows) {
    fmt::print("{} {} of {}, up to {} tokens; no training\n", rows.front().result.count, sweep.unit(), command.split,
               sweep.tokens());
    size_t width = 9;
    for (const SweepRow& row : rows) width = std::max(width, name_of(row, sweep.trained()).size());
    fmt::print("{:<{}}  {:>8}", "attention", width, "scores");
    std::vector<size_t> widths;
    for (const auto& [name, text] : metrics_of(rows.front().result)) {
        widths.push_back(std::max(name.size(), text.size()));
        fmt::print("  {:>{}}", name, widths.back());
    }
    fmt::print("\n");
    for (const SweepRow& row : rows) {
        fmt::print("{:<{}}  {:>8}", name_of(row, sweep.trained()), width, percent_text(row.share, 1));
        size_t column = 0;
        for (const auto& [name, text] : metrics_of(row.result)) fmt::print("  {:>{}}", text, widths[column++]);
        fmt::print("\n");
    }
}

void print_json(const SweepCommand& command, const Sweep& sweep, const std::vector<SweepRow>& rows) {
    for (const SweepRow& row : rows) {
        nlohmann::ordered_json json;
        json["attention"] = row.cluster == 0 ? sweep.trained() : "smyrf";
        if (row.cluster > 0) {
            json["rounds"] = command.rounds;
            json["cluster"] = row.cluster;
        }
        json["scores"] = row.share;
        json["split"] = command.split;
        add_metrics(json, row.result);
        print_json_line(json);
    }
}

/// A chart over the share of scores, in percent.
template <class Value>
std::string sweep_chart(const std::vector<SweepRow>& rows, const std::string& title, const std::string& suffix,
                        const Value& value) {
    ChartSeries series = {"models", "validation", Stroke::marked, {}};
    double least = 1.0, low = value(rows.front()), high = low;
    for (const SweepRow& row : rows) {
        series.points.push_back({100 * row.share, value(row)});
        least = std::min(least, row.share);
        low = std::min(low, value(row));
        high = std::max(high, value(row));
    }
    std::sort(series.points.begin(), series.points.end(), [](const Point& a, const Point& b) { return a.x < b.x; });
    Chart chart;
    chart.title = title;
    chart.suffix = suffix;
    chart.steps = logarithmic_axis(100 * least, 100.0);
    chart.values = rounded_axis(low, high, 5);
    chart.series = {series};
    chart.steps_label = "scores computed, %";
    chart.pointer_label = "scores computed, %:";
    return chart_html(chart);
}

std::string sweep_page(const SweepCommand& command, const Sweep& sweep, const std::vector<SweepRow>& rows) {
    std::string body = fmt::format(
        "<header>\n<h1>{}: SMYRF without training</h1>\n<p>{} {} of {}, up to {} tokens, {} hash "
        "rounds</p>\n</header>\n"
        "<section>\n<div class=\"charts\">\n",
        escape_html(command.target), group_digits(rows.front().result.count), sweep.unit(), command.split,
        sweep.tokens(), command.rounds);
    if (rows.front().result.has_accuracy) {
        body += sweep_chart(rows, "Accuracy", " %", [](const SweepRow& row) { return 100 * row.result.accuracy; });
    } else {
        body += sweep_chart(rows, "Loss", "", [](const SweepRow& row) { return row.result.loss; });
    }
    body += sweep_chart(rows, "Seconds", " s", [](const SweepRow& row) { return row.result.seconds; });
    body += "</div>\n<div class=\"scroll\"><table class=\"pairs\">\n<tr><th>attention</th><th>scores</th>";
    for (const auto& [name, text] : metrics_of(rows.front().result)) body += "<th>" + escape_html(name) + "</th>";
    for (const SweepRow& row : rows) {
        body += "</tr>\n<tr><td>" + escape_html(name_of(row, sweep.trained())) + "</td><td>" +
                percent_text(row.share, 1) + "</td>";
        for (const auto& [name, text] : metrics_of(row.result)) body += "<td>" + text + "</td>";
    }
    body += fmt::format("</tr>\n</table></div>\n</section>\n<footer>Written by Heed.</footer>\n<script>{}</script>\n",
                        page_script());
    return html_page(command.target + ": SMYRF without training", body);
}

}  // namespace

int run(const SweepCommand& command) {
    check_command_settings(kind_of_model(command.target), "sweep", command.overrides);
    if (!command.page.empty()) check_output(command.page, command.target, {});
    Sweep sweep(command);
    const std::vector<SweepRow> rows = sweep.run();
    if (command.json) {
        print_json(command, sweep, rows);
    } else {
        print_table(command, sweep, rows);
    }
    if (!command.page.empty()) write_file_atomically(command.page, sweep_page(command, sweep, rows));
    return 0;
}

}  // namespace heed
