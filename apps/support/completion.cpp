#include "heed/apps/support/completion.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "heed/apps/commands.h"
#include "heed/attention/registry.h"
#include "heed/datasets/catalogue/catalogue.h"
#include "heed/trainers/recipe/recipe_spec.h"

namespace heed {
namespace {

using Words = std::vector<std::string>;

std::string joined(const Words& words, const char* separator = " ") {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : separator) + word;
    return text;
}

/// Every key of a recipe with the values that it can have, where these can be listed.
std::map<std::string, Words> settings() {
    std::map<std::string, Words> result;
    const auto add = [&](const std::string& key, const Words& values) {
        Words& known = result[key];
        for (const std::string& value : values) {
            if (std::find(known.begin(), known.end(), value) == known.end()) known.push_back(value);
        }
    };
    for (const SectionSpec& section : recipe_spec()) {
        if (!section.selector.empty()) add(section.key(section.selector), section.choice_names());
        for (const SectionChoice& choice : section.choices) {
            const auto options = choice.make_options();
            Fields fields;
            options->describe(fields);
            for (const Field& field : fields) {
                const bool flag = field.type_name() == "bool";
                add(section.key(field.name()), flag ? Words{"true", "false"} : field.choices());
            }
        }
    }
    return result;
}

/// "key=" for every key, then "key=value" for the values that are known.
Words setting_words() {
    Words words;
    for (const auto& [key, values] : settings()) {
        words.push_back(key + "=");
        for (const std::string& value : values) words.push_back(key + "=" + value);
    }
    return words;
}

Words catalogue_names() {
    Words names;
    for (const CatalogueEntry& entry : catalogue()) names.push_back(entry.name);
    return names;
}

Words command_names(const CompletionCommand& command) {
    Words names;
    for (const CommandOutline& outline : command.commands) names.push_back(outline.name);
    return names;
}

/// What stands for a word that is neither an option nor a file: the actions of `data`, the topics of `help`, ...
Words plain_words(const CompletionCommand& command, const CommandOutline& outline) {
    Words words;
    if (outline.name == "data") {
        words = {"list", "get", "info"};
        for (const std::string& name : catalogue_names()) words.push_back(name);
    } else if (outline.name == "help") {
        words = command_names(command);
        words.push_back("recipe");
    } else if (outline.name == "completion") {
        words = completion_shells();
    } else if (outline.name == "compare") {
        for (const AttentionType& type : attention_types()) words.emplace_back(type.name);
    } else if (outline.name == "reproduce") {
        words = {"mnist", "cifar100", "imdb", "en_es"};
    }
    return words;
}

bool takes_files(const CommandOutline& outline) {
    return outline.name != "help" && outline.name != "completion" && outline.name != "reproduce";
}

constexpr const char* bash_frame = R"(# Completion of heed for bash: source <(heed completion bash)
_heed() {{
    local line=${{COMP_LINE:0:COMP_POINT}} settings words='' files=''
    local current=${{line##*[[:space:]]}} command=${{COMP_WORDS[1]}}
    settings='{settings}'
    if ((COMP_CWORD == 1)); then
        words='{commands} --help --version'
    else
        case $command in
{cases}        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [[ $files && $current != *=* && $current != -* ]]; then
        compopt -o filenames
        COMPREPLY+=($(compgen -f -- "$current"))
    fi
    # A key is offered before its values, and readline counts what follows "=" as a word of its own.
    if [[ $current != *=* ]]; then
        local word kept=()
        for word in "${{COMPREPLY[@]}}"; do [[ $word == *=?* ]] || kept+=("$word"); done
        COMPREPLY=("${{kept[@]}}")
    elif [[ $COMP_WORDBREAKS == *=* ]]; then
        COMPREPLY=("${{COMPREPLY[@]#"${{current%"${{current##*=}}"}}"}}")
    fi
    [[ ${{COMPREPLY[0]}} == *= ]] && compopt -o nospace
    return 0
}}
complete -F _heed heed ./heed
)";

std::string bash_script(const CompletionCommand& command) {
    std::string cases;
    for (const CommandOutline& outline : command.commands) {
        Words words = outline.options;
        for (const std::string& word : plain_words(command, outline)) words.push_back(word);
        cases += fmt::format("            {}) words='{}'", outline.name, joined(words));
        if (outline.takes_settings) cases += "\" $settings\"";
        if (takes_files(outline)) cases += " files=yes";
        cases += " ;;\n";
    }
    return fmt::format(bash_frame, fmt::arg("settings", joined(setting_words())),
                       fmt::arg("commands", joined(command_names(command))), fmt::arg("cases", cases));
}

/// In single quotes, for zsh and fish alike.
std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char c : text) {
        if (c == '\'') {
            result += "'\\''";
        } else {
            result += c;
        }
    }
    return result + "'";
}

constexpr const char* zsh_frame = R"(#compdef heed
# Completion of heed for zsh: source <(heed completion zsh), after compinit
_heed() {{
    local -a commands keys values
    commands=({commands})
    keys=({keys})
    values=({values})
    if ((CURRENT == 2)); then
        _describe command commands
        return
    fi
    case $words[2] in
{cases}    esac
}}
compdef _heed heed ./heed
)";

std::string zsh_script(const CompletionCommand& command) {
    std::string commands, cases;
    for (const CommandOutline& outline : command.commands) {
        commands += (commands.empty() ? "" : " ") + quoted(outline.name + ":" + outline.summary);
        Words words = outline.options;
        for (const std::string& word : plain_words(command, outline)) words.push_back(word);
        cases += "        " + outline.name + ")\n            compadd -- " + joined(words) + "\n";
        if (outline.takes_settings) {
            cases += "            if [[ $PREFIX == *=* ]]; then compadd -- $values; else compadd -S '' -- $keys; fi\n";
        }
        if (takes_files(outline)) cases += "            _files\n";
        cases += "            ;;\n";
    }
    Words keys, values;
    for (const std::string& word : setting_words()) (word.ends_with('=') ? keys : values).push_back(word);
    return fmt::format(zsh_frame, fmt::arg("commands", commands), fmt::arg("keys", joined(keys)),
                       fmt::arg("values", joined(values)), fmt::arg("cases", cases));
}

std::string fish_script(const CompletionCommand& command) {
    std::string text = "# Completion of heed for fish: heed completion fish | source\n";
    for (const CommandOutline& outline : command.commands) {
        text += fmt::format("complete -c heed -f -n __fish_use_subcommand -a {} -d {}\n", outline.name,
                            quoted(outline.summary));
        const std::string here = quoted("__fish_seen_subcommand_from " + outline.name);
        for (const std::string& option : outline.options) {
            text += fmt::format("complete -c heed -n {} -l {}\n", here, option.substr(2));
        }
        const Words words = plain_words(command, outline);
        if (!words.empty()) {
            text += fmt::format("complete -c heed {}-n {} -a {}\n", takes_files(outline) ? "" : "-f ", here,
                                quoted(joined(words)));
        }
        if (outline.takes_settings) {
            text += fmt::format("complete -c heed -n {} -a {}\n", here, quoted(joined(setting_words())));
        }
    }
    return text;
}

}  // namespace

std::string completion_script(const CompletionCommand& command) {
    if (command.shell == "bash") return bash_script(command);
    return command.shell == "zsh" ? zsh_script(command) : fish_script(command);
}

int run(const CompletionCommand& command) {
    fmt::print("{}", completion_script(command));
    return 0;
}

}  // namespace heed
