#include "heed/trainers/texts/text_predictor.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "heed/core/error.h"
#include "heed/datasets/text/tokenizers/utf8.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/class_table.h"
#include "heed/trainers/answers/evaluation_output.h"
#include "heed/trainers/answers/input_lines.h"
#include "heed/trainers/answers/vector_output.h"
#include "heed/trainers/classification/class_probabilities.h"
#include "heed/trainers/classification/classification_meter.h"
#include "heed/trainers/classification/multi_label_meter.h"
#include "heed/trainers/texts/line_classifier.h"
#include "heed/trainers/texts/text_table.h"

namespace heed {

namespace {

/// What stands between the labels of a text where it can have several; empty: it has one.
std::string separator_of(const SavedModel& saved) {
    const bool several = facts_as<TextDataFacts>(*saved.trained.facts).several_labels;
    return several ? saved.trained.recipe.value("data", "label_separator") : "";
}

/// Writes an answer for every text, in order.
class TextPredictor {
public:
    /// `measures`: the labels of all texts are known.
    TextPredictor(SavedModel& saved, const PredictRequest& request, bool measures)
        : classifier_(saved), request_(request), separator_(separator_of(saved)), csv_(classes(), separator_) {
        const auto count = std::ssize(classes());
        if (measures && several()) several_meter_.emplace(count, "texts");
        if (measures && !several()) meter_.emplace(count, "texts");
        if (!request.csv) return;
        std::vector<std::string> known = {"text"};
        if (measures) known.emplace_back("truth");
        fmt::print("{}", csv_.header(known));
    }

    size_t batch() const { return classifier_.batch(); }

    void answer(std::span<const InputLine> lines, const LabelSets& labels = {}) {
        const Variable logits = classifier_.logits(lines);
        std::vector<int64_t> places(lines.size());
        std::iota(places.begin(), places.end(), int64_t{0});
        if (meter_) meter_->add(logits, labels.flat(), places);
        if (several_meter_) several_meter_->add(logits, labels, places);
        const std::vector<float> probabilities = class_probabilities(logits, several());
        for (size_t i = 0; i < lines.size(); ++i) {
            const auto truth = measures() ? labels[static_cast<int64_t>(i)] : std::span<const int32_t>();
            print(lines[i].text, truth, std::span(probabilities).subspan(i * classes().size(), classes().size()));
        }
        std::fflush(stdout);
    }

    void answer(const TextTable& table) {
        for (size_t first = 0; first < table.texts.size(); first += batch()) {
            const size_t count = std::min(batch(), table.texts.size() - first);
            std::vector<int64_t> places(count);
            std::iota(places.begin(), places.end(), static_cast<int64_t>(first));
            answer(std::span(table.texts).subspan(first, count), measures() ? table.labels.at(places) : LabelSets());
        }
    }

    void finish() {
        if (!measures()) return;
        print_evaluation(meter_ ? meter_->finish() : several_meter_->finish(), classes(), "texts", request_);
    }

private:
    const std::vector<std::string>& classes() const { return classifier_.classes(); }
    bool several() const { return classifier_.several_labels(); }
    bool measures() const { return meter_ || several_meter_; }

    std::vector<std::string> names_of(std::span<const int32_t> labels) const {
        std::vector<std::string> names;
        for (const int32_t label : labels) names.push_back(classes()[static_cast<size_t>(label)]);
        return names;
    }

    void print(const std::string& text, std::span<const int32_t> truth, std::span<const float> probabilities) const {
        const std::vector<std::string> names = names_of(truth);
        if (request_.csv) {
            std::vector<std::string> known = {text};
            if (measures()) known.push_back(fmt::format("{}", fmt::join(names, separator_)));
            fmt::print("{}", csv_.row(known, probabilities));
        } else if (request_.json) {
            nlohmann::ordered_json json;
            json["text"] = text;
            if (measures() && several()) json["truth"] = names;
            if (measures() && !several()) json["truth"] = names.front();
            several() ? add_labels(json, classes(), probabilities) : add_classes(json, classes(), probabilities);
            print_json_line(json);
        } else {
            const bool given = several() && request_.top == 0;
            fmt::print("{}\t{}\n",
                       given ? given_labels(classes(), probabilities)
                             : top_classes(classes(), probabilities, std::max<int64_t>(1, request_.top)),
                       text.find_first_of("\r\n") == std::string::npos ? text : on_one_line(text));
        }
    }

    LineClassifier classifier_;
    const PredictRequest& request_;
    std::string separator_;
    ClassTable csv_;
    std::optional<ClassificationMeter> meter_;
    std::optional<MultiLabelMeter> several_meter_;
};

/// The vectors of lines, or of the texts of tables.
void embed_texts(SavedModel& saved, const PredictRequest& request) {
    const std::vector<TextTable> tables = read_text_tables("predict", request.files, saved);
    const LineClassifier classifier(saved);
    const auto embed = [&](std::span<const InputLine> lines) {
        std::vector<std::string> texts;
        for (const InputLine& line : lines) texts.push_back(line.text);
        print_vectors(classifier.features(lines).value(), "text", texts, request);
    };
    if (tables.empty()) answer_lines(request.files, classifier.batch(), embed);
    for (const TextTable& table : tables) {
        for (size_t first = 0; first < table.texts.size(); first += classifier.batch()) {
            embed(std::span(table.texts).subspan(first, std::min(classifier.batch(), table.texts.size() - first)));
        }
    }
}

}  // namespace

void predict_texts(SavedModel& saved, const PredictRequest& request) {
    if (!request.dump.empty()) throw UserError("--dump is for models of images; " + saved.path + " reads texts");
    if (!request.embedding.empty()) return embed_texts(saved, request);
    const std::vector<TextTable> tables = read_text_tables("predict", request.files, saved);
    const bool measures =
        !tables.empty() && std::all_of(tables.begin(), tables.end(), [](const auto& table) { return table.labelled; });
    TextPredictor predictor(saved, request, measures);
    if (tables.empty()) {
        answer_lines(request.files, predictor.batch(),
                     [&](const std::vector<InputLine>& lines) { predictor.answer(lines); });
    }
    for (const TextTable& table : tables) predictor.answer(table);
    predictor.finish();
}

}  // namespace heed
