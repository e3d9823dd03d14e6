#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/sets/parallel_data_set.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

struct EnEsOptions final : ParallelDataOptions {
    std::string direction = "en-es";

    void describe(Fields& fields) override {
        ParallelDataOptions::describe(fields);
        fields.add("direction", direction, "from English to Spanish, or the other way round")
            .choices({"en-es", "es-en"});
    }
};

const std::vector<std::string> en_es_files = {"spa.txt", "spa-eng/spa.txt", "spa-eng.zip"};

DataSearch en_es_search() {
    // The name is that of the catalogue, so that an error says how the files are got.
    return {"spa_eng",
            {"spa-eng", "spa_eng", "en_es"},
            en_es_files,
            "put spa-eng.zip of manythings.org/anki, packed or unpacked, into data/spa-eng, or name it by data.root"};
}

ParallelData open_en_es(const ParallelDataOptions& general) {
    const auto& options = dynamic_cast<const EnEsOptions&>(general);
    options.validate();
    std::error_code ignored;
    const fs::path file = fs::is_regular_file(options.root, ignored)
                              ? fs::path(options.root)
                              : find_data_file(find_data_folder(en_es_search(), options.root), en_es_files);
    std::vector<ParallelCorpus> corpora = {read_pair_file(file)};
    if (options.direction == "es-en") turn_around(corpora[0]);
    ParallelData data = split_parallel(std::move(corpora), parallel_split(options));
    data.name = "en_es";
    data.origin = file.string();
    return data;
}

constexpr const char* parallel_files_how_to_get =
    "name by data.pair_files files with a pair a line (TSV), or by data.source_files and data.target_files files whose "
    "lines belong together";

struct ParallelFilesOptions final : ParallelDataOptions {
    std::vector<std::string> source_files, target_files, pair_files;
    std::vector<double> weights;
    int64_t test_corpus = 0;
    std::string test_source, test_target, validation_source, validation_target;
    bool reverse = false;

    void describe(Fields& fields) override {
        ParallelDataOptions::describe(fields);
        fields
            .add("source_files", source_files,
                 "files of source sentences, in data.root if that is set, or else from here or from the places of "
                 "data sets")
            .path();
        fields.add("target_files", target_files, "their translations, file by file and line by line").path();
        fields
            .add("pair_files", pair_files,
                 "more corpora: files with a pair a line, separated by a tab (plain, .gz, .xz, or the only one in a "
                 ".zip)")
            .path();
        fields
            .add("weights", weights,
                 "how often a pair of each corpus is visited in an epoch, first those of data.source_files, then those "
                 "of data.pair_files; empty: once")
            .range(0.001, 1000);
        fields
            .add("test_corpus", test_corpus,
                 "number of the corpus that test and validation sentences are taken from, in the same order; 0: all")
            .range(0, 1e6);
        fields
            .add("test_source", test_source,
                 "source sentences of a test set of its own; empty: taken out of the corpora")
            .path();
        fields.add("test_target", test_target, "its translations, line by line").path();
        fields
            .add("validation_source", validation_source,
                 "source sentences of a validation set of its own; empty: taken out of the corpora")
            .path();
        fields.add("validation_target", validation_target, "its translations, line by line").path();
        fields.add("reverse", reverse, "translate from the second language to the first");
    }

    void validate() const override {
        ParallelDataOptions::validate();
        if (source_files.size() != target_files.size()) {
            throw UserError(fmt::format("data.source_files and data.target_files expect as many files, got {} and {}",
                                        source_files.size(), target_files.size()));
        }
        if (!weights.empty() && weights.size() != corpora()) {
            throw UserError(
                fmt::format("data.weights expects a number for each of {} corpora, got {}", corpora(), weights.size()));
        }
        if (test_corpus > std::max<int64_t>(1, static_cast<int64_t>(corpora()))) {
            throw UserError(
                fmt::format("data.test_corpus expects a number from 0 to {}, got {}", corpora(), test_corpus));
        }
        check_both("test", test_source, test_target);
        check_both("validation", validation_source, validation_target);
    }

    std::size_t corpora() const { return source_files.size() + pair_files.size(); }
    fs::path path(const std::string& file) const { return find_named_file(root, file); }

    ParallelCorpus read_aligned(const std::string& source, const std::string& target) const {
        ParallelCorpus corpus = read_line_aligned(TextFile(path(source)), TextFile(path(target)));
        if (reverse) turn_around(corpus);
        return corpus;
    }

private:
    static void check_both(const char* part, const std::string& source, const std::string& target) {
        if (source.empty() != target.empty()) {
            throw UserError(fmt::format("data.{}_source and data.{}_target belong together, data.{}_{} is missing",
                                        part, part, part, source.empty() ? "source" : "target"));
        }
    }
};

ParallelData open_parallel_files(const ParallelDataOptions& general) {
    const auto& options = dynamic_cast<const ParallelFilesOptions&>(general);
    options.validate();
    if (options.corpora() == 0) {
        throw UserError(std::string("data.pair_files is missing: the data set parallel_files expects it; ") +
                        parallel_files_how_to_get);
    }
    std::vector<ParallelCorpus> corpora;
    for (std::size_t i = 0; i < options.source_files.size(); ++i) {
        corpora.push_back(options.read_aligned(options.source_files[i], options.target_files[i]));
    }
    for (const std::string& file : options.pair_files) {
        corpora.push_back(read_pair_file(options.path(file)));
        if (options.reverse) turn_around(corpora.back());
    }
    std::string origin;
    for (std::size_t i = 0; i < corpora.size(); ++i) {
        if (!options.weights.empty()) corpora[i].weight = options.weights[i];
        origin += (i == 0 ? "" : ", ") + corpora[i].name;
    }
    ParallelSplit split = parallel_split(options);
    split.test_corpus = options.test_corpus - 1;
    ParallelCorpus test, validation;
    if (!options.test_source.empty()) {
        test = options.read_aligned(options.test_source, options.test_target);
        split.own_test = &test;
        origin += ", " + test.name;
    }
    if (!options.validation_source.empty()) {
        validation = options.read_aligned(options.validation_source, options.validation_target);
        split.own_validation = &validation;
        origin += ", " + validation.name;
    }
    ParallelData data = split_parallel(std::move(corpora), split);
    data.name = "parallel_files";
    data.origin = origin;
    return data;
}

ParallelData open_parallel_test_files(const ParallelDataOptions& general) {
    const auto& options = dynamic_cast<const ParallelFilesOptions&>(general);
    options.validate();
    return test_alone("parallel_files", options.read_aligned(options.test_source, options.test_target));
}

}  // namespace

ParallelDataSet en_es() {
    ParallelDataSet set;
    set.name = "en_es";
    set.summary = "English and Spanish sentences of Tatoeba (Anki's spa-eng), 118,964 pairs in the export of May 2018";
    set.search = en_es_search();
    set.how_to_get = set.search->how_to_get;
    set.make_options = [] { return std::make_unique<EnEsOptions>(); };
    set.open = open_en_es;
    return set;
}

ParallelDataSet parallel_files() {
    ParallelDataSet set;
    set.name = "parallel_files";
    set.summary = "own sentence pairs: files whose lines belong together (Moses, Europarl) or TSV, mixed with weights";
    set.how_to_get = parallel_files_how_to_get;
    set.make_options = [] { return std::make_unique<ParallelFilesOptions>(); };
    set.open = open_parallel_files;
    set.open_test = open_parallel_test_files;
    return set;
}

const std::vector<ParallelDataSet>& parallel_data_sets() {
    static const std::vector<ParallelDataSet> sets = {en_es(), wikitext2_leads(), wikitext103_leads(), parallel_files(),
                                                      text_pairs()};
    return sets;
}

const ParallelDataSet& parallel_data_set(std::string_view name) {
    std::vector<std::string> names;
    for (const ParallelDataSet& set : parallel_data_sets()) {
        if (set.name == name) return set;
        names.push_back(set.name);
    }
    throw UserError(
        fmt::format("data.name expects {}, got {}{}", listed(names, " or "), quote(name), did_you_mean(name, names)));
}

}  // namespace heed
