#include "heed/trainers/texts/text_scorer.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/answers/class_output.h"
#include "heed/trainers/answers/scored_lines.h"
#include "heed/trainers/classification/class_probabilities.h"
#include "heed/trainers/texts/line_classifier.h"

namespace heed {

namespace {

/// A class and a text.
struct LabelledLine {
    std::string label;
    InputLine text;
    size_t index = 0;  ///< of the class
};

/// Log-probabilities of given classes of texts.
class ClassScorer {
public:
    using Item = LabelledLine;
    static constexpr const char* expected = "a class and a text";

    ClassScorer(SavedModel& saved, const ScoreRequest& request) : classifier_(saved), request_(request) {}

    size_t batch() const { return classifier_.batch(); }

    LabelledLine read(const SplitLine& line) const {
        const std::vector<std::string>& names = classifier_.classes();
        const auto found = std::find(names.begin(), names.end(), line.first);
        if (found == names.end()) {
            throw UserError(fmt::format("{}: there is no class {}{}; there are {}", line.place, quote(line.first),
                                        did_you_mean(line.first, names), listed(names)));
        }
        return {line.first, {line.second, line.place}, static_cast<size_t>(found - names.begin())};
    }

    void answer(const std::vector<LabelledLine>& lines) const {
        std::vector<InputLine> texts;
        for (const LabelledLine& line : lines) texts.push_back(line.text);
        const std::vector<float> values =
            class_log_probabilities(classifier_.logits(texts), classifier_.several_labels());
        for (size_t row = 0; row < lines.size(); ++row) {
            print(lines[row], values[row * classifier_.classes().size() + lines[row].index]);
        }
    }

private:
    void print(const LabelledLine& line, float value) const {
        if (!request_.json) {
            fmt::print("{:.4f}\t{}\t{}\n", value, line.label, line.text.text);
            return;
        }
        nlohmann::ordered_json json;
        json["class"] = line.label;
        json["text"] = line.text.text;
        json["log_probability"] = value;
        print_json_line(json);
    }

    LineClassifier classifier_;
    const ScoreRequest& request_;
};

}  // namespace

void score_texts(SavedModel& saved, const ScoreRequest& request) {
    const ClassScorer scorer(saved, request);
    score_lines(scorer, request, scorer.batch());
}

}  // namespace heed
