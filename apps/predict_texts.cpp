#include "heed/apps/predict_texts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "heed/apps/class_output.h"
#include "heed/core/error.h"
#include "heed/core/ops/softmax.h"
#include "heed/datasets/text/encoded_texts.h"
#include "heed/datasets/text/utf8.h"
#include "heed/trainers/finite.h"

namespace heed {

namespace {

constexpr size_t texts_at_a_time = 32;

/// Classifies lines of one stream.
class TextPredictor {
public:
    TextPredictor(SavedModel& saved, const PredictCommand& command)
        : saved_(saved), command_(command), input_(saved.trained.facts.text_input()) {
        tokenizer_ = load_tokenizer(input_.tokenizer.kind, input_.tokenizer.bytes);
        options_.length = input_.max_tokens;
        options_.keep_tail = input_.truncate == "tail";
    }

    /// `at_once`: an answer after every line, not after every few.
    void read(std::istream& stream, const std::string& name, bool at_once) {
        std::vector<std::string> lines;
        std::string line;
        int64_t number = 0;
        while (std::getline(stream, line)) {
            ++number;
            if (!line.empty() && line.back() == '\r') line.pop_back();
            const std::string problem = text_problem(line);
            if (!problem.empty()) throw UserError(fmt::format("{}:{}: expected text, found {}", name, number, problem));
            lines.push_back(line);
            if (lines.size() == texts_at_a_time || at_once) answer(lines);
        }
        answer(lines);
    }

private:
    void answer(std::vector<std::string>& lines) {
        if (lines.empty()) return;
        EncodedTexts texts;
        std::vector<int64_t> places;
        for (const std::string& line : lines) {
            places.push_back(texts.size());
            EncodeReport report;
            texts.add(encode_text(*tokenizer_, line, options_, report));
        }
        TokenMatrix matrix;
        fill_tokens(matrix, texts, places, tokenizer_->special().pad);
        const Shape shape = {matrix.rows, matrix.columns};
        const Tensor ids = Tensor::from_host(*saved_.context, shape, std::span<const int32_t>(matrix.ids));
        const Tensor lengths =
            Tensor::from_host(*saved_.context, {matrix.rows}, std::span<const int32_t>(matrix.lengths));
        NoGradient guard(*saved_.context);
        const Variable logits = saved_.trained.model.texts->forward(ids, lengths, {});
        if (!all_finite(logits.value())) throw Error("the model gives numbers that are not finite");
        const std::vector<float> probabilities = softmax(logits).value().to_vector();
        const std::vector<std::string>& classes = saved_.trained.facts.class_names;
        for (size_t i = 0; i < lines.size(); ++i) {
            print(lines[i], classes, std::span(probabilities).subspan(i * classes.size(), classes.size()));
        }
        std::fflush(stdout);
        lines.clear();
    }

    void print(const std::string& line, const std::vector<std::string>& classes, std::span<const float> probabilities) {
        if (!command_.json) {
            fmt::print("{}\t{}\n", top_classes(classes, probabilities, command_.top), line);
            return;
        }
        nlohmann::ordered_json json;
        json["text"] = line;
        add_classes(json, classes, probabilities);
        print_json_line(json);
    }

    SavedModel& saved_;
    const PredictCommand& command_;
    const TextInput& input_;
    std::unique_ptr<Tokenizer> tokenizer_;
    EncodeOptions options_;
};

}  // namespace

int predict_texts(SavedModel& saved, const PredictCommand& command) {
    if (!command.dump.empty()) throw UserError("--dump is for models of images; " + command.target + " reads texts");
    TextPredictor predictor(saved, command);
    for (const std::string& file : command.files) {
        if (file == "-") continue;
        std::error_code ignored;
        std::ifstream stream(file, std::ios::binary);
        if (std::filesystem::is_directory(file, ignored) || !stream) throw UserError("cannot read " + file);
        predictor.read(stream, file, false);
    }
    const bool standard_input =
        command.files.empty() || std::find(command.files.begin(), command.files.end(), "-") != command.files.end();
    if (standard_input) predictor.read(std::cin, "standard input", true);
    return 0;
}

}  // namespace heed
