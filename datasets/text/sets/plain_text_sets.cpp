#include <fmt/core.h>

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"
#include "heed/datasets/text/sets/plain_text_set.h"
#include "heed/datasets/text/sets/wikitext_files.h"

namespace heed {

namespace {

namespace fs = std::filesystem;

constexpr const char* plain_text_how_to_get =
    "name by data.train_files one or more text files, or folders of them, and by data.validation_files and "
    "data.test_files others where there are some";

struct PlainFilesOptions final : PlainTextOptions {
    std::vector<std::string> train_files, validation_files, test_files;

    void describe(Fields& fields) override {
        PlainTextOptions::describe(fields);
        fields
            .add("train_files", train_files,
                 "text files to train on, or folders of them, in data.root if that is set, or else from here or from "
                 "the places of data sets; .gz and .xz are unpacked")
            .path();
        fields
            .add("validation_files", validation_files,
                 "the same for validation; empty: taken off the end of the training text")
            .path();
        fields.add("test_files", test_files, "the same for testing; empty: taken off the end of the training text")
            .path();
    }

    PlainText read(const std::vector<std::string>& files, TextBytes bytes, std::string& origin) const {
        std::vector<fs::path> paths;
        for (const std::string& file : files) {
            paths.push_back(find_named_file(root, file));
            origin += (origin.empty() ? "" : ", ") + paths.back().string();
        }
        return read_plain_text(paths, document_end(documents), bytes);
    }
};

/// Takes the parts that the data set lacks off the end of the training text.
PlainTextData with_parts(PlainTextData data, const PlainTextOptions& options) {
    refuse_equal_parts(data);
    const bool no_validation = data.validation.documents.empty(), no_test = data.test.documents.empty();
    const double whole = 1.0, test = no_test ? options.test : 0.0;
    if (no_test) data.test = take_end(data.train, test, "data.test");
    if (no_validation) {
        data.validation = take_end(data.train, options.validation / (whole - test), "data.validation");
    }
    add_overlap_remarks(data);
    return data;
}

PlainTextData open_plain_files(const PlainTextOptions& general, TextBytes bytes) {
    const auto& options = dynamic_cast<const PlainFilesOptions&>(general);
    options.validate();
    if (options.train_files.empty()) {
        throw UserError(std::string("data.train_files is missing: the data set plain_text expects it; ") +
                        plain_text_how_to_get);
    }
    PlainTextData data;
    data.name = "plain_text";
    data.train = options.read(options.train_files, bytes, data.origin);
    if (!options.validation_files.empty()) {
        data.validation = options.read(options.validation_files, bytes, data.origin);
    }
    if (!options.test_files.empty()) data.test = options.read(options.test_files, bytes, data.origin);
    return with_parts(std::move(data), options);
}

PlainTextSet plain_files() {
    PlainTextSet set;
    set.name = "plain_text";
    set.summary = "own text files, or folders of them";
    set.how_to_get = plain_text_how_to_get;
    set.make_options = [] { return std::make_unique<PlainFilesOptions>(); };
    set.open = open_plain_files;
    return set;
}

const std::vector<std::string> shakespeare_files = {"input.txt", "input.txt.gz"};

DataSearch shakespeare_search() {
    return {"tiny_shakespeare",
            {"tinyshakespeare", "tiny_shakespeare"},
            shakespeare_files,
            "put input.txt of github.com/karpathy/char-rnn (data/tinyshakespeare) into data/tinyshakespeare, or name "
            "its folder by data.root"};
}

PlainTextSet tiny_shakespeare() {
    PlainTextSet set;
    set.name = "tiny_shakespeare";
    set.summary = "1.1 MB of Shakespeare's plays (Karpathy, 2015): 90 % training, 5 % validation, 5 % test";
    set.search = shakespeare_search();
    set.how_to_get = set.search->how_to_get;
    set.make_options = [] { return std::make_unique<PlainTextOptions>(); };
    set.open = [](const PlainTextOptions& options, TextBytes bytes) {
        options.validate();
        const fs::path file = find_data_file(find_data_folder(shakespeare_search(), options.root), shakespeare_files);
        PlainTextData data;
        data.name = "tiny_shakespeare";
        data.origin = file.string();
        data.train = read_plain_text({file}, document_end(options.documents), bytes);
        return with_parts(std::move(data), options);
    };
    return set;
}

PlainTextSet wikitext(const std::string& number, const std::string& words) {
    const DataSearch search = wikitext_search(number);
    PlainTextSet set;
    set.name = search.name;
    set.summary = words + " words of good articles of Wikipedia (Merity et al., ICLR 2017), as words or raw";
    set.search = search;
    set.how_to_get = search.how_to_get;
    set.make_options = [] { return std::make_unique<PlainTextOptions>(); };
    set.open = [search](const PlainTextOptions& options, TextBytes bytes) {
        options.validate();
        const fs::path folder = find_data_folder(search, options.root);
        const auto read = [&](const std::string& part) {
            return read_plain_text({find_data_file(folder, wikitext_names(part))}, document_end(options.documents),
                                   bytes);
        };
        PlainTextData data{search.name, folder.string(), read("train"), read("valid"), read("test"), {}};
        refuse_equal_parts(data);
        add_overlap_remarks(data);
        return data;
    };
    return set;
}

}  // namespace

PlainTextData open_test_text(const PlainTextOptions& general, TextBytes bytes) {
    const auto& options = dynamic_cast<const PlainFilesOptions&>(general);
    options.validate();
    PlainTextData data;
    data.name = "plain_text";
    data.test = options.read(options.test_files, bytes, data.origin);
    return data;
}

const std::vector<PlainTextSet>& plain_text_sets() {
    static const std::vector<PlainTextSet> sets = {tiny_shakespeare(), wikitext("2", "2 million"),
                                                   wikitext("103", "103 million"), plain_files()};
    return sets;
}

const PlainTextSet& plain_text_set(std::string_view name) {
    std::vector<std::string> names;
    for (const PlainTextSet& set : plain_text_sets()) {
        if (set.name == name) return set;
        names.push_back(set.name);
    }
    throw UserError(
        fmt::format("data.name expects {}, got {}{}", listed(names, " or "), quote(name), did_you_mean(name, names)));
}

}  // namespace heed
