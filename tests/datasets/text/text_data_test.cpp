#include <fmt/core.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/text/files/text_rows.h"
#include "heed/datasets/text/sets/text_data_set.h"
#include "heed/tests/support/archives.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::text_data_test {
namespace {

namespace fs = std::filesystem;
using test::contains;
using test::message_of;
using test::write_text;

/// Runs in a scratch folder with HEED_DATA unset.
class TextDataSets : public testing::Test {
protected:
    TextDataSets() {
        fs::current_path(scratch_.path());
        unsetenv("HEED_DATA");
    }
    ~TextDataSets() override { fs::current_path(home_); }

    /// Opens a data set with settings like {"test_file", "b.csv"}.
    static TextData open(const std::string& name,
                         const std::vector<std::pair<std::string, std::string>>& settings = {}) {
        const TextDataSet& set = text_data_set(name);
        const auto options = set.make_options();
        Fields fields;
        options->describe(fields);
        for (const auto& [key, value] : settings) EXPECT_EQ(fields.find(key)->set_from_text(value), "") << key;
        options->validate();
        return set.open(*options);
    }

    static std::string refusal(const std::string& name,
                               const std::vector<std::pair<std::string, std::string>>& settings = {}) {
        return message_of<UserError>([&] { open(name, settings); });
    }

    static std::vector<std::string> texts_of(const TextSplit& split) {
        std::vector<std::string> texts;
        for (int64_t i = 0; i < split.size(); ++i) texts.push_back(split.text(i));
        return texts;
    }

    fs::path home_ = fs::current_path();
    test::TemporaryFolder scratch_;
};

std::vector<test::ArchiveEntry> tiny_imdb() {
    std::vector<test::ArchiveEntry> entries = {{"aclImdb/README", "no review \xff"},
                                               {"aclImdb/train/unsup/0_0.txt", "no label"}};
    // Two reviews of each film, one good and one bad.
    for (const std::string part : {"train/urls_pos.txt", "train/urls_neg.txt", "test/urls_pos.txt"}) {
        std::string films;
        for (int i = 0; i < 10; ++i) {
            films += "http://www.imdb.com/title/tt" + std::to_string(100 + i) +
                     (part.find("pos") != std::string::npos ? "/usercomments\n" : "/\n");
        }
        entries.push_back({"aclImdb/" + part, films});
    }
    for (const std::string part : {"train", "test"}) {
        for (int i = 9; i >= 0; --i) {  // not in the order of the names
            const std::string number = std::to_string(i);
            entries.push_back(
                {"aclImdb/" + part + "/pos/" + number + "_9.txt", part + " good<br /><br />film " + number});
            entries.push_back({"aclImdb/" + part + "/neg/" + number + "_2.txt", part + " bad film " + number + "\n"});
        }
    }
    return entries;
}

TEST_F(TextDataSets, EveryEntryIsComplete) {
    std::set<std::string> names;
    for (const TextDataSet& set : text_data_sets()) {
        EXPECT_TRUE(names.insert(set.name).second) << set.name;
        EXPECT_FALSE(set.summary.empty()) << set.name;
        EXPECT_FALSE(set.how_to_get.empty()) << set.name;
        const auto options = set.make_options();
        Fields fields;
        options->describe(fields);
        for (const char* key : {"root", "batch", "length", "truncate", "validation", "split_seed"}) {
            EXPECT_NE(fields.find(key), nullptr) << set.name << " " << key;
        }
        if (set.search) {
            EXPECT_TRUE(contains(refusal(set.name), "the data set " + set.name + " was not found in 'data/"));
        }
    }
    EXPECT_EQ(names, (std::set<std::string>{"imdb", "sst2", "ag_news", "text_files"}));
    EXPECT_TRUE(contains(message_of<UserError>([] { text_data_set("imbd"); }), "(did you mean imdb?)"));
}

TEST_F(TextDataSets, ImdbIsTheSameFromFolderAndArchiveInAnyOrder) {
    auto entries = tiny_imdb();
    write_text("a.tar.gz", test::gzip(test::tar(entries)));
    const TextData data = open("imdb", {{"root", "a.tar.gz"}, {"validation", "0.25"}});
    EXPECT_EQ(data.class_names(), (std::vector<std::string>{"negative", "positive"}));
    EXPECT_EQ(data.train.size() + data.validation.size(), 20);
    EXPECT_GT(data.validation.size(), 0);
    EXPECT_GT(data.train.size(), 0);
    EXPECT_EQ(data.test.size(), 20);
    // The film of a review is the number at its end.
    std::set<char> films;
    for (const std::string& text : texts_of(data.validation)) films.insert(text.back());
    EXPECT_EQ(data.validation.size(), 2 * std::ssize(films));
    for (const std::string& text : texts_of(data.train)) EXPECT_FALSE(films.contains(text.back())) << text;
    EXPECT_EQ(data.test.text(0), "test bad film 0");
    EXPECT_EQ(data.test.labels(0).front(), 0);
    EXPECT_EQ(data.test.text(19), "test good  film 9");
    EXPECT_EQ(data.test.labels(19).front(), 1);
    EXPECT_TRUE(contains(describe(data),
                         fmt::format("all       {:>8}  {:>10}        20", data.train.size(), data.validation.size())))
        << describe(data);
    EXPECT_TRUE(contains(describe(data), "25000 training texts of imdb are published, these are 20")) << describe(data);

    std::reverse(entries.begin(), entries.end());
    fs::create_directories("data/imdb");
    write_text("data/imdb/aclImdb_v1.tar.gz", test::gzip(test::tar(entries)));
    const TextData reversed = open("imdb", {{"validation", "0.25"}});
    EXPECT_EQ(texts_of(reversed.train), texts_of(data.train));
    EXPECT_EQ(texts_of(reversed.test), texts_of(data.test));

    for (const test::ArchiveEntry& entry : entries) {
        fs::create_directories(fs::path("unpacked/" + entry.name).parent_path());
        write_text("unpacked/" + entry.name, entry.content);
    }
    write_text("unpacked/aclImdb/train/pos/.directory", "no review");
    EXPECT_TRUE(contains(describe(open("imdb", {{"root", "unpacked"}})),
                         "1 files among the reviews are passed over, as their names do not end in .txt"));
    for (const char* root : {"unpacked", "unpacked/aclImdb"}) {
        const TextData folder = open("imdb", {{"root", root}, {"validation", "0.25"}});
        EXPECT_EQ(texts_of(folder.train), texts_of(data.train));
        EXPECT_EQ(texts_of(folder.validation), texts_of(data.validation));
        EXPECT_EQ(texts_of(folder.test), texts_of(data.test));
    }
    EXPECT_EQ(open("imdb", {{"root", "unpacked"}, {"markup", "true"}}).test.text(19), "test good<br /><br />film 9");
}

TEST_F(TextDataSets, ADamagedImdbIsRefused) {
    const std::string packed = test::gzip(test::tar(tiny_imdb()));
    write_text("cut.tar.gz", packed.substr(0, packed.size() / 2));
    EXPECT_TRUE(contains(refusal("imdb", {{"root", "cut.tar.gz"}}), "'cut.tar.gz' is damaged or cut short"));
    write_text("other.tar.gz", "this is no archive");
    EXPECT_TRUE(contains(refusal("imdb", {{"root", "other.tar.gz"}}), "'other.tar.gz' is damaged or cut short"));
    auto entries = tiny_imdb();
    entries.push_back({"aclImdb/train/pos/0_9.txt", "again"});
    write_text("twice.tar.gz", test::gzip(test::tar(entries)));
    EXPECT_TRUE(contains(refusal("imdb", {{"root", "twice.tar.gz"}}), "\"aclImdb/train/pos/0_9.txt\" twice"));
    entries.back() = {"aclImdb/train/pos/10_9.txt", "fine\ncaf\xe9"};
    write_text("broken.tar", test::tar(entries));
    EXPECT_TRUE(contains(refusal("imdb", {{"root", "broken.tar"}}),
                         "'broken.tar/aclImdb/train/pos/10_9.txt', line 2: expected UTF-8 text, found broken UTF-8"));
    entries.back().content = " \n";
    write_text("empty.tar", test::tar(entries));
    EXPECT_TRUE(contains(refusal("imdb", {{"root", "empty.tar"}}), "10_9.txt', found none"));
    write_text("none.tar", test::tar({{"aclImdb/train/pos/1_9.txt", "fine"}}));
    EXPECT_TRUE(contains(refusal("imdb", {{"root", "none.tar"}, {"validation", "0"}}),
                         "expected reviews in train/neg of 'none.tar'"));
    EXPECT_TRUE(contains(refusal("imdb", {{"root", "none.tar"}}),
                         "expected train/urls_neg.txt in 'none.tar', which names the film of each review"));
    entries.back() = {"aclImdb/train/pos/10_9.txt", "fine"};
    write_text("films.tar", test::tar(entries));
    EXPECT_TRUE(contains(refusal("imdb", {{"root", "films.tar"}}), "a line for review 10 in the file of films"));
    EXPECT_EQ(open("imdb", {{"root", "films.tar"}, {"by_film", "false"}}).test.size(), 20);
    for (const char* name : {"11_4.txt", "11.txt", "11_9x.txt", "11_11.txt"}) {
        entries.back() = {std::string("aclImdb/train/pos/") + name, "fine"};
        write_text("odd.tar", test::tar(entries));
        EXPECT_TRUE(contains(refusal("imdb", {{"root", "odd.tar"}}), std::string("found \"") + name + "\"")) << name;
    }
}

TEST_F(TextDataSets, Sst2TakesTheTestSetThatHasLabels) {
    fs::create_directories("data/sst2");
    std::string train = "sentence\tlabel\n";
    for (int i = 0; i < 20; ++i) train += "phrase \"" + std::to_string(i) + " \t" + std::to_string(i % 2) + "\n";
    write_text("data/sst2/train.tsv", train);
    write_text("data/sst2/dev.tsv.gz", test::gzip("sentence\tlabel\ndev one\t1\r\n"));
    const TextData without_test = open("sst2");
    EXPECT_EQ(without_test.train.size(), 18);
    EXPECT_EQ(without_test.test.text(0), "dev one");
    EXPECT_EQ(without_test.test.labels(0).front(), 1);
    EXPECT_EQ(without_test.train.text(0).substr(0, 8), "phrase \"");

    write_text("data/sst2/test.tsv", "index\tsentence\n0\thidden\n");
    EXPECT_EQ(open("sst2").test.text(0), "dev one");
    write_text("data/sst2/test.tsv", "sentence\tlabel\nheld out\t0");
    const TextData with_test = open("sst2");
    EXPECT_EQ(with_test.train.size(), 20);
    EXPECT_EQ(with_test.validation.text(0), "dev one");
    EXPECT_EQ(with_test.test.text(0), "held out");

    write_text("data/sst2/train.tsv", "sentence\tlabel\tnote\nfine\t1\t\n");
    EXPECT_TRUE(contains(refusal("sst2"), "'data/sst2/train.tsv', line 1: expected 2 columns, found 3"));
    write_text("data/sst2/train.tsv", "sentence\tlabel\nfine\t2\n");
    EXPECT_TRUE(contains(refusal("sst2"), "'data/sst2/train.tsv', line 2: expected the label 0 (negative)"));
}

TEST_F(TextDataSets, AgNewsComesAsCsvOrTsv) {
    fs::create_directories("data/ag_news");
    std::string csv;
    for (int i = 0; i < 12; ++i) {
        csv +=
            "\"" + std::to_string(1 + i % 4) + "\",\"Title, " + std::to_string(i) + "\",\"said \"\"so\"\"\nagain\"\n";
    }
    write_text("data/ag_news/train.csv", csv);
    write_text("data/ag_news/test.csv", "\"4\",\"Title\",\"\"\n");
    const TextData data = open("ag_news", {{"validation", "0"}});
    EXPECT_EQ(data.train.size(), 12);
    EXPECT_EQ(data.train.text(3), "Title, 3\nsaid \"so\"\nagain");
    EXPECT_EQ(data.train.labels(3).front(), 3);
    EXPECT_EQ(data.test.text(0), "Title");
    write_text("data/ag_news/test.csv", "\"1\",\"T\",\"x\ny\"\n\"5\",\"T\",\"x\"\n");
    EXPECT_TRUE(contains(refusal("ag_news"), "'data/ag_news/test.csv', line 3: expected the number of a class"));

    write_text("data/ag_news/test.csv", "\"1\",\"T\",\"x\",\"more\"\n");
    EXPECT_TRUE(contains(refusal("ag_news"), "'data/ag_news/test.csv', line 1: expected 3 columns, found 4"));

    fs::remove("data/ag_news/train.csv");
    fs::remove("data/ag_news/test.csv");
    write_text("data/ag_news/train.tsv", "some \"text\tSports\nother\tSci/Tech\n");
    write_text("data/ag_news/test.tsv", "more\tWorld\n");
    const TextData tsv = open("ag_news", {{"validation", "0"}});
    EXPECT_EQ(tsv.train.text(0), "some \"text");
    EXPECT_EQ(tsv.train.labels(1).front(), 3);
    write_text("data/ag_news/test.tsv", "more\tSport\n");
    EXPECT_TRUE(contains(refusal("ag_news"),
                         "'data/ag_news/test.tsv', line 1: the label \"Sport\" is none of the classes World, Sports, "
                         "Business and Sci/Tech (did you mean Sports?)"));
}

TEST_F(TextDataSets, OwnFilesInThreeFormatsAreTheSame) {
    write_text("a.csv", "id,title,body,stars\r\n1,\"Good, yes\",\"two\nlines\",5\r\n2,,bad,1\r\n3,plain,  ,10\r\n");
    write_text("a.tsv.gz", test::gzip("id\ttitle\tbody\tstars\n1\tGood, yes\ttwo\t5\n2\t\tbad\t1\n3\tplain\t \t10\n"));
    write_text("a.jsonl",
               "{\"title\": \"Good, yes\", \"body\": \"two\\nlines\", \"stars\": 5}\n"
               "{\"stars\": \"1\", \"title\": \"\", \"body\": \"bad\"}\n"
               "{\"title\": \"plain\", \"body\": \"\", \"stars\": 10}");
    write_text("b.csv", "title,body,stars\nother,one,5\n");
    write_text("c.csv", "title,body,stars\nother,two,5\nother,three,5\nother,four,5\n");
    for (const std::string file : {"a.csv", "a.tsv.gz", "a.jsonl"}) {
        const TextData data = open("text_files", {{"train_file", file},
                                                  {"test_file", "b.csv"},
                                                  {"validation_file", "c.csv"},
                                                  {"text", "[title, body]"},
                                                  {"label", "stars"}});
        EXPECT_EQ(data.class_names(), (std::vector<std::string>{"1", "5", "10"})) << file;
        EXPECT_EQ(
            texts_of(data.train),
            (std::vector<std::string>{file[2] == 't' ? "Good, yes\ntwo" : "Good, yes\ntwo\nlines", "bad", "plain"}))
            << file;
        EXPECT_EQ(data.train.labels(2).front(), 2);
        EXPECT_EQ(data.validation.size(), 3);
    }
    write_text("reviews.csv", "\"2\",\"Great\",\"I like it\"\n\"1\",\"Bad\",\"Not at all\"\n");
    write_text("more.csv", "\"2\",\"Fine\",\"I like it\"\n");
    const TextData reviews = open("text_files", {{"train_file", "reviews.csv"},
                                                 {"test_file", "more.csv"},
                                                 {"header", "false"},
                                                 {"text", "[2, 3]"},
                                                 {"label", "1"},
                                                 {"validation", "0"}});
    EXPECT_EQ(reviews.train.text(0), "Great\nI like it");
    EXPECT_EQ(reviews.train.labels(0).front(), 1);
}

/// Rows "text N" with N below `count`, two thirds of class b.
std::string numbered_rows(int count) {
    std::string rows = "text,label\n";
    for (int i = 0; i < count; ++i) rows += "text " + std::to_string(i) + "," + (i % 3 == 0 ? "a" : "b") + "\n";
    return rows;
}

TEST_F(TextDataSets, TestAndValidationAreTakenOutOfTraining) {
    write_text("a.csv", numbered_rows(400));
    const TextData data = open("text_files", {{"train_file", "a.csv"}, {"test", "0.2"}, {"validation", "0.1"}});
    EXPECT_NEAR(static_cast<double>(data.test.size()), 80, 30);
    EXPECT_NEAR(static_cast<double>(data.validation.size()), 32, 20);
    EXPECT_EQ(data.train.size() + data.validation.size() + data.test.size(), 400);
    std::set<std::string> seen;
    for (const TextSplit* split : {&data.train, &data.validation, &data.test}) {
        for (const std::string& text : texts_of(*split)) EXPECT_TRUE(seen.insert(text).second) << text;
    }
    const TextData again = open("text_files", {{"train_file", "a.csv"}, {"test", "0.2"}, {"validation", "0.1"}});
    EXPECT_EQ(texts_of(again.train), texts_of(data.train));
    const TextData other = open("text_files", {{"train_file", "a.csv"}, {"test", "0.2"}, {"split_seed", "1"}});
    EXPECT_NE(texts_of(other.test), texts_of(data.test));
}

TEST_F(TextDataSets, TheSideOfATextDoesNotDependOnOthers) {
    write_text("a.csv", numbered_rows(300));
    std::string more = numbered_rows(400);
    const std::size_t second = more.find('\n') + 1, middle = more.find("text 200");
    more = more.substr(0, second) + "new,a\n" + more.substr(middle) + more.substr(second, middle - second);
    write_text("b.csv", more);
    const TextData before = open("text_files", {{"train_file", "a.csv"}});
    const TextData after = open("text_files", {{"train_file", "b.csv"}});
    const auto set_of = [&](const TextSplit& split) {
        const std::vector<std::string> texts = texts_of(split);
        return std::set<std::string>(texts.begin(), texts.end());
    };
    for (const auto split : {&TextData::train, &TextData::validation, &TextData::test}) {
        const std::set<std::string> old = set_of(before.*split), now = set_of(after.*split);
        EXPECT_TRUE(std::includes(now.begin(), now.end(), old.begin(), old.end()));
    }
}

TEST_F(TextDataSets, EqualTextsAreOnOneSide) {
    std::string rows = "text\tlabel\n";
    for (int copy = 0; copy < 5; ++copy) {
        for (int i = 0; i < 100; ++i) {
            rows += (copy % 2 == 0 ? "Cafe\xcc\x81  number " : "caf\xc3\xa9 Number ") + std::to_string(i) + "\t" +
                    ((i + copy) % 2 == 0 ? "a" : "b") + "\n";
        }
    }
    write_text("a.tsv", rows);
    const TextData data = open("text_files", {{"train_file", "a.tsv"}, {"test", "0.2"}, {"validation", "0.2"}});
    std::map<std::string, std::set<const TextSplit*>> sides;
    for (const TextSplit* split : {&data.train, &data.validation, &data.test}) {
        EXPECT_EQ(split->size() % 5, 0);
        EXPECT_GT(split->size(), 0);
        for (const std::string& text : texts_of(*split)) sides[text.substr(text.rfind(' '))].insert(split);
    }
    EXPECT_EQ(sides.size(), 100u);
    for (const auto& [number, places] : sides) EXPECT_EQ(places.size(), 1u) << number;
    const int64_t groups = data.train.size() / 5;
    EXPECT_TRUE(
        contains(describe(data), fmt::format("{} of the {} training texts equal an earlier one, {} of them with "
                                             "another label",
                                             4 * groups, 5 * groups, groups)))
        << describe(data);
    write_text("one.tsv", "text\tlabel\nsame\ta\nSame \tb\n");
    EXPECT_EQ(refusal("text_files", {{"train_file", "one.tsv"}}),
              "data.test 0.1 would keep back all of the training data: expected samples of different content, found "
              "that all belong together");
}

TEST_F(TextDataSets, WhatStandsInTwoSplitsIsCountedAndCopiesAreRefused) {
    write_text("a.csv", numbered_rows(20));
    write_text("b.csv", "text,label\nnew,a\nText 3,b\ntext  4,a\nother,b\n");
    write_text("c.csv", "text,label\ntext 4,a\n");
    const TextData data =
        open("text_files", {{"train_file", "a.csv"}, {"test_file", "b.csv"}, {"validation_file", "c.csv"}});
    const std::string text = describe(data);
    EXPECT_TRUE(contains(text, "warning: 2 of the 4 test texts stand among the training texts as well")) << text;
    EXPECT_TRUE(contains(text, "warning: 1 of the 1 validation texts stands among the training texts")) << text;
    EXPECT_TRUE(contains(text, "warning: 1 of the 4 test texts stands among the validation texts")) << text;

    std::string turned = "text,label\n";
    for (int i = 19; i >= 0; --i) turned += "TEXT " + std::to_string(i) + ",a\n";
    write_text("turned.csv", turned);
    EXPECT_TRUE(contains(refusal("text_files", {{"train_file", "a.csv"}, {"test_file", "a.csv"}}),
                         "data.test_file 'a.csv' holds the same texts as data.train_file 'a.csv'"));
    EXPECT_TRUE(contains(refusal("text_files", {{"train_file", "a.csv"}, {"validation_file", "turned.csv"}}),
                         "data.validation_file 'turned.csv' holds the same texts as data.train_file 'a.csv'"));
    EXPECT_TRUE(
        contains(refusal("text_files", {{"train_file", "a.csv"}, {"test_file", "b.csv"}, {"validation_file", "b.csv"}}),
                 "data.test_file 'b.csv' holds the same texts as data.validation_file 'b.csv'"));
}

TEST_F(TextDataSets, ALimitKeepsAFixedSubsetOfTheTrainingTexts) {
    write_text("a.csv", numbered_rows(200));
    std::string turned = "text,label\n";
    for (int i = 199; i >= 0; --i) turned += "text " + std::to_string(i) + "," + (i % 3 == 0 ? "a" : "b") + "\n";
    write_text("b.csv", turned);
    const auto limited = [&](const std::string& file, const std::string& limit) {
        const TextData data = open("text_files", {{"train_file", file}, {"limit", limit}});
        EXPECT_GT(data.test.size(), 1);
        const std::vector<std::string> texts = texts_of(data.train);
        return std::set<std::string>(texts.begin(), texts.end());
    };
    const std::set<std::string> few = limited("a.csv", "10"), more = limited("a.csv", "50");
    EXPECT_EQ(few.size(), 10u);
    EXPECT_EQ(more.size(), 50u);
    EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end()));
    EXPECT_EQ(limited("b.csv", "10"), few);
    EXPECT_EQ(limited("a.csv", "1000"), limited("a.csv", "0"));
}

TEST_F(TextDataSets, ATextCanHaveSeveralLabels) {
    write_text("a.tsv", "text\tlabel\none\tred; blue\ntwo\t\nthree\tgreen\n");
    const std::vector<std::pair<std::string, std::string>> settings = {
        {"train_file", "a.tsv"}, {"test_file", "b.tsv"}, {"validation", "0"}, {"label_separator", ";"}};
    write_text("b.tsv", "text\tlabel\nfour\tred\n");
    const TextData data = open("text_files", settings);
    EXPECT_TRUE(data.several_labels());
    EXPECT_EQ(data.class_names(), (std::vector<std::string>{"blue", "green", "red"}));
    EXPECT_EQ(std::vector<int32_t>(data.train.labels(0).begin(), data.train.labels(0).end()), (std::vector{0, 2}));
    EXPECT_TRUE(data.train.labels(1).empty());
    EXPECT_EQ(class_counts(data.train), (std::vector<int64_t>{1, 1, 1}));
    write_text("a.jsonl", "{\"text\": \"one\", \"label\": [\"red\", \"blue\"]}\n{\"text\": \"two\", \"label\": []}\n");
    auto json = settings;
    json[0].second = "a.jsonl";
    EXPECT_EQ(open("text_files", json).train.labels(0).size(), 2u);
    json.pop_back();
    EXPECT_TRUE(contains(refusal("text_files", json), "'a.jsonl', line 1: expected one label, found several"));
    write_text("a.tsv", "text\tlabel\none\tred;red\ntwo\tblue\n");
    EXPECT_TRUE(contains(refusal("text_files", settings), "line 2: the label \"red\" comes twice"));
}

TEST_F(TextDataSets, OneLabelIsEnoughWhereATextCanHaveNone) {
    write_text("a.tsv", "text\tlabel\none\tspam\ntwo\t\n");
    const std::vector<std::pair<std::string, std::string>> settings = {
        {"train_file", "a.tsv"}, {"test_file", "b.tsv"}, {"validation", "0"}, {"label_separator", ";"}};
    write_text("b.tsv", "text\tlabel\nfour\tspam\n");
    EXPECT_EQ(open("text_files", settings).class_names(), (std::vector<std::string>{"spam"}));
    write_text("a.tsv", "text\tlabel\none\t\ntwo\t\n");
    EXPECT_TRUE(contains(refusal("text_files", settings), "expected at least one label in column 'label'"));
}

TEST_F(TextDataSets, AColumnIsReadOnceAndForOneThing) {
    const auto refused = [&](const std::string& name, const std::string& content,
                             std::vector<std::pair<std::string, std::string>> settings = {}) {
        write_text(name, content);
        settings.insert(settings.begin(), {{"train_file", name}, {"test_file", name}});
        return refusal("text_files", settings);
    };
    EXPECT_EQ(refused("t.csv", "text,label,text\nx,a,y\n"),
              "'t.csv', line 1: expected columns of different names, found \"text\" as columns 1 and 3");
    EXPECT_TRUE(contains(refused("t.tsv", "text\tlabel\tid\tid\nx\ta\t1\t2\n"), "found \"id\" as columns 3 and 4"));
    EXPECT_TRUE(contains(refused("t.tsv", "text\tlabel\t\t\nx\tc\t1\t2\n"), "at least two classes"));  // unnamed ones
    EXPECT_EQ(
        refused("t.jsonl", "{\"text\": \"x\", \"label\": \"a\"}\n{\"text\": \"y\", \"label\": 1, \"text\": \"z\"}\n"),
        "'t.jsonl', line 2: expected each key once, found \"text\" twice");
    EXPECT_TRUE(contains(
        refused("t.jsonl", "{\"text\": \"x\", \"label\": \"a\", \"more\": {\"text\": 1, \"label\": {\"text\": 2}}}\n"),
        "at least two classes"));
    EXPECT_TRUE(contains(refused("t.csv", "text,label\nx,a\n", {{"label", "text"}}),
                         "data.label and data.text expect different columns, got \"text\" for both"));
    EXPECT_TRUE(contains(refused("t.csv", "text,label\nx,a\n", {{"text", "text, text"}}),
                         "data.text expects each column once, got \"text\" twice"));
}

TEST_F(TextDataSets, BadRowsAreNamedByFileAndLine) {
    const auto refused = [&](const std::string& name, const std::string& content,
                             std::vector<std::pair<std::string, std::string>> settings = {}) {
        write_text(name, content);
        write_text("fine.csv", "text,label\nx,a\ny,b\n");
        settings.insert(settings.begin(), {{"train_file", "fine.csv"}, {"test_file", name}});
        return refusal("text_files", settings);
    };
    EXPECT_TRUE(contains(refused("t.csv", "text,label\nx,c\n"),
                         "'t.csv', line 2: the label \"c\" is none of the classes a and b"));
    EXPECT_TRUE(contains(refused("t.csv", "text,label\nx,a\n\n  ,b\n"),
                         "'t.csv', line 4: expected a text, found an empty one (data.empty skip leaves such rows out"));
    EXPECT_TRUE(contains(refused("t.csv", "text,label\nx,\n"), "'t.csv', line 2: expected one label, found none"));
    EXPECT_TRUE(contains(refused("t.csv", "text,label\n\"x\ny\",a,more\n"),
                         "'t.csv', line 2: expected 2 columns as in the first line, found 3"));
    EXPECT_TRUE(contains(refused("t.csv", "text,label\nx,a\n\"y,b\n"), "'t.csv', line 3: a double quote"));
    EXPECT_TRUE(contains(refused("t.csv", "text,label\nx\"y,b\n"), "'t.csv', line 2: a double quote"));
    EXPECT_TRUE(contains(refused("t.csv", "texts,label\nx,a\n"),
                         "line 1: expected a column \"text\", found texts and label (did you mean texts?)"));
    EXPECT_TRUE(contains(refused("t.csv", "text,label\n"), "expected rows of text in 't.csv', found none"));
    EXPECT_TRUE(contains(refused("t.csv", ""), "expected rows of text in 't.csv', found none"));
    EXPECT_TRUE(contains(refused("t.tsv", "text\tlabel\nx\ta\nonly\n"), "'t.tsv', line 3: expected 2 columns"));
    EXPECT_TRUE(contains(refused("t.tsv", "text\tlabel\nx\ta\n\xff\ta\n"), "'t.tsv', line 3: expected UTF-8 text"));
    EXPECT_TRUE(contains(refused("t.tsv", std::string("text\tlabel\nx\0y\ta\n", 16)),
                         "'t.tsv', line 2: expected UTF-8 text, found a NUL byte at byte 2"));
    EXPECT_TRUE(contains(refused("t.jsonl", "{\"text\": \"x\", \"label\": \"a\"}\n[1]\n"),
                         "'t.jsonl', line 2: expected a JSON object, found \"[1]\""));
    EXPECT_TRUE(contains(refused("t.jsonl", "{\"text\": \"x\", \"lable\": \"a\"}\n"), "(did you mean lable?)"));
    EXPECT_TRUE(contains(refused("t.jsonl", "{\"text\": {}, \"label\": \"a\"}\n"), "at key \"text\", found object"));
    EXPECT_TRUE(contains(refused("t.jsonl", "{\"text\": \"x\\u0000\", \"label\": \"a\"}\n"), "a NUL byte at byte 2"));
    EXPECT_TRUE(contains(refused("t.jsonl", "{\"text\": \"x\n"), "line 1: expected a JSON object"));
    EXPECT_TRUE(contains(refused("t.jsonl", "{\"text\": x}\n"), "at byte 10: invalid literal"));
    EXPECT_TRUE(contains(refused("t.jsonl", "{\"text\": \"\\ud83d!\"}\n"),
                         "half of a surrogate pair is no character (expected \\uD800 to"));
    EXPECT_TRUE(contains(refused("t.dat", "x"), "expected a name that ends in .csv"));
    EXPECT_TRUE(contains(refused("t.tsv", "x\ta\n", {{"header", "false"}}), "the number of a column"));
    EXPECT_TRUE(contains(refusal("text_files"), "data.train_file is missing"));
    EXPECT_TRUE(contains(refusal("text_files", {{"train_file", "nowhere.csv"}}), "nowhere.csv"));
    write_text("one.csv", "text,label\nx,a\ny,a\n");
    EXPECT_TRUE(contains(refusal("text_files", {{"train_file", "one.csv"}}), "expected at least two classes"));
}

TEST_F(TextDataSets, BlankLinesAreNoRowsInAnyFormat) {
    write_text("test.csv", "text,label\nother,a\n");
    write_text("a.csv", "text,label\nx,a\n\ny,b\n\n  \n");
    write_text("a.tsv", "\ntext\tlabel\nx\ta\ny\tb\n\r\n  \n\n");
    write_text("a.jsonl", "{\"text\": \"x\", \"label\": \"a\"}\n\n{\"text\": \"y\", \"label\": \"b\"}\n \n\n");
    for (const char* file : {"a.csv", "a.tsv", "a.jsonl"}) {
        EXPECT_EQ(
            open("text_files", {{"train_file", file}, {"test_file", "test.csv"}, {"validation", "0"}}).train.size(), 2)
            << file;
    }
}

TEST_F(TextDataSets, ColumnsAreSeparatedAsAskedAndOtherSeparatorsAreSuggested) {
    write_text("test.csv", "text,label\nother,a\n");
    const auto opened = [&](const std::string& file, std::vector<std::pair<std::string, std::string>> settings) {
        settings.insert(settings.begin(), {{"train_file", file}, {"validation", "0"}});
        return open("text_files", settings);
    };
    const std::string rows = "text;label\n\"one; two\";a\nx, y;b\nthird;a\nfourth;b\n";
    for (const auto& [name, character] :
         std::map<std::string, char>{{"semicolon", ';'}, {"pipe", '|'}, {"tab", '\t'}}) {
        std::string content = rows;
        std::replace(content.begin(), content.end(), ';', character);
        write_text("a.csv", content);
        const TextData data = opened("a.csv", {{"separator", name}, {"test", "0.3"}});
        EXPECT_EQ(data.train.size() + data.test.size(), 4) << name;
    }
    const auto refused = [&](const std::string& name, const std::string& content,
                             std::vector<std::pair<std::string, std::string>> settings = {}) {
        write_text(name, content);
        settings.insert(settings.begin(), {{"train_file", name}});
        return refusal("text_files", settings);
    };
    EXPECT_EQ(refused("t.csv", rows),
              "'t.csv', line 1: expected a column \"text\", found text;label (';' stands between the columns: give "
              "data.separator semicolon)");
    EXPECT_TRUE(contains(refused("t.csv", "id|text|label\n1|x|a\n"), "give data.separator pipe"));
    EXPECT_TRUE(contains(refused("t.tsv", "text\tlabel\nx\ta\n", {{"format", "csv"}}), "give data.format tsv"));
    EXPECT_TRUE(contains(refused("t.txt", "\"text\",\"label\"\nx,a\n"), "give data.format csv)"));
    EXPECT_TRUE(contains(refused("t.txt", "text;label\nx;a\n"), "give data.format csv and data.separator semicolon"));
    EXPECT_TRUE(contains(refused("t.csv", "1;fine\n", {{"header", "false"}, {"text", "[2]"}, {"label", "1"}}),
                         "from 1 to 1 as there is no header, got \"2\" (';' stands between"));
    EXPECT_TRUE(contains(refused("t.csv", "texts,label\nx,a\n"), "(did you mean texts?)"));
    EXPECT_TRUE(contains(refused("t.jsonl", "{}", {{"format", "jsonl"}, {"separator", "pipe"}}),
                         "data.separator pipe is for CSV files, but data.format is jsonl"));
}

TEST_F(TextDataSets, AnEmptyTextIsWhatItIsChosenToBe) {
    write_text("test.csv", "text,label\nother,a\n");
    write_text("a.csv", "text,label\nx,a\n  ,b\ny,b\n,a\n");
    const auto opened = [&](const std::string& empty) {
        return open("text_files",
                    {{"train_file", "a.csv"}, {"test_file", "test.csv"}, {"validation", "0"}, {"empty", empty}});
    };
    const TextData skipped = opened("skip");
    EXPECT_EQ(texts_of(skipped.train), (std::vector<std::string>{"x", "y"}));
    EXPECT_TRUE(contains(describe(skipped), "2 rows of 'a.csv' are left out, as they have no text (data.empty)"));
    EXPECT_EQ(texts_of(opened("keep").train), (std::vector<std::string>{"x", "", "y", ""}));
    write_text("a.csv", "text,label\n,b\n");
    EXPECT_TRUE(contains(refusal("text_files", {{"train_file", "a.csv"}, {"empty", "skip"}}), "found none"));
}

TEST_F(TextDataSets, ManyColumnsTakeNoLongerThanTheyHaveTo) {
    std::string header = "text", row = "x";
    for (int i = 0; i < 100'000; ++i) {
        header += ",column " + std::to_string(i);
        row += ",a";
    }
    write_text("wide.csv", header + "\n" + row + "\n");
    const auto start = std::chrono::steady_clock::now();
    const std::string error = refusal("text_files", {{"train_file", "wide.csv"}});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_TRUE(contains(error, "expected a column \"label\", found text, column 0,"));
    EXPECT_TRUE(contains(error, "column 18 and 99981 more"));
    EXPECT_LT(error.size(), 1000u);
    EXPECT_LT(seconds.count(), 10.0);  // 30 s with a search for each column
}

TEST_F(TextDataSets, ALineOfTenMegabytesIsRead) {
    const std::string text(10'000'000, 'x');
    write_text("other.tsv", "text\tlabel\nother\ta\n");
    write_text("long.tsv", "text\tlabel\n" + text + "\ta\nshort\tb\n");
    const TextData data =
        open("text_files", {{"train_file", "long.tsv"}, {"test_file", "other.tsv"}, {"validation", "0"}});
    EXPECT_EQ(data.train.text(0).size(), text.size());
    write_text("long.csv", "text,label\n\"" + text + "\",a\nshort,b\n");
    EXPECT_EQ(open("text_files", {{"train_file", "long.csv"}, {"test_file", "other.tsv"}, {"validation", "0"}})
                  .train.text(0)
                  .size(),
              text.size());
}

TEST_F(TextDataSets, LabelsMayLackWhereTheyAreNotNeeded) {
    TextColumns columns;
    columns.label_may_lack = true;
    write_text("with.csv", "id,label,text\n1,yes,\"fine, really\"\n");
    write_text("without.csv", "\nid,text\n1,fine\n");
    write_text("with.jsonl", "\n{\"label\": \"yes\", \"text\": \"fine\"}\n");
    write_text("without.jsonl", "{\"text\": \"fine\"}\n");
    for (const char* name : {"with.csv", "with.jsonl"}) {
        const TextRows rows = read_text_rows(name, columns);
        EXPECT_TRUE(rows.labelled) << name;
        EXPECT_EQ(rows.rows.at(0).labels, std::vector<std::string>{"yes"}) << name;
    }
    for (const char* name : {"without.csv", "without.jsonl"}) {
        const TextRows rows = read_text_rows(name, columns);
        EXPECT_FALSE(rows.labelled) << name;
        EXPECT_EQ(rows.rows.at(0).text, "fine") << name;
        EXPECT_TRUE(rows.rows.at(0).labels.empty()) << name;
        columns.label_may_lack = false;
        EXPECT_TRUE(contains(message_of<UserError>([&] { read_text_rows(name, columns); }), "\"label\"")) << name;
        columns.label_may_lack = true;
    }
    columns.header = false;
    columns.text = {"2"};
    columns.label = "3";
    write_text("numbers.csv", "1,fine\n");
    EXPECT_FALSE(read_text_rows("numbers.csv", columns).labelled);
    columns.label = "1";
    EXPECT_TRUE(read_text_rows("numbers.csv", columns).labelled);
}

}  // namespace
}  // namespace heed::text_data_test
