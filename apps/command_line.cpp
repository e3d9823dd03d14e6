#include "heed/apps/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "heed/apps/arguments/answer_arguments.h"
#include "heed/apps/arguments/arguments.h"
#include "heed/apps/arguments/benchmark_arguments.h"
#include "heed/apps/arguments/comparison_arguments.h"
#include "heed/apps/arguments/folder_arguments.h"
#include "heed/apps/arguments/model_arguments.h"
#include "heed/apps/arguments/training_arguments.h"
#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
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
/// taken in order. What is set here is what the commands have, too.
class Program final : public CLI::App {
public:
    Program() : CLI::App(program_summary, "heed") {
        set_version_flag("--version", "");
        get_option("--version")->description("show version, build and what this machine offers");
        set_help_flag("-h,--help", "show this help");
        footer(program_footer);
        formatter(std::make_shared<UsageFormatter>());
        require_subcommand(0, 1);
        allow_extras();  // refused below, with the nearest name
    }
};

class CommandLine {
public:
    CommandLine() {
        CLI::App* completion =
            add_command(app_, "completion", "print a script that makes a shell complete commands and settings");
        completion->add_option("shell", completion_.shell, listed(completion_shells(), " or "))->required();

        CLI::App* help =
            add_command(app_, "help", "explain a command, or every setting of a recipe (heed help recipe)");
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
        std::string text = "heed";
        for (const std::string& argument : arguments) text += " " + shell_argument(argument);
        return command(text);
    }

private:
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
        return error_of_command(chosen() ? chosen()->get_name() : "", error);
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

    Command command(const std::string& text) {
        const std::string name = chosen() ? chosen()->get_name() : "";
        for (std::optional<Command> command :
             {training_.command(name), models_.command(name), comparisons_.command(name, text), answers_.command(name),
              benchmarks_.command(name), folders_.command(name)}) {
            if (command) return std::move(*command);
        }
        return name == "completion" ? Command(completion()) : help();
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

    Program app_;
    TrainingArguments training_{app_};
    ModelArguments models_{app_};
    ComparisonArguments comparisons_{app_};
    AnswerArguments answers_{app_};
    BenchmarkArguments benchmarks_{app_};
    FolderArguments folders_{app_};
    CompletionCommand completion_;
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
