#include "heed/apps/arguments/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"

namespace heed {

bool is_setting(const std::string& argument) {
    const size_t end = argument.find('=');
    return end != std::string::npos && end > 0 &&
           std::all_of(argument.begin(), argument.begin() + static_cast<std::ptrdiff_t>(end), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                      c == '.';
           });
}

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& summary) {
    CLI::App* command = app.add_subcommand(name, summary);
    command->allow_extras();
    return command;
}

namespace {

/// A check by which CLI11 tells settings and files apart.
CLI::Validator only_settings(bool setting) {
    const auto refusal = [setting](const std::string& argument) {
        return is_setting(argument) == setting ? std::string() : std::string("not of this kind");
    };
    return {refusal, ""};
}

void add_settings(CLI::App* command, std::vector<std::string>& settings, const std::string& help) {
    constexpr int most_settings = 1024;  // CLI11 lets one list alone be without an end
    command->validate_positionals();
    command->add_option("settings", settings, help)->expected(0, most_settings)->check(only_settings(true));
}

}  // namespace

void add_files(CLI::App* command, std::vector<std::string>& files, std::vector<std::string>& settings,
               const std::string& files_help, const std::string& settings_help) {
    command->add_option("files", files, files_help + "; one whose name looks like a setting: ./NAME")
        ->check(only_settings(false));
    add_settings(command, settings, settings_help);
}

void add_recipe(CLI::App* command, std::string& recipe, std::vector<std::string>& settings,
                const std::string& recipe_help, const std::string& settings_help) {
    command->add_option("recipe", recipe, recipe_help)->check(only_settings(false));
    add_settings(command, settings, settings_help);
}

std::string error_of_command(const std::string& command, const std::string& error) {
    const std::string name = command.empty() ? "heed" : "heed " + command;
    return name + ": " + error + " (" + name + " --help tells more)";
}

void set_count(const char* option, const std::string& text, int64_t& value) {
    set_number(option, text, value, 1, 1024);
}

void set_number(const char* option, const std::string& text, int64_t& value, int64_t least, int64_t most) {
    int64_t number = 0;
    if (text.empty()) return;
    if (parse_int(text, number) && number >= least && number <= most) {
        value = number;
        return;
    }
    throw UserError(fmt::format("{} expects a whole number from {} to {}, got {}", option, least, most, quote(text)));
}

void set_number(const char* option, const std::string& text, double& value, double least, double most) {
    double number = 0.0;
    if (text.empty()) return;
    if (parse_double(text, number) && number >= least && number <= most) {
        value = number;
        return;
    }
    throw UserError(fmt::format("{} expects a number from {} to {}, got {}", option, format_double(least),
                                format_double(most), quote(text)));
}

void check_page(const char* option, const std::string& file) {
    if (file.ends_with(".html")) return;
    throw UserError(std::string(option) + " expects a file that ends in .html, got " + quote(file));
}

void check_split(const std::string& split) {
    const std::vector<std::string> splits = {"train", "validation", "test"};
    if (std::find(splits.begin(), splits.end(), split) != splits.end()) return;
    throw UserError("--split expects " + listed(splits, " or ") + ", got " + quote(split) +
                    did_you_mean(split, splits));
}

std::vector<std::string> listed_values(const char* option, const std::string& text) {
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

}  // namespace heed
