#include "heed/trainers/loop/parameter_rules.h"

#include <algorithm>
#include <set>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/number_text.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/optimizers/optimizer_options.h"
#include "heed/trainers/recipe/train_options.h"

namespace heed {

namespace {

bool fits_any(const std::string& name, const std::vector<std::string>& patterns) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string& pattern) { return name.find(pattern) != std::string::npos; });
}

/// An item of optimizer.lr_scale, which its options have checked.
struct ScaledPattern {
    std::string pattern;
    double factor = 1.0;

    explicit ScaledPattern(const std::string& text) : pattern(text.substr(0, text.rfind('='))) {
        parse_double(text.substr(text.rfind('=') + 1), factor);
    }
};

/// All names, and what stands between their dots: "head.weight", "head", "weight".
std::vector<std::string> names_and_pieces(const std::vector<std::string>& names) {
    std::set<std::string> pieces;
    for (const std::string& name : names) {
        pieces.insert(name);
        for (size_t at = 0; at != std::string::npos;) {
            const size_t dot = name.find('.', at);
            pieces.insert(name.substr(at, dot == std::string::npos ? dot : dot - at));
            at = dot == std::string::npos ? dot : dot + 1;
        }
    }
    return {pieces.begin(), pieces.end()};
}

void check_patterns(const char* key, const std::vector<std::string>& patterns, const std::vector<std::string>& names) {
    for (const std::string& pattern : patterns) {
        const bool fits = !pattern.empty() && std::any_of(names.begin(), names.end(), [&](const std::string& name) {
            return name.find(pattern) != std::string::npos;
        });
        if (fits) continue;
        throw UserError(std::string(key) + " expects parts of the names of parameters, but none contains " +
                        quote(pattern) + did_you_mean(pattern, names_and_pieces(names)) +
                        "; heed info and docs/checkpoints.md list the names");
    }
}

}  // namespace

ParameterRules parameter_rules(const Recipe& recipe) {
    const TrainOptions& train = recipe.options<TrainOptions>("train");
    const OptimizerOptions& optimizer = recipe.options<OptimizerOptions>("optimizer");
    ParameterRules rules;
    if (!train.freeze.empty() || !train.only.empty()) {
        rules.frozen = [frozen = train.freeze, trained = train.only](const std::string& name) {
            return fits_any(name, frozen) || (!trained.empty() && !fits_any(name, trained));
        };
    }
    if (!optimizer.no_decay.empty()) {
        rules.no_decay = [patterns = optimizer.no_decay](const std::string& name) { return fits_any(name, patterns); };
    }
    if (!optimizer.lr_scale.empty()) {
        const std::vector<ScaledPattern> scales(optimizer.lr_scale.begin(), optimizer.lr_scale.end());
        rules.lr_scale = [scales](const std::string& name) {
            double factor = 1.0;
            for (const ScaledPattern& scale : scales) {
                if (name.find(scale.pattern) != std::string::npos) factor = scale.factor;
            }
            return factor;
        };
    }
    return rules;
}

std::unique_ptr<ParameterStore> make_parameter_store(const Recipe& recipe, Context& context, Module& model) {
    const TrainOptions& train = recipe.options<TrainOptions>("train");
    const OptimizerOptions& optimizer = recipe.options<OptimizerOptions>("optimizer");
    const ParameterRules rules = parameter_rules(recipe);
    try {
        auto store = std::make_unique<ParameterStore>(context, model, static_cast<uint64_t>(train.seed), rules.frozen,
                                                      rules.no_decay, rules.lr_scale);
        std::vector<std::string> names, scaled;
        bool trains = false;
        for (const Parameter* parameter : store->parameters()) {
            trains = trains || parameter->trainable();
            for (const ParameterPart& part : parameter->parts()) names.push_back(part.name);
        }
        for (const std::string& text : optimizer.lr_scale) scaled.push_back(ScaledPattern(text).pattern);
        check_patterns("train.freeze", train.freeze, names);
        check_patterns("train.only", train.only, names);
        check_patterns("optimizer.no_decay", optimizer.no_decay, names);
        check_patterns("optimizer.lr_scale", scaled, names);
        if (!trains) {
            throw UserError(train.only.empty() ? "train.freeze leaves nothing to be trained"
                                               : "train.only and train.freeze leave nothing to be trained");
        }
        return store;
    } catch (const UserError& error) {
        throw UserError(recipe.placed(error.what()));
    }
}

}  // namespace heed
