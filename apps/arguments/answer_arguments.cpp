#include "heed/apps/arguments/answer_arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "heed/apps/arguments/arguments.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/kinds/command_settings.h"

namespace heed {

namespace {

/// A forgotten file name must not make an image the file that is written.
void check_dump(const std::string& file) {
    if (!file.ends_with(".safetensors")) {
        throw UserError("--dump expects names and then a file that ends in .safetensors, got " + quote(file));
    }
}

void check_embedding(const PredictRequest& request, bool top_given) {
    if (request.embedding.empty()) return;
    const std::vector<std::string> forms = {"plain", "unit"};
    if (std::find(forms.begin(), forms.end(), request.embedding) == forms.end()) {
        throw UserError("--embedding expects " + listed(forms, " or ") + ", got " + quote(request.embedding) +
                        did_you_mean(request.embedding, forms));
    }
    if (top_given || request.csv || !request.dump.empty()) {
        throw UserError("--embedding prints vectors, as lines or with --json: it takes no --top, --csv or --dump");
    }
}

}  // namespace

AnswerArguments::AnswerArguments(CLI::App& app) {
    CLI::App* predict = add_command(app, "predict", "classify images or texts");
    predict->add_option("target", predict_.target, target_help)->required();
    add_files(predict, predict_.request.files, predict_.overrides,
              "images: PNG, JPEG or idx files, or folders of images; texts: files with one a line (none or -: "
              "standard input) or tables (.csv, .tsv, .jsonl); where the classes are known, as subfolders or a column "
              "of labels, it is measured how well",
              command_settings_help("predict"));
    predict->add_option("--top", top_,
                        "number of classes to show for each (else 1, or all above 50 % where a text can have several)");
    predict->add_flag("--json", predict_.request.json, "print one JSON object a line with all probabilities");
    predict->add_flag("--csv", predict_.request.csv, "print a CSV table with all probabilities");
    predict->add_option("--embedding", predict_.request.embedding,
                        "print no classes but the vector that the head reads: plain, or unit (at length 1)");
    predict
        ->add_option("--dump", predict_.request.dump,
                     "write activations (one or more of attention,hidden,logits) into a safetensors file:\n"
                     "--dump attention,logits activations.safetensors")
        ->type_name("NAMES FILE")
        ->type_size(2)
        ->expected(1)
        ->allow_extra_args(false);

    CLI::App* translate = add_command(app, "translate", "translate texts, a sentence a line");
    translate->add_option("target", translate_.target, target_help)->required();
    add_files(translate, translate_.request.files, translate_.overrides,
              "files to translate (none or -: standard input)", command_settings_help("translate"));
    translate->add_option("--beam", beam_, "hypotheses kept at each step (the same as decoding.beam=...)");
    translate->add_option(
        "--n-best", n_best_,
        "translations for each line; more than 1: number of the line, score and translation, separated by tabs "
        "(the same as decoding.n_best=...)");
    translate->add_flag("--json", translate_.request.json, "print one JSON object a line");
    translate->add_option("--attention", translate_.request.attention,
                          "write an HTML page with pictures of where the decoder looks in the source");

    CLI::App* score = add_command(
        app, "score",
        "log-probability of given translations (lines of source TAB translation) or classes (class TAB text)");
    score->add_option("target", score_.target, target_help)->required();
    add_files(score, score_.request.files, score_.overrides, "files of such lines (none or -: standard input)",
              command_settings_help("score"));
    score->add_flag("--json", score_.request.json, "print one JSON object a line, with every token");
}

void AnswerArguments::check_predict() const {
    const PredictRequest& request = predict_.request;
    if (request.json && request.csv) throw UserError("--json and --csv exclude each other");
    if (!top_.empty() && (request.json || request.csv)) {
        throw UserError("--top has no effect with --json or --csv, which have the probabilities of all classes");
    }
    check_embedding(request, !top_.empty());
    if (!request.dump.empty()) check_dump(request.dump[1]);
}

std::optional<Command> AnswerArguments::command(const std::string& name) {
    if (name == "predict") {
        set_count("--top", top_, predict_.request.top);
        check_predict();
        return predict_;
    }
    if (name == "translate") {
        set_count("--beam", beam_, translate_.request.beam);
        set_count("--n-best", n_best_, translate_.request.n_best);
        if (!translate_.request.attention.empty()) check_page("--attention", translate_.request.attention);
        return translate_;
    }
    if (name == "score") return score_;
    return std::nullopt;
}

}  // namespace heed
