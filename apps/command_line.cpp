#include "heed/apps/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/kinds/command_settings.h"
#include "heed/trainers/recipe/other_names.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/recipe/reference_page.h"
#include "heed/trainers/record/shell_argument.h"

namespace heed {
namespace {

constexpr const char* program_summary = "Heed trains transformers and lets you choose the attention.";

constexpr const char* program_footer =
    "Settings of a recipe are changed on the command line by key=value (model.dim=128 train.epochs=5).\n"
    "heed COMMAND --help tells more about a command, heed help recipe about every setting.";

constexpr const char* target_help = "run folder (its best checkpoint, or else the last) or checkpoint file";
constexpr const char* overrides_help = "settings that replace those of the recipe, such as train.epochs=5";

/// Whether an argument is a setting: key=value. A file with such a name is given with a path in front (./a=b).
bool is_setting(const std::string& argument) {
    const size_t end = argument.find('=');
    return end != std::string::npos && end > 0 &&
           std::all_of(argument.begin(), argument.begin() + static_cast<std::ptrdiff_t>(end), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                      c == '.';
           });
}

/// What comes after "--" is no option and no setting, whatever it looks like: files get a path in front.
std::vector<std::string> without_separator(const std::vector<std::string>& arguments) {
    std::vector<std::string> plain;
    bool behind = false;
    for (const std::string& argument : arguments) {
        if (!behind && argument == "--") {
            behind = true;
        } else {
            const bool looks_other = argument.starts_with('-') || is_setting(argument);
            plain.push_back(behind && looks_other ? "./" + argument : argument);
        }
    }
    return plain;
}

/// Lists end in "..." in the line of usage, also those that CLI11 has to know an end of.
class UsageFormatter final : public CLI::Formatter {
    std::string make_option_usage(const CLI::Option* option) const override {
        const std::string name = make_option_name(option, true) + (option->get_items_expected_max() > 1 ? "..." : "");
        return option->get_required() ? name : "[" + name + "]";
    }
};

/// CLI11 splits no values and knows no hidden rules here: everything that starts with a dash is an option, the rest is
/// taken in order.
class CommandLine {
public:
    CommandLine() : app_(program_summary, "heed") {
        app_.set_version_flag("--version", "");
        app_.get_option("--version")->description("show version, build and what this machine offers");
        app_.set_help_flag("-h,--help", "show this help");
        app_.footer(program_footer);
        app_.formatter(std::make_shared<UsageFormatter>());
        app_.require_subcommand(0, 1);
        app_.allow_extras();  // refused below, with the nearest name

        CLI::App* train = add("train", "train a model as a recipe says");
        train->add_option("recipe", train_.recipe, "recipe file; with --resume also a run folder")->required();
        train->add_option("settings", train_.overrides, overrides_help);
        train
            ->add_flag("--resume", train_.resume,
                       "go on with the given run (train.epochs=30 makes it longer), with that in run.dir, or with the "
                       "recipe's latest")
            ->disable_flag_override();
        train
            ->add_option("--change", train_.changes,
                         "with --resume: a setting that the run changes from here on, such as optimizer.lr=1e-4 (each "
                         "change with a --change of its own)")
            ->type_name("KEY=VALUE")
            ->allow_extra_args(false);
        train->footer(settings_list(recipe_spec()));

        CLI::App* finetune = add("finetune", "train a trained model on, with another attention where one is given");
        finetune->add_option("target", finetune_.target, target_help)->required();
        finetune->add_option("settings", finetune_.overrides,
                             "settings that replace those of its training (key=value); without train.epochs or "
                             "train.steps a quarter of its length");
        finetune
            ->add_option("--only", finetune_.only,
                         "train nothing but the parameters that have this in their names, such as attention (the same "
                         "as train.only)")
            ->type_name("NAME")
            ->allow_extra_args(false);
        finetune->footer(settings_list(recipe_spec()));

        CLI::App* eval = add("eval", "measure a trained model on a split of its data");
        eval->add_option("target", eval_.target, target_help)->required();
        eval->add_option("settings", eval_.overrides, command_settings_help("eval"));
        eval->add_option("--split", eval_.split, "train, validation or test")->capture_default_str();
        eval->add_option("--against", eval_.against,
                         "another run or checkpoint with classes, measured on the same samples: the paired difference");
        eval->add_flag("--json", eval_.json, "print one JSON object");

        CLI::App* sweep = add("sweep", "measure a trained model with ever fewer scores, by SMYRF and without training");
        sweep->add_option("target", sweep_.target, target_help)->required();
        sweep->add_option("settings", sweep_.overrides, command_settings_help("sweep"));
        sweep->add_option("--scores", scores_, "percentages of the scores, beside all of them (default: 50,25,12.5)");
        sweep->add_option("--rounds", rounds_, "hash rounds (default: 2)");
        sweep->add_option("--split", sweep_.split, "train, validation or test")->capture_default_str();
        sweep->add_flag("--json", sweep_.json, "print one JSON object a line");
        sweep->add_option("--page", sweep_.page, "write table and picture into a file that ends in .html");

        add_compare();
        CLI::App* convert =
            add("convert", "put another attention into a trained model, as near to the old as weights go");
        convert->add_option("target", convert_.target, target_help)->required();
        convert->add_option("settings", convert_.overrides, command_settings_help("convert"));
        convert->add_option("--to", convert_.to, "checkpoint that is written, a file that ends in .safetensors");
        convert->add_flag("--sensitivity", convert_.sensitivity,
                          "swap one layer at a time and show what it costs and saves, on validation samples");
        convert->add_option(
            "--budget", budget_,
            "with --sensitivity: name (and with --to write) the set of layers that brings all attention "
            "to this percentage of its multiply-adds with the least damage");
        convert->add_flag("--json", convert_.json, "print one JSON object");

        CLI::App* reproduce = add("reproduce", "compare attention types as a publication did, and judge its claims");
        reproduce->add_option("experiment", reproduce_.experiment, "mnist, cifar100, imdb or en_es")->required();
        reproduce->add_option("settings", reproduce_.overrides, overrides_help);
        reproduce->add_flag("--quick", reproduce_.quick, "a small size, for some minutes (else hours)");
        reproduce->add_option("--seeds", seeds_, "seeds for each type (default: as the experiment says)");
        reproduce->add_option("--jobs", jobs_, "trainings beside each other (default: 1)");
        reproduce->add_option("--dir", reproduce_.folder, "folder (default: runs/reproduce/ and its name)");

        CLI::App* predict = add("predict", "classify images or texts");
        predict->add_option("target", predict_.target, target_help)->required();
        add_files(
            predict, predict_.request.files, predict_.overrides,
            "images: PNG, JPEG or idx files, or folders of images; texts: files with one a line (none or -: "
            "standard input) or tables (.csv, .tsv, .jsonl); where the classes are known, as subfolders or a column "
            "of labels, it is measured how well",
            command_settings_help("predict"));
        predict->add_option(
            "--top", top_,
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

        CLI::App* translate = add("translate", "translate texts, a sentence a line");
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

        CLI::App* score =
            add("score",
                "log-probability of given translations (lines of source TAB translation) or classes (class TAB text)");
        score->add_option("target", score_.target, target_help)->required();
        add_files(score, score_.request.files, score_.overrides, "files of such lines (none or -: standard input)",
                  command_settings_help("score"));
        score->add_flag("--json", score_.request.json, "print one JSON object a line, with every token");

        CLI::App* check = add("check", "validate a recipe without training: settings and their sources, size, memory");
        check->add_option("recipe", check_.recipe, "recipe file")->required();
        check->add_option("settings", check_.overrides, overrides_help);
        check->add_flag("--data", check_.data, "open the data as train does, tokenizers included");
        check->footer(settings_list(recipe_spec()));

        CLI::App* import = add("import", "make a model out of a folder with public weights (config.json, safetensors)");
        import
            ->add_option(
                "folder", import_.folder,
                "folder in the format of Hugging Face's transformers: BERT and the like, DistilBERT, ViT, DeiT, "
                "MarianMT")
            ->required();
        import->add_option("--to", import_.to, "run folder to make, new or empty (default: runs/NAME of the folder)");

        CLI::App* export_to = add("export", "write a model as Hugging Face's transformers reads it");
        export_to->add_option("target", export_.target, target_help)->required();
        export_to->add_option("folder", export_.folder, "folder to make, new or empty")->required();
        export_to
            ->add_flag("--without-head", export_.without_head,
                       "leave out the head for classes, where transformers has no model with such a one")
            ->disable_flag_override();

        CLI::App* info = add("info", "show what a run or checkpoint holds: architecture, parameters, provenance");
        info->add_option("target", info_.target, target_help)->required();

        CLI::App* report = add("report", "write the page of a run: running, stopped, diverged or finished");
        report->add_option("run", report_.target, "run folder")->required();
        report->add_option("settings", report_.overrides, command_settings_help("report"));

        CLI::App* data = add("data", "list, get and examine data sets");
        data->add_option("action", data_.action, "list, get NAME... or info NAME|PATH")->required();
        data->add_option("names", data_.names, "data sets; for info also a folder or file");
        data->add_option("--to", data_.to, "get: folder of all data sets (default: the first of HEED_DATA, or data)");
        data->add_option("--mirror", data_.mirror,
                         "get: address that has NAME/FILE, asked instead of the official ones (or HEED_DATA_MIRROR)");
        data->add_option("--timeout", timeout_, "get: seconds to wait for a silent server (default: 30)");
        data->add_flag("--verify", data_.verify, "info: compare the files with their checksums");
        data->add_flag("--json", data_.json, "list, info: print JSON");

        CLI::App* completion = add("completion", "print a script that makes a shell complete commands and settings");
        completion->add_option("shell", completion_.shell, listed(completion_shells(), " or "))->required();

        CLI::App* help = add("help", "explain a command, or every setting of a recipe (heed help recipe)");
        help->add_option("topic", topic_, "a command, or recipe");
    }

    Command parse(const std::vector<std::string>& arguments) {
        overview_ = app_.help();  // once a command is chosen CLI11 tells of that one
        if (arguments.empty()) return ShowText{overview_};
        check_command_name(arguments.front());
        try {
            // CLI11 takes the arguments from the back.
            const std::vector<std::string> plain = without_separator(arguments);
            app_.parse(std::vector<std::string>(plain.rbegin(), plain.rend()));
        } catch (const CLI::CallForVersion&) {
            return ShowVersion{};
        } catch (const CLI::CallForHelp&) {
            return ShowText{chosen() ? chosen()->help("heed") : overview_};
        } catch (const CLI::ParseError& error) {
            throw UserError(with_command(error.what()));
        }
        check_extras();
        check_values();
        for (const std::string& argument : arguments) compare_.text += " " + shell_argument(argument);
        compare_.text = reproduce_.text = "heed" + compare_.text;
        return command();
    }

private:
    CLI::App* add(const std::string& name, const std::string& summary) {
        CLI::App* command = app_.add_subcommand(name, summary);
        command->allow_extras();
        return command;
    }

    void add_compare() {
        CLI::App* compare =
            add("compare", "train a recipe with several attention types and seeds, or lay finished runs side by side");
        add_files(compare, compare_.targets, compare_.overrides, "a recipe file, or the folders of finished runs",
                  overrides_help);
        compare->add_option("--attention", types_, "attention types, such as sdpa,super (default: all)");
        compare->add_option("--seeds", seeds_, "seeds for each, from train.seed on (default: 5)");
        compare->add_option("--jobs", jobs_,
                            "trainings beside each other, which share the threads (default: 1); their times then tell "
                            "nothing");
        compare->add_option("--baseline", compare_.baseline, "type that the others are compared with (default: sdpa)");
        compare->add_option("--metric", compare_.metric,
                            "of the test set (default: accuracy, micro_f1 of several labels, bleu of translations)");
        compare->add_option("--margin", margin_,
                            "difference that is too small to matter, in percentage points or in the metric's own unit "
                            "(default: 1; 0.02 of a loss)");
        compare
            ->add_option("--grid", compare_.grid,
                         "values of a setting out of which each type gets its own, by validation (several settings: a "
                         "--grid each)")
            ->type_name("KEY=VALUE,...")
            ->allow_extra_args(false);
        compare->add_option("--grid-seeds", grid_seeds_, "seeds with which each of these is tried (default: 1)");
        compare->add_option("--match", compare_.match,
                            "parameters or multiplies: every type gets as many as the baseline");
        compare->add_option("--match-by", compare_.match_by, "setting that is changed for it")->capture_default_str();
        compare->add_option("--claims", compare_.claims,
                            "file of claims to judge (default: each type is at least as good as the baseline)");
        compare->add_option("--name", compare_.name, "of the comparison: its folder is runs/compare/NAME");
        compare->add_option("--dir", compare_.folder, "its folder (default: runs/compare/ and the recipe's name)");
    }

    /// Files and settings in any order.
    static void add_files(CLI::App* command, std::vector<std::string>& files, std::vector<std::string>& settings,
                          const std::string& files_help, const std::string& settings_help) {
        const auto refusal = [](bool setting) {
            return [setting](const std::string& argument) {
                return is_setting(argument) == setting ? std::string() : std::string("not of this kind");
            };
        };
        constexpr int most_settings = 1024;  // CLI11 lets one list alone be without an end
        command->validate_positionals();
        command->add_option("files", files, files_help + "; one whose name looks like a setting: ./NAME")
            ->check(CLI::Validator(refusal(false), ""));
        command->add_option("settings", settings, settings_help)
            ->expected(0, most_settings)
            ->check(CLI::Validator(refusal(true), ""));
    }

    std::vector<std::string> command_names() const {
        std::vector<std::string> names;
        for (const CLI::App* command : app_.get_subcommands(nullptr)) names.push_back(command->get_name());
        return names;
    }

    CLI::App* chosen() const {
        const auto commands = app_.get_subcommands();
        return commands.empty() ? nullptr : commands.front();
    }

    void check_command_name(const std::string& name) const {
        const std::vector<std::string> names = command_names();
        if (name.starts_with('-') || std::find(names.begin(), names.end(), name) != names.end()) return;
        throw UserError("unknown command " + quote(name) + did_you_mean(name, names) + "; there are " + listed(names));
    }

    std::string with_command(const std::string& error) const {
        const std::string command = chosen() ? "heed " + chosen()->get_name() : "heed";
        return command + ": " + error + " (" + command + " --help tells more)";
    }

    void check_extras() const {
        const CLI::App* app = chosen() ? chosen() : &app_;
        const std::vector<std::string> extras = app->remaining();
        if (extras.empty()) return;
        const std::string& extra = extras.front();
        if (!extra.starts_with('-')) throw UserError(with_command("unexpected argument " + quote(extra)));
        std::vector<std::string> names;
        for (const CLI::Option* option : app->get_options()) {
            for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        }
        const std::string option = extra.substr(0, extra.find('='));
        std::string hint = did_you_mean(option, names);
        if (hint.empty() && app->get_option_no_throw("settings") != nullptr) {
            const std::string meant =
                keys_of_other_name(option.substr(std::min(option.find_first_not_of('-'), option.size())));
            hint = "; settings have no dashes: " + (meant.empty() ? "section.key" : meant) + "=value";
        }
        throw UserError(with_command("unknown option " + quote(extra) + hint));
    }

    /// An empty value, as of an unset variable of a shell, must not mean the default.
    void check_values() const {
        if (!chosen()) return;
        for (const CLI::Option* option : chosen()->get_options()) {
            if (option->get_lnames().empty()) continue;
            const std::vector<std::string>& values = option->results();
            if (std::find(values.begin(), values.end(), "") == values.end()) continue;
            throw UserError(with_command("--" + option->get_lnames().front() + " expects a value, got " + quote("")));
        }
    }

    /// A forgotten file name must not make an image the file that is written.
    static void check_dump(const std::string& file) {
        if (!file.ends_with(".safetensors")) {
            throw UserError("--dump expects names and then a file that ends in .safetensors, got " + quote(file));
        }
    }

    void check_embedding() const {
        const PredictRequest& request = predict_.request;
        if (request.embedding.empty()) return;
        const std::vector<std::string> forms = {"plain", "unit"};
        if (std::find(forms.begin(), forms.end(), request.embedding) == forms.end()) {
            throw UserError("--embedding expects " + listed(forms, " or ") + ", got " + quote(request.embedding) +
                            did_you_mean(request.embedding, forms));
        }
        if (!top_.empty() || request.csv || !request.dump.empty()) {
            throw UserError("--embedding prints vectors, as lines or with --json: it takes no --top, --csv or --dump");
        }
    }

    bool takes_settings(const CLI::App* app) const {
        return app == app_.get_subcommand("train") || app == app_.get_subcommand("check") ||
               app == app_.get_subcommand("compare") || app == app_.get_subcommand("reproduce") ||
               app == app_.get_subcommand("finetune");
    }

    CompletionCommand completion() {
        const auto& shells = completion_shells();
        if (std::find(shells.begin(), shells.end(), completion_.shell) == shells.end()) {
            throw UserError("heed completion expects " + listed(shells, " or ") + ", got " + quote(completion_.shell) +
                            did_you_mean(completion_.shell, shells));
        }
        for (const CLI::App* app : app_.get_subcommands(nullptr)) {
            CommandOutline outline{app->get_name(), app->get_description(), {}, takes_settings(app)};
            for (const CLI::Option* option : app->get_options()) {
                for (const std::string& name : option->get_lnames()) outline.options.push_back("--" + name);
            }
            completion_.commands.push_back(outline);
        }
        return completion_;
    }

    /// A number from 1 to 1024, or nothing.
    static void set_count(const char* option, const std::string& text, int64_t& value) {
        constexpr int64_t most = 1024;
        if (text.empty() || (parse_int(text, value) && value >= 1 && value <= most)) return;
        throw UserError(std::string(option) + " expects a whole number from 1 to 1024, got " + quote(text));
    }

    /// A forgotten file name must not make a text the file that is written.
    static void check_page(const char* option, const std::string& file) {
        if (file.ends_with(".html")) return;
        throw UserError(std::string(option) + " expects a file that ends in .html, got " + quote(file));
    }

    static void check_split(const std::string& split) {
        const std::vector<std::string> splits = {"train", "validation", "test"};
        if (std::find(splits.begin(), splits.end(), split) != splits.end()) return;
        throw UserError("--split expects " + listed(splits, " or ") + ", got " + quote(split) +
                        did_you_mean(split, splits));
    }

    ConvertCommand convert() {
        if (!budget_.empty()) {
            std::string number = budget_;
            if (number.ends_with('%')) number.pop_back();
            double percent = 0.0;
            if (!parse_double(number, percent) || !(percent > 0 && percent < 100)) {
                throw UserError("--budget expects a percentage above 0 and below 100, such as 75%, got " +
                                quote(budget_));
            }
            convert_.budget = percent / 100;
        }
        if (convert_.budget && !convert_.sensitivity) throw UserError("--budget needs --sensitivity");
        if (convert_.to.empty() && !convert_.sensitivity) {
            throw UserError("heed convert needs --to FILE.safetensors, the checkpoint that it writes");
        }
        if (!convert_.to.empty() && convert_.sensitivity && !convert_.budget) {
            throw UserError("--to has no effect with --sensitivity unless a --budget says which layers are swapped");
        }
        if (!convert_.to.empty() && !convert_.to.ends_with(".safetensors")) {
            throw UserError("--to expects a file that ends in .safetensors, got " + quote(convert_.to));
        }
        return convert_;
    }

    /// "50,25,12.5"
    static std::vector<double> percents(const std::string& text) {
        std::vector<double> numbers;
        for (size_t at = 0; at <= text.size();) {
            const size_t end = std::min(text.find(',', at), text.size());
            double number = 0.0;
            if (!parse_double(text.substr(at, end - at), number) || !(number > 0 && number <= 100)) {
                throw UserError("--scores expects percentages above 0 and up to 100, such as 50,25, got " +
                                quote(text));
            }
            numbers.push_back(number);
            at = end + 1;
        }
        return numbers;
    }

    /// "sdpa,super": none of them empty.
    static std::vector<std::string> listed_values(const char* option, const std::string& text) {
        std::vector<std::string> values;
        for (size_t at = 0; at <= text.size();) {
            const size_t end = std::min(text.find(',', at), text.size());
            values.push_back(text.substr(at, end - at));
            if (values.back().empty()) {
                throw UserError(std::string(option) + " expects values with commas between them, got " + quote(text));
            }
            at = end + 1;
        }
        return values;
    }

    CompareCommand compare() {
        if (compare_.targets.empty()) {
            throw UserError(with_command("a recipe file or the folders of finished runs are needed"));
        }
        if (!types_.empty()) compare_.types = listed_values("--attention", types_);
        set_count("--seeds", seeds_, compare_.seeds);
        compare_.seeds_given = !seeds_.empty();
        set_count("--jobs", jobs_, compare_.jobs);
        set_count("--grid-seeds", grid_seeds_, compare_.grid_seeds);
        for (const std::string& grid : compare_.grid) {
            if (is_setting(grid)) continue;
            throw UserError("--grid expects KEY=VALUE,VALUE such as optimizer.lr=1e-3,2e-3, got " + quote(grid));
        }
        const std::vector<std::string> sizes = {"parameters", "multiplies"};
        if (!compare_.match.empty() && std::find(sizes.begin(), sizes.end(), compare_.match) == sizes.end()) {
            throw UserError("--match expects parameters or multiplies, got " + quote(compare_.match) +
                            did_you_mean(compare_.match, sizes));
        }
        if (double margin = 0.0; !margin_.empty()) {
            if (!parse_double(margin_, margin) || margin < 0.0) {
                throw UserError("--margin expects a number from 0 on, got " + quote(margin_));
            }
            compare_.margin = margin;
        }
        if (!compare_.name.empty() && !compare_.folder.empty()) {
            throw UserError("--name and --dir exclude each other: both say where the comparison goes");
        }
        if (compare_.name.find('/') != std::string::npos) {
            throw UserError("--name expects the name of a folder in runs/compare, got " + quote(compare_.name) +
                            " (--dir takes any path)");
        }
        return compare_;
    }

    Command command() {
        const std::string name = chosen() ? chosen()->get_name() : "";
        if (name == "train") return train_;
        if (name == "finetune") return finetune_;
        if (name == "eval") {
            check_split(eval_.split);
            return eval_;
        }
        if (name == "sweep") {
            check_split(sweep_.split);
            if (!scores_.empty()) sweep_.percents = percents(scores_);
            set_count("--rounds", rounds_, sweep_.rounds);
            if (!sweep_.page.empty()) check_page("--page", sweep_.page);
            return sweep_;
        }
        if (name == "compare") return compare();
        if (name == "convert") {
            return convert();
        }
        if (name == "reproduce") {
            if (!seeds_.empty()) set_count("--seeds", seeds_, reproduce_.seeds.emplace(1));
            set_count("--jobs", jobs_, reproduce_.jobs);
            return reproduce_;
        }
        if (name == "predict") {
            set_count("--top", top_, predict_.request.top);
            if (predict_.request.json && predict_.request.csv) throw UserError("--json and --csv exclude each other");
            if (!top_.empty() && (predict_.request.json || predict_.request.csv)) {
                throw UserError(
                    "--top has no effect with --json or --csv, which have the probabilities of all classes");
            }
            check_embedding();
            if (!predict_.request.dump.empty()) check_dump(predict_.request.dump[1]);
            return predict_;
        }
        if (name == "translate") {
            set_count("--beam", beam_, translate_.request.beam);
            set_count("--n-best", n_best_, translate_.request.n_best);
            if (!translate_.request.attention.empty()) check_page("--attention", translate_.request.attention);
            return translate_;
        }
        if (name == "score") return score_;
        if (name == "data") {
            if (!timeout_.empty() && (!parse_int(timeout_, data_.timeout) || data_.timeout < 1)) {
                throw UserError("--timeout expects a whole number of seconds from 1 on, got " + quote(timeout_));
            }
            return data_;
        }
        if (name == "completion") return completion();
        if (name == "check") return check_;
        if (name == "import") return import_;
        if (name == "export") return export_;
        if (name == "info") return info_;
        if (name == "report") return report_;
        return help();
    }

    Command help() const {
        if (topic_.empty()) return ShowText{overview_};
        if (topic_ == "recipe") return ShowText{reference_page(recipe_spec())};
        std::vector<std::string> topics = command_names();
        topics.push_back("recipe");
        if (std::find(topics.begin(), topics.end(), topic_) == topics.end()) {
            throw UserError("heed help: unknown topic " + quote(topic_) + did_you_mean(topic_, topics) +
                            "; there are " + listed(topics));
        }
        return ShowText{app_.get_subcommand(topic_)->help("heed")};
    }

    CLI::App app_;
    TrainCommand train_;
    FinetuneCommand finetune_;
    SweepCommand sweep_;
    ConvertCommand convert_;
    std::string budget_;
    std::string scores_, rounds_;
    CompareCommand compare_;
    ReproduceCommand reproduce_;
    std::string types_, seeds_, jobs_, grid_seeds_, margin_;
    EvalCommand eval_;
    PredictCommand predict_;
    TranslateCommand translate_;
    ScoreCommand score_;
    CheckCommand check_;
    ImportCommand import_;
    ExportCommand export_;
    InfoCommand info_;
    ReportCommand report_;
    DataCommand data_;
    CompletionCommand completion_;
    std::string timeout_;
    std::string top_;
    std::string beam_, n_best_;
    std::string topic_;
    std::string overview_;
};

}  // namespace

const std::vector<std::string>& completion_shells() {
    static const std::vector<std::string> shells = {"bash", "zsh", "fish"};
    return shells;
}

Command parse_command_line(const std::vector<std::string>& arguments) {
    return CommandLine().parse(arguments);
}

}  // namespace heed
