#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace heed {

// What the arguments of several commands have in common.

inline constexpr const char* target_help = "run folder (its best checkpoint, or else the last) or checkpoint file";
inline constexpr const char* overrides_help = "settings that replace those of the recipe, such as train.epochs=5";

/// Whether an argument is a setting: key=value. A file with such a name is given with a path in front (./a=b).
bool is_setting(const std::string& argument);

/// What is not known to the command is left over, to be refused with the nearest name.
CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& summary);

/// Files and settings in any order.
void add_files(CLI::App* command, std::vector<std::string>& files, std::vector<std::string>& settings,
               const std::string& files_help, const std::string& settings_help);

/// The same with a recipe, or none.
void add_recipe(CLI::App* command, std::string& recipe, std::vector<std::string>& settings,
                const std::string& recipe_help, const std::string& settings_help);

/// "heed compare: ERROR (heed compare --help tells more)"
std::string error_of_command(const std::string& command, const std::string& error);

// The following throw UserError for a value of an option that cannot be.

/// A number from 1 to 1024; an empty text, of an option that was not given, leaves the value as it is.
void set_count(const char* option, const std::string& text, int64_t& value);

/// A number from `least` to `most`; an empty text leaves the value as it is.
void set_number(const char* option, const std::string& text, int64_t& value, int64_t least, int64_t most);
void set_number(const char* option, const std::string& text, double& value, double least, double most);

/// A forgotten file name must not make a text the file that is written.
void check_page(const char* option, const std::string& file);

void check_split(const std::string& split);

/// "sdpa,super": none of them empty.
std::vector<std::string> listed_values(const char* option, const std::string& text);

}  // namespace heed
