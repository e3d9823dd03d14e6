#include "heed/apps/arguments/answer_arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "heed/apps/arguments/arguments.h"
#include "heed/apps/support/measured_data.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/explanation/relevance_measure.h"
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

/// Of options that ask for tokens or runs of the model.
constexpr int64_t most_asked = 1'000'000;

std::string ids_of_measures() {
    std::string ids;
    for (const RelevanceMeasure measure : relevance_measures())
        ids += (ids.empty() ? "" : ",") + std::string(relevance_id(measure));
    return ids;
}

template <class Value>
void add_once(const char* option, std::vector<Value>& values, Value value, const std::string& id) {
    if (std::find(values.begin(), values.end(), value) != values.end()) {
        throw UserError(std::string(option) + " names " + quote(id) + " twice");
    }
    values.push_back(value);
}

}  // namespace

AnswerArguments::AnswerArguments(CLI::App& app) {
    CLI::App* predict = add_command(app, "predict", "classify images or texts, or go on with time series");
    predict->add_option("target", predict_.target, target_help)->required();
    add_files(
        predict, predict_.request.files, predict_.overrides,
        "images: PNG, JPEG or idx files, or folders of images; texts: files with one a line (none or -: "
        "standard input) or tables (.csv, .tsv, .jsonl); where the classes are known, as subfolders or a column "
        "of labels, it is measured how well; time series: files in the format of the data, of which the next rows are "
        "printed",
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

    CLI::App* generate = add_command(app, "generate", "go on with a text by a language model");
    generate->add_option("target", generate_.target, target_help)->required();
    generate->add_option("settings", generate_.overrides, command_settings_help("generate"));
    generate->add_option("--prompt", prompt_, "the text to go on with (else standard input, all of it)");
    generate->add_option("--length", length_, "tokens to write (else 200)");
    generate->add_option("--temperature", temperature_,
                         "what the logits are divided by: the less, the more probable the text (else 1)");
    generate->add_option("--top-k", top_k_, "draw from this many of the most probable tokens (else from all)");
    generate->add_option(
        "--top-p", top_p_,
        "draw from the fewest most probable tokens that have this probability together (else from all)");
    generate->add_flag("--greedy", generate_.request.sampling.greedy, "take the most probable token each time");
    generate->add_option("--seed", seed_, "another seed, another text (else 1)");
    generate->add_option("--window", window_,
                         "where the model can read no more, it reads this many of the last tokens again and goes on "
                         "(else half of what it reads at once)");
    generate->add_flag("--json", generate_.request.json, "print a JSON object");

    CLI::App* score = add_command(app, "score",
                                  "log-probability of given translations (lines of source TAB translation), classes "
                                  "(class TAB text), or texts (a "
                                  "line each)");
    score->add_option("target", score_.target, target_help)->required();
    add_files(score, score_.request.files, score_.overrides, "files of such lines (none or -: standard input)",
              command_settings_help("score"));
    score->add_flag("--json", score_.request.json, "print one JSON object a line, with every token");

    CLI::App* explain = add_command(
        app, "explain", "what a prediction comes from: relevant, necessary and sufficient tokens, effective attention");
    explain->add_option("target", explain_.target, target_help)->required();
    add_files(explain, explain_.request.files, explain_.overrides,
              "texts or sentences: files with one a line (none or -: standard input), a translation behind a tab if it "
              "is not to be the model's own; images: as predict reads them",
              command_settings_help("explain"));
    explain->add_option("--split", split_,
                        "explain samples of the data instead: train, validation or test; with curves over them");
    explain->add_option("--samples", samples_, "most inputs that are explained (default: all of files, 50 of a split)");
    explain->add_option("--position", position_,
                        "with a translator: the token of the translation, from 1 (default: every one)");
    explain->add_option("--measures", measures_,
                        "ways to tell how relevant a token is (default: " + ids_of_measures() + ")");
    explain->add_option("--removal", removals_,
                        "how tokens are taken away: keys (as padding is), replacement (by the unknown token, in images "
                        "by the mean colour) (default: keys,replacement)");
    explain->add_option("--search-runs", search_runs_,
                        "runs of the model for pruning the set of each order, and for trying all small sets (default: "
                        "1024; 0: necessary and sufficient tokens are not searched)");
    explain->add_flag("--json", explain_.json, "print one JSON object a line");
    explain->add_option("--page", explain_.page, "write everything into a file that ends in .html");
}

ExplainCommand AnswerArguments::checked_explain() {
    if (!split_.empty()) {
        check_split(split_);
        if (!explain_.request.files.empty()) {
            throw UserError("--split takes samples of the data, so that heed explain takes no files beside it, got " +
                            quote(explain_.request.files.front()));
        }
        explain_.request.split = split_named(split_);
        explain_.request.limit = 50;
    }
    set_count("--samples", samples_, explain_.request.limit);
    set_count("--position", position_, explain_.request.position);
    for (const std::string& id :
         measures_.empty() ? std::vector<std::string>() : listed_values("--measures", measures_)) {
        add_once("--measures", explain_.options.measures, relevance_measure_named("--measures", id), id);
    }
    if (measures_.empty()) explain_.options.measures = {relevance_measures().begin(), relevance_measures().end()};
    for (const std::string& id : listed_values("--removal", removals_.empty() ? "keys,replacement" : removals_)) {
        add_once("--removal", explain_.options.removals, removal_named("--removal", id), id);
    }
    if (!search_runs_.empty()) {
        int64_t runs = 0;
        set_number("--search-runs", search_runs_, runs, 0, most_asked);
        explain_.options.search = runs > 0;
        explain_.options.limits = {runs, runs};
    }
    if (!explain_.page.empty()) check_page("--page", explain_.page);
    return explain_;
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

void AnswerArguments::read_generate() {
    GenerateRequest& request = generate_.request;
    if (!prompt_.empty()) request.prompt = prompt_;
    set_number("--length", length_, request.length, 1, most_asked);
    set_number("--temperature", temperature_, request.sampling.temperature, 0.01, 100);
    set_number("--top-k", top_k_, request.sampling.top_k, 1, most_asked);
    set_number("--top-p", top_p_, request.sampling.top_p, 0.0001, 1);
    set_number("--seed", seed_, request.seed, 0, 9007199254740991);
    set_number("--window", window_, request.window, 1, most_asked);
    if (request.sampling.greedy && !(temperature_.empty() && top_k_.empty() && top_p_.empty() && seed_.empty())) {
        throw UserError(
            "--greedy takes the most probable token: it takes no --temperature, --top-k, --top-p or --seed");
    }
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
    if (name == "generate") {
        read_generate();
        return generate_;
    }
    if (name == "score") return score_;
    if (name == "explain") return checked_explain();
    return std::nullopt;
}

}  // namespace heed
