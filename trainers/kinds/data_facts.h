#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace heed {

class TrainingKind;

/// A tokenizer as load_tokenizer takes it.
struct StoredTokenizer {
    std::string kind, bytes;
};

/// A tokenizer by the name under which a checkpoint has it, "tokenizer" or "source_tokenizer".
using NamedTokenizer = std::pair<std::string, const StoredTokenizer*>;

/// Checksums of the data that a training was begun with; empty where one is not known.
struct DataFingerprints {
    std::string train, validation, test;

    /// The names of those parts ("training", "validation", "test") whose checksums are known in both and differ.
    std::vector<std::string> changed(const DataFingerprints& now) const;
};

/// What has to be known about data to use a model that was trained on them; kept in every checkpoint. Each kind of
/// training derives its own.
struct DataFacts {
    std::string name;
    std::vector<std::string> class_names;  ///< empty where nothing is classified, or the model has no head
    DataFingerprints fingerprints;

    virtual ~DataFacts() = default;

    virtual const TrainingKind& kind() const = 0;
    /// A JSON object of what only this kind knows, without the tokenizers' bytes.
    virtual std::string details() const = 0;

    /// Those that the model needs.
    virtual std::vector<NamedTokenizer> tokenizers() const { return {}; }
    /// Fills in the bytes of one of them.
    virtual void set_tokenizer(const std::string& /*name*/, std::string /*bytes*/) {}
};

using SharedFacts = std::shared_ptr<const DataFacts>;

/// All of the facts as JSON, without the tokenizers' bytes.
std::string facts_json(const DataFacts& facts);

/// Reads them back. Throws UserError, naming what is missing or cannot be.
std::unique_ptr<DataFacts> read_facts(const std::string& json);

/// Throws Error: the facts are not those of `expected`, the name of a kind.
[[noreturn]] void refuse_facts(const DataFacts& facts, const char* expected);

/// The facts as those of a kind. Throws Error where they are another's.
template <class Facts>
const Facts& facts_as(const DataFacts& facts) {
    const auto* typed = dynamic_cast<const Facts*>(&facts);
    if (!typed) refuse_facts(facts, Facts::kind_name);
    return *typed;
}

/// Throws UserError when the data are not those that a training was begun with.
void check_unchanged(const DataFacts& known, const DataFingerprints& now, const std::string& origin);

}  // namespace heed
