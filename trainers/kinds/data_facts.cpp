#include "heed/trainers/kinds/data_facts.h"

#include <nlohmann/json.hpp>
#include <set>

#include "heed/core/error.h"
#include "heed/core/files/json_problem.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/trainers/kinds/registry.h"

namespace heed {

namespace {

/// The first checkpoints had what is known of images at the top.
nlohmann::json with_named_kind(nlohmann::json json) {
    if (!json.contains("shape")) return json;
    for (const char* name : {"shape", "mean", "deviation"}) json["images"][name] = json.at(name);
    return json;
}

/// They are shown on screens and in reports: as those of data, they are plain text, and each stands once.
void check_class_names(const std::vector<std::string>& names) {
    std::set<std::string> known;
    for (const std::string& name : names) {
        const bool plain = is_printable(name);
        if (name.empty() || !plain || !known.insert(name).second) {
            throw UserError("the class name " + quote(name) +
                            (name.empty() || !plain ? " is not plain text" : " comes twice"));
        }
    }
}

}  // namespace

std::vector<std::string> DataFingerprints::changed(const DataFingerprints& now) const {
    std::vector<std::string> parts;
    const auto compare = [&](const char* part, const std::string& before, const std::string& after) {
        if (!before.empty() && !after.empty() && before != after) parts.emplace_back(part);
    };
    compare("training", train, now.train);
    compare("validation", validation, now.validation);
    compare("test", test, now.test);
    return parts;
}

std::string facts_json(const DataFacts& facts) {
    nlohmann::json json = {{"name", facts.name}, {"class_names", facts.class_names}};
    const auto add_fingerprint = [&](const char* key, const std::string& value) {
        if (!value.empty()) json[key] = value;
    };
    add_fingerprint("fingerprint", facts.fingerprints.train);
    add_fingerprint("validation_fingerprint", facts.fingerprints.validation);
    add_fingerprint("test_fingerprint", facts.fingerprints.test);
    json[facts.kind().id()] = nlohmann::json::parse(facts.details());
    return json.dump();
}

std::unique_ptr<DataFacts> read_facts(const std::string& text) {
    try {
        const nlohmann::json json = with_named_kind(nlohmann::json::parse(text));
        for (const TrainingKind* kind : training_kinds()) {
            if (!json.contains(kind->id())) continue;
            std::unique_ptr<DataFacts> facts = kind->read_details(json.at(kind->id()).dump());
            facts->name = json.at("name").get<std::string>();
            facts->class_names = json.at("class_names").get<std::vector<std::string>>();
            // Older checkpoints have none of these, or the first.
            facts->fingerprints = {json.value("fingerprint", ""), json.value("validation_fingerprint", ""),
                                   json.value("test_fingerprint", "")};
            check_class_names(facts->class_names);
            return facts;
        }
    } catch (const nlohmann::json::exception& error) {
        throw UserError(json_problem(error));
    }
    throw UserError("of which kind the data are is missing");
}

void refuse_facts(const DataFacts& facts, const char* expected) {
    throw Error("the model was trained on " + facts.name + ", which holds no " + expected);
}

void check_unchanged(const DataFacts& known, const DataFingerprints& now, const std::string& origin) {
    const std::vector<std::string> changed = known.fingerprints.changed(now);
    if (changed.empty()) return;
    throw UserError("the " + listed(changed) + " data in " + origin +
                    " are not those that the training was begun with: put those back, or start a new run without "
                    "--resume");
}

}  // namespace heed
