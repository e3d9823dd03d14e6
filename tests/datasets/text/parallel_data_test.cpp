#include "heed/datasets/text/parallel_data.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/text/sets/parallel_data_set.h"
#include "heed/tests/support/archives.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::parallel_data_test {
namespace {

namespace fs = std::filesystem;
using test::contains;
using test::message_of;
using test::write_text;
using Settings = std::vector<std::pair<std::string, std::string>>;

class Parallel : public testing::Test {
protected:
    Parallel() {
        fs::current_path(scratch_.path());
        unsetenv("HEED_DATA");
    }
    ~Parallel() override { fs::current_path(home_); }

    static ParallelData open(const std::string& name, const Settings& settings) {
        const ParallelDataSet& set = parallel_data_set(name);
        const auto options = set.make_options();
        Fields fields;
        options->describe(fields);
        for (const auto& [key, value] : settings) EXPECT_EQ(fields.find(key)->set_from_text(value), "") << key;
        options->validate();
        return set.open(*options);
    }
    static std::string refusal(const std::string& name, const Settings& settings) {
        return message_of<UserError>([&] { open(name, settings); });
    }

    fs::path home_ = fs::current_path();
    test::TemporaryFolder scratch_;
};

/// Chains and stars of pairs that share sources or targets, and many pairs that stand alone.
ParallelCorpus tangled_corpus(int groups) {
    ParallelCorpus corpus;
    corpus.name = "tangled";
    const auto add = [&](const std::string& source, const std::string& target) {
        corpus.sources.push_back(source);
        corpus.targets.push_back(target);
    };
    for (int i = 0; i < groups; ++i) {
        const std::string n = std::to_string(i);
        if (i % 4 == 0) {
            add("Hi " + n, "Hola " + n);
            add("Hello " + n, "Hola " + n);
            add("Hello " + n, "Buenas " + n);
            add("Good day " + n, "Buenas " + n);
        } else if (i % 4 == 1) {
            add("Go " + n, "Ve " + n);
            add("Go " + n, "Vaya " + n);
            add("Go " + n, "Ve " + n);
        } else {
            add("One " + n, "Uno " + n);
        }
    }
    add("Same", "Same");  // the same text on both sides is two different sentences
    std::rotate(corpus.sources.begin(), corpus.sources.begin() + 50, corpus.sources.end());
    std::rotate(corpus.targets.begin(), corpus.targets.begin() + 50, corpus.targets.end());
    return corpus;
}

void expect_disjoint(const ParallelData& data) {
    const auto sentences = [](const ReferenceText& text) {
        std::set<std::string> result;
        for (int64_t i = 0; i < text.size(); ++i) {
            const auto place = static_cast<std::size_t>(i);
            EXPECT_TRUE(result.insert("source " + text.sources[place]).second) << "a source comes twice";
            for (const std::string& reference : text.references[place]) result.insert("target " + reference);
        }
        return result;
    };
    std::set<std::string> train;
    for (const std::string& text : data.train.sources) train.insert("source " + text);
    for (const std::string& text : data.train.targets) train.insert("target " + text);
    const std::set<std::string> test = sentences(data.test), validation = sentences(data.validation);
    for (const std::string& text : test) {
        EXPECT_FALSE(train.contains(text)) << text;
        EXPECT_FALSE(validation.contains(text)) << text;
    }
    for (const std::string& text : validation) EXPECT_FALSE(train.contains(text)) << text;
}

TEST_F(Parallel, NoSentenceOfTestOrValidationIsTrainedOn) {
    for (const uint64_t seed : {0, 1, 2}) {
        const ParallelData data = split_parallel({tangled_corpus(200)}, {40, 25, seed});
        EXPECT_EQ(data.test.size(), 40);
        EXPECT_EQ(data.validation.size(), 25);
        expect_disjoint(data);
        EXPECT_EQ(data.train.size() + data.held_back, tangled_corpus(200).size());
        EXPECT_GT(data.held_back, 65);
    }
}

TEST_F(Parallel, ReferencesAreAllOfASourceInTheOrderOfTheFile) {
    const ParallelData data = split_parallel({tangled_corpus(200)}, {60, 0, 3});
    std::set<std::size_t> counts;
    for (std::size_t i = 0; i < data.test.sources.size(); ++i) {
        counts.insert(data.test.references[i].size());
        if (data.test.sources[i].starts_with("Go ")) {
            const std::string n = data.test.sources[i].substr(3);
            EXPECT_EQ(data.test.references[i], (std::vector<std::string>{"Ve " + n, "Vaya " + n}));
        }
    }
    EXPECT_EQ(counts, (std::set<std::size_t>{1, 2}));
    const ParallelCorpus corpus = tangled_corpus(200);
    std::vector<std::ptrdiff_t> places;
    for (const std::string& source : data.test.sources) {
        places.push_back(std::find(corpus.sources.begin(), corpus.sources.end(), source) - corpus.sources.begin());
    }
    EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
}

TEST_F(Parallel, TheSplitDependsOnTheSeedAlone) {
    const ParallelData a = split_parallel({tangled_corpus(200)}, {40, 20, 5});
    const ParallelData b = split_parallel({tangled_corpus(200)}, {40, 20, 5});
    const ParallelData c = split_parallel({tangled_corpus(200)}, {40, 20, 6});
    EXPECT_EQ(a.test.sources, b.test.sources);
    EXPECT_EQ(a.train.sources, b.train.sources);
    EXPECT_NE(a.test.sources, c.test.sources);
}

TEST_F(Parallel, TheSideOfASentenceFollowsFromItsContent) {
    const ParallelCorpus corpus = tangled_corpus(200);
    ParallelCorpus turned = corpus;
    std::reverse(turned.sources.begin(), turned.sources.end());
    std::reverse(turned.targets.begin(), turned.targets.end());
    const auto sources = [](const ReferenceText& text) {
        return std::set<std::string>(text.sources.begin(), text.sources.end());
    };
    const ParallelData before = split_parallel({corpus}, {40, 20, 5}), after = split_parallel({turned}, {40, 20, 5});
    EXPECT_EQ(sources(before.test), sources(after.test));
    EXPECT_EQ(sources(before.validation), sources(after.validation));
    // A few more pairs displace a few sentences at most.
    ParallelCorpus more = corpus;
    more.sources.insert(more.sources.begin(), {"new a", "new b"});
    more.targets.insert(more.targets.begin(), {"nuevo a", "nuevo b"});
    const std::set<std::string> old = sources(before.test), now = sources(split_parallel({more}, {40, 20, 5}).test);
    std::vector<std::string> kept;
    std::set_intersection(old.begin(), old.end(), now.begin(), now.end(), std::back_inserter(kept));
    EXPECT_GE(kept.size(), 36u);
}

TEST_F(Parallel, SentencesThatDifferInCaseAndBlanksAreOne) {
    ParallelCorpus corpus;
    for (int i = 0; i < 100; ++i) {
        const std::string n = std::to_string(i);
        corpus.sources.insert(corpus.sources.end(), {"Go  home " + n, "go home " + n});
        corpus.targets.insert(corpus.targets.end(), {"Ve a casa " + n, "Vete a casa " + n});
    }
    const ParallelData data = split_parallel({corpus}, {20, 10, 0});
    std::set<std::string> test;
    for (const std::string& source : data.test.sources) test.insert(source.substr(source.rfind(' ')));
    EXPECT_EQ(test.size(), 10u);
    for (const std::string& source : data.train.sources) EXPECT_FALSE(test.contains(source.substr(source.rfind(' '))));
}

TEST_F(Parallel, ALimitKeepsAFixedSubsetOfTheTrainingPairs) {
    ParallelSplit split{10, 0, 0};
    const auto pairs = [&](int64_t limit) {
        split.limit = limit;
        const ParallelData data = split_parallel({tangled_corpus(200)}, split);
        EXPECT_EQ(data.test.size(), 10);
        EXPECT_EQ(data.train.weights.size(), data.train.sources.size());
        std::set<std::string> result;
        for (std::size_t i = 0; i < data.train.sources.size(); ++i) {
            result.insert(data.train.sources[i] + "\t" + data.train.targets[i]);
        }
        return result;
    };
    const std::set<std::string> few = pairs(20), more = pairs(60);
    EXPECT_GE(few.size(), 18u);  // a pair may stand there twice
    EXPECT_LE(few.size(), 20u);
    EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end()));
}

TEST_F(Parallel, TestSentencesCanComeFromOneCorpusOfSeveral) {
    ParallelCorpus other = tangled_corpus(80);
    other.name = "other";
    other.weight = 0.5;
    for (std::string& target : other.targets) target += " more";
    const ParallelData data = split_parallel({tangled_corpus(200), other}, {40, 20, 0, 0});
    expect_disjoint(data);
    EXPECT_EQ(data.test.size(), 40);
    for (const auto& references : data.test.references) {
        for (const std::string& reference : references) EXPECT_FALSE(reference.ends_with(" more")) << reference;
    }
    EXPECT_EQ(std::set<float>(data.train.weights.begin(), data.train.weights.end()), (std::set<float>{0.5F, 1}));
}

TEST_F(Parallel, TooFewSentencesAreRefused) {
    EXPECT_TRUE(contains(message_of<UserError>([] {
                             split_parallel({tangled_corpus(60)}, {2000, 1000, 0});
                         }),
                         "data.test 2000 and data.validation 1000 ask for more source sentences"));
    ParallelCorpus one;
    one.sources = {"a"};
    one.targets = {"b"};
    EXPECT_TRUE(contains(message_of<UserError>([&] {
                             split_parallel({one}, {1, 0, 0});
                         }),
                         "pairs of sentences to train on"));
}

TEST_F(Parallel, AnkiIsReadFromItsZipAndPlain) {
    std::string lines;
    for (int i = 0; i < 50; ++i) {
        lines += "Go " + std::to_string(i) + ".\t¡Ve " + std::to_string(i) + "!" +
                 (i % 2 ? "\tCC-BY 2.0 (France) Attribution\n" : "\r\n");
    }
    fs::create_directories("data/spa-eng");
    write_text("data/spa-eng/spa-eng.zip",
               test::zip({{"spa-eng/"}, {"spa-eng/spa.txt", lines}, {"spa-eng/_about.txt", "About\n"}}));
    const Settings settings = {{"test", "10"}, {"validation", "5"}};
    const ParallelData packed = open("en_es", settings);
    EXPECT_EQ(packed.test.size(), 10);
    EXPECT_EQ(packed.train.size(), 35);
    EXPECT_EQ(packed.test.sources[0].substr(0, 3), "Go ");
    EXPECT_EQ(packed.test.references[0][0],
              "¡Ve " + packed.test.sources[0].substr(3, packed.test.sources[0].size() - 4) + "!");
    EXPECT_TRUE(contains(describe(packed), "50 pairs, weight 1"));
    write_text("data/spa-eng/spa.txt", lines);
    EXPECT_EQ(open("en_es", settings).train.targets, packed.train.targets);
    write_text("lines.txt", lines);
    EXPECT_EQ(open("en_es", {{"root", "lines.txt"}, {"test", "10"}, {"validation", "5"}}).train.targets,
              packed.train.targets);
    const ParallelData reverse = open("en_es", {{"direction", "es-en"}, {"test", "10"}, {"validation", "5"}});
    EXPECT_EQ(reverse.test.sources[0].substr(0, 3), "¡V");
}

TEST_F(Parallel, LineAlignedFilesAndTsvAreMixed) {
    std::string english, spanish, pairs;
    for (int i = 0; i < 30; ++i) {
        const std::string n = std::to_string(i);
        english += "House " + n + "\n";
        spanish += i == 7 ? "\n" : "Casa " + n + "\n";
        pairs += "Tree " + n + "\tÁrbol " + n + "\n";
    }
    write_text("e.en", english);
    write_text("e.es.gz", test::gzip(spanish));
    write_text("p.tsv", pairs);
    Settings settings = {{"source_files", "[e.en]"}, {"target_files", "[e.es.gz]"}, {"pair_files", "[p.tsv]"},
                         {"weights", "[0.25, 2]"},   {"test_corpus", "2"},          {"test", "4"},
                         {"validation", "3"}};
    const ParallelData data = open("parallel_files", settings);
    EXPECT_EQ(data.train.size(), 29 + 30 - 7);
    EXPECT_EQ(data.train.weights.front(), 0.25F);
    EXPECT_EQ(data.train.weights.back(), 2.0F);
    for (const std::string& source : data.test.sources) EXPECT_TRUE(source.starts_with("Tree "));
    EXPECT_TRUE(contains(describe(data), "29 pairs, weight 0.25, 1 left out (an empty sentence)"));

    write_text("t.en", "House 3\nNew\n");
    write_text("t.es", "Hogar\nÁrbol 5\n");
    settings.insert(settings.end(), {{"test_source", "t.en"}, {"test_target", "t.es"}});
    const ParallelData own = open("parallel_files", settings);
    EXPECT_EQ(own.test.sources, (std::vector<std::string>{"House 3", "New"}));
    EXPECT_EQ(own.validation.size(), 3);
    EXPECT_EQ(own.train.size(), 28 + 29 - 3);
    expect_disjoint(own);
    EXPECT_TRUE(contains(describe(own),
                         "2 training pairs are left out, as their source or target stands in a test or validation set "
                         "of its own"));

    write_text("t.en", "House 3\nNew\n\nNew\n");
    write_text("t.es", "Hogar\nÁrbol 5\n\nNuevo\n");
    const ParallelData repeated = open("parallel_files", settings);
    EXPECT_EQ(repeated.test.sources, (std::vector<std::string>{"House 3", "New", "New"})) << "every line is scored";
    EXPECT_EQ(repeated.test.references, (std::vector<std::vector<std::string>>{{"Hogar"}, {"Árbol 5"}, {"Nuevo"}}));
    EXPECT_TRUE(contains(describe(repeated), "3 pairs, not trained on, 1 left out (an empty sentence)"));
}

TEST_F(Parallel, ASetOfItsOwnIsNoCopyOfAnother) {
    write_text("a", "one\ntwo\nthree\nfour\n");
    write_text("b", "uno\ndos\ntres\ncuatro\n");
    write_text("c", "two\none\nThree\nfour");
    write_text("d", "dos\nuno\ntres\ncuatro");
    EXPECT_EQ(refusal("parallel_files", {{"source_files", "[a]"},
                                         {"target_files", "[b]"},
                                         {"test_source", "c"},
                                         {"test_target", "d"},
                                         {"validation", "0"}}),
              "the test set 'c' and 'd' holds the same pairs as 'a' and 'b': expected others");
    write_text("e", "two\nfive\n");
    write_text("f", "dos\ncinco\n");
    EXPECT_EQ(refusal("parallel_files", {{"source_files", "[a]"},
                                         {"target_files", "[b]"},
                                         {"test_source", "e"},
                                         {"test_target", "f"},
                                         {"validation_source", "e"},
                                         {"validation_target", "f"}}),
              "the test set 'e' and 'f' holds the same pairs as 'e' and 'f': expected others");
}

TEST_F(Parallel, BlankLinesAtTheEndAreNoPairs) {
    write_text("a", "one\ntwo\nthree\n\n");
    write_text("b", "uno\ndos\ntres");
    EXPECT_EQ(read_line_aligned(TextFile("a"), TextFile("b")).size(), 3);
    write_text("b", "uno\ndos\ntres\ncuatro");
    EXPECT_EQ(read_line_aligned(TextFile("a"), TextFile("b")).left_out, 1);
    write_text("p.tsv", "one\tuno\n\ntwo\tdos\n  \n\n");
    EXPECT_EQ(read_tab_separated_pairs(TextFile("p.tsv")).size(), 2);
}

TEST_F(Parallel, ASourceOfManyTranslationsTakesNoLongerThanItHasTo) {
    ParallelCorpus corpus;
    for (int i = 0; i < 60'000; ++i) {
        corpus.sources.emplace_back("the same");
        corpus.targets.push_back("a long translation that is like the others but for its number " + std::to_string(i));
    }
    corpus.sources.emplace_back("another");
    corpus.targets.emplace_back("otra");
    for (uint64_t seed = 0;; ++seed) {
        ASSERT_LT(seed, 50u);
        const auto start = std::chrono::steady_clock::now();
        const ParallelData data = split_parallel({corpus}, {1, 0, seed});
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        if (data.test.sources[0] != "the same") continue;
        EXPECT_EQ(data.test.references[0].size(), 60'000u);
        EXPECT_LT(seconds.count(), 10.0);
        break;
    }
}

TEST_F(Parallel, BadFilesAreNamedByFileAndLine) {
    write_text("a", "one\ntwo\nthree\n");
    write_text("b", "uno\ndos");
    const Settings aligned = {{"source_files", "[a]"}, {"target_files", "[b]"}};
    EXPECT_EQ(refusal("parallel_files", aligned), "expected as many lines in 'a' as in 'b', found 3 and 2");
    write_text("b", "uno\n\xff\ntres");
    EXPECT_TRUE(contains(refusal("parallel_files", aligned), "'b', line 2: expected UTF-8 text"));
    write_text("b", std::string("u\0o\n2\n3\n", 8));
    EXPECT_TRUE(contains(refusal("parallel_files", aligned), "'b', line 1: expected UTF-8 text, found a NUL byte"));
    write_text("b", "\n\n\n");
    EXPECT_TRUE(contains(refusal("parallel_files", aligned), "expected pairs of sentences in 'a' and 'b', found none"));
    write_text("p.tsv", "one\tuno\ntwo dos\n");
    EXPECT_EQ(refusal("parallel_files", {{"pair_files", "[p.tsv]"}}),
              "'p.tsv', line 2: expected two sentences separated by a tab, found no tab");
    const std::string zip = test::zip({{"x/spa.txt", std::string(5000, 'x')}});
    write_text("p.zip", zip.substr(0, 3000));
    EXPECT_TRUE(contains(refusal("parallel_files", {{"pair_files", "[p.zip]"}}), "'p.zip' is damaged or cut short"));
    write_text("p.zip", test::zip({{"a.txt", "a\tb\n"}, {"b.txt", "a\tb\n"}}));
    EXPECT_TRUE(contains(refusal("parallel_files", {{"pair_files", "[p.zip]"}}), "found a.txt and b.txt"));
    EXPECT_TRUE(contains(refusal("parallel_files", {}), "data.pair_files is missing"));
    EXPECT_TRUE(contains(refusal("parallel_files", {{"source_files", "[a]"}}), "got 1 and 0"));
    EXPECT_TRUE(contains(refusal("parallel_files", {{"pair_files", "[p.tsv]"}, {"weights", "[1, 2]"}}), "got 2"));
    EXPECT_TRUE(contains(refusal("parallel_files", {{"pair_files", "[p.tsv]"}, {"test_source", "a"}}),
                         "data.test_target is missing"));
    EXPECT_TRUE(contains(refusal("en_es", {}), "get it with 'heed data get spa_eng'"));
    EXPECT_TRUE(contains(message_of<UserError>([] { parallel_data_set("en-es"); }), "(did you mean en_es?)"));
}

}  // namespace
}  // namespace heed::parallel_data_test
