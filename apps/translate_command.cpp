#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "heed/apps/commands.h"
#include "heed/apps/support/class_output.h"
#include "heed/apps/support/input_lines.h"
#include "heed/apps/support/saved_model.h"
#include "heed/core/error.h"
#include "heed/core/files/atomic_file.h"
#include "heed/trainers/inspection/attention_places.h"
#include "heed/trainers/translations/alignment_section.h"
#include "heed/trainers/translations/translation_decoder.h"

namespace heed {
namespace {

constexpr size_t sentences_at_once = 128;

BeamSearchOptions search_options(const Recipe& recipe, const TranslateCommand& command) {
    BeamSearchOptions options = recipe.options<BeamSearchOptions>("decoding");
    if (command.n_best > 0) options.n_best = command.n_best;
    if (command.beam > 0) options.beam = command.beam;
    if (command.beam > 0 && command.n_best == 0) options.n_best = std::min(options.n_best, options.beam);
    if (options.n_best > options.beam) {
        throw UserError(fmt::format("--n-best {} expects a beam of at least as many, got {}: give --beam {}",
                                    options.n_best, options.beam, options.n_best));
    }
    return options;
}

/// Writes an answer for every line, in order.
class LineTranslator {
public:
    LineTranslator(SavedModel& saved, const TranslateCommand& command)
        : saved_(saved),
          command_(command),
          input_(saved.trained.facts.translation_input()),
          tokenizers_(input_),
          options_(search_options(saved.trained.recipe, command)),
          decoder_(*saved.context, *saved.trained.model.translations, tokenizers_, options_) {}

    void answer(const std::vector<InputLine>& lines) {
        EncodedTexts sources;
        std::vector<bool> empty;
        for (const InputLine& line : lines) {
            EncodeReport report;
            const std::vector<int32_t> ids =
                encode_text(*tokenizers_.source, line.text, source_encode_options(input_), report);
            // Nothing is the translation of nothing, whatever the model has learnt.
            empty.push_back(report.empty > 0);
            if (report.empty > 0) continue;
            if (report.cut > 0) {
                fmt::print(stderr, "heed: {}: {} tokens, but the model reads {}: the rest is left out\n", line.place,
                           report.tokens, input_.max_source_tokens - 1);
            }
            sources.add(ids);
        }
        const std::vector<std::vector<TranslationText>> translations = decoder_.translate(sources);
        if (!command_.attention.empty()) align(lines, empty, sources, translations);
        size_t place = 0;
        for (size_t i = 0; i < lines.size(); ++i) {
            ++number_;
            print(lines[i].text, empty[i] ? std::vector<TranslationText>{TranslationText{}} : translations[place++]);
        }
        std::fflush(stdout);
    }

    void write_attention() const {
        if (command_.attention.empty()) return;
        write_file_atomically(command_.attention,
                              alignment_page(alignments_, translated_, "Attention of " + command_.target,
                                             cross_attention_remark(saved_.trained.recipe)));
    }

private:
    /// Of the first sentences that are not empty.
    void align(const std::vector<InputLine>& lines, const std::vector<bool>& empty, const EncodedTexts& sources,
               const std::vector<std::vector<TranslationText>>& translations) {
        int64_t place = 0;
        for (size_t i = 0; i < lines.size() && alignments_.size() < most_alignments; ++i) {
            if (empty[i]) continue;
            alignments_.push_back(align_translation(*saved_.context, *saved_.trained.model.translations, tokenizers_,
                                                    sources.ids(place),
                                                    translations[static_cast<size_t>(place)].front(), lines[i].text));
            ++place;
        }
        translated_ += translations.size();
    }

    void print(const std::string& source, const std::vector<TranslationText>& best) const {
        if (command_.json) {
            nlohmann::ordered_json json;
            json["source"] = source;
            json["translations"] = nlohmann::ordered_json::array();
            for (const TranslationText& each : best) {
                json["translations"].push_back({{"text", each.text},
                                                {"score", each.score},
                                                {"log_probability", each.log_probability},
                                                {"tokens", each.tokens()}});
            }
            print_json_line(json);
        } else if (options_.n_best > 1) {
            for (const TranslationText& each : best) fmt::print("{}\t{:.4f}\t{}\n", number_, each.score, each.text);
        } else {
            fmt::print("{}\n", best.front().text);
        }
    }

    SavedModel& saved_;
    const TranslateCommand& command_;
    const TranslationInput& input_;
    TranslationTokenizers tokenizers_;
    BeamSearchOptions options_;
    TranslationDecoder decoder_;
    std::vector<Alignment> alignments_;
    size_t translated_ = 0;
    int64_t number_ = 0;
};

}  // namespace

int run(const TranslateCommand& command) {
    SavedModel saved = load_saved_model(command.target, {});
    if (!saved.trained.model.translations) {
        throw UserError("heed translate expects a translator, but " + command.target + " holds a model of the type " +
                        saved.trained.recipe.section("model").choice() + "; heed predict asks a classifier");
    }
    LineTranslator translator(saved, command);
    answer_lines(command.files, sentences_at_once,
                 [&](const std::vector<InputLine>& lines) { translator.answer(lines); });
    translator.write_attention();
    return 0;
}

}  // namespace heed
