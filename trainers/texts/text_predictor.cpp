#include "heed/trainers/texts/text_predictor.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/input_lines.h"
#include "heed/trainers/classification/class_probabilities.h"
#include "heed/trainers/texts/line_classifier.h"

namespace heed {

namespace {

/// Whoever names a table means the texts in one of its columns.
void refuse_table(const std::string& file) {
    for (const char* ending : {".csv", ".tsv", ".jsonl"}) {
        if (!file.ends_with(ending)) continue;
        throw UserError(
            fmt::format("heed predict expects a text a line, but {} is a table by its name: write its texts "
                        "into a file of their own (or - < {} to take its lines as they are)",
                        file, file));
    }
}

/// Writes an answer for every line, in order.
class TextPredictor {
public:
    TextPredictor(SavedModel& saved, const PredictRequest& request) : classifier_(saved), request_(request) {}

    size_t batch() const { return classifier_.batch(); }

    void answer(const std::vector<InputLine>& lines) const {
        const std::vector<float> probabilities =
            class_probabilities(classifier_.logits(lines), classifier_.several_labels());
        const size_t classes = classifier_.classes().size();
        for (size_t i = 0; i < lines.size(); ++i) {
            print(lines[i].text, std::span(probabilities).subspan(i * classes, classes));
        }
        std::fflush(stdout);
    }

private:
    void print(const std::string& text, std::span<const float> probabilities) const {
        const std::vector<std::string>& classes = classifier_.classes();
        const bool several = classifier_.several_labels();
        if (!request_.json) {
            const bool given = several && request_.top == 0;
            fmt::print("{}\t{}\n",
                       given ? given_labels(classes, probabilities)
                             : top_classes(classes, probabilities, std::max<int64_t>(1, request_.top)),
                       text);
            return;
        }
        nlohmann::ordered_json json;
        json["text"] = text;
        several ? add_labels(json, classes, probabilities) : add_classes(json, classes, probabilities);
        print_json_line(json);
    }

    LineClassifier classifier_;
    const PredictRequest& request_;
};

}  // namespace

void predict_texts(SavedModel& saved, const PredictRequest& request) {
    if (!request.dump.empty()) throw UserError("--dump is for models of images; " + saved.path + " reads texts");
    for (const std::string& file : request.files) refuse_table(file);
    const TextPredictor predictor(saved, request);
    answer_lines(request.files, predictor.batch(),
                 [&](const std::vector<InputLine>& lines) { predictor.answer(lines); });
}

}  // namespace heed
