#include "heed/datasets/catalogue/catalogue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "heed/core/error.h"
#include "heed/datasets/catalogue/checksum.h"
#include "heed/datasets/catalogue/checksum_list.h"
#include "heed/datasets/known_data_sets.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::catalogue_test {
namespace {

namespace fs = std::filesystem;

using test::contains;
using test::message_of;

TEST(Catalogue, EveryEntryIsComplete) {
    std::set<std::string> names, folders;
    for (const CatalogueEntry& entry : catalogue()) {
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
        EXPECT_TRUE(folders.insert(entry.folder).second) << entry.name;
        for (const std::string* text : {&entry.summary, &entry.licence, &entry.citation, &entry.homepage}) {
            EXPECT_FALSE(text->empty()) << entry.name;
        }
        EXPECT_FALSE(entry.probes.empty()) << entry.name;
        ASSERT_FALSE(entry.files.empty()) << entry.name;
        for (const CatalogueFile& file : entry.files) {
            EXPECT_FALSE(file.urls.empty()) << file.name;
            for (const std::string& url : file.urls) {
                EXPECT_TRUE(url.starts_with("http://") || url.starts_with("https://")) << url;
                EXPECT_TRUE(url.ends_with("/" + file.name)) << url;
            }
            EXPECT_TRUE(file.size > 0 || file.checksum.known()) << file.name;
            EXPECT_EQ(file.checksum.known(), !entry.checksum_source.empty()) << entry.name;
            if (!file.checksum.known()) continue;
            EXPECT_EQ(file.checksum.hex.size(), file.checksum.algorithm == "md5" ? 32u : 64u) << file.name;
            EXPECT_EQ(file.checksum.hex.find_first_not_of("0123456789abcdef"), std::string::npos) << file.name;
        }
    }
    for (const char* name : {"mnist", "fashion_mnist", "cifar10", "cifar100", "imdb", "spa_eng", "tiny_shakespeare",
                             "wikitext2", "wikitext103", "etth1", "etth2", "ettm1", "ettm2"}) {
        EXPECT_NE(find_in_catalogue(name), nullptr) << name;
    }
}

TEST(Catalogue, WhatARecipeCanTrainOnLiesWhereItsReaderLooks) {
    for (const KnownDataSet& set : known_data_sets()) {
        const CatalogueEntry* entry = find_in_catalogue(set.name);
        if (entry == nullptr) continue;
        EXPECT_EQ(entry->use, "data.name=" + set.name);
        ASSERT_TRUE(set.search) << set.name;
        const auto& folders = set.search->folders;
        EXPECT_NE(std::find(folders.begin(), folders.end(), entry->folder), folders.end()) << set.name;
        for (const std::string& probe : entry->probes) {
            const auto& files = set.search->files;
            EXPECT_TRUE(fs::path(probe).has_parent_path() ||
                        std::find(files.begin(), files.end(), probe) != files.end())
                << set.name << ": " << probe;
        }
    }
}

TEST(Catalogue, UnknownNameIsAnsweredWithTheNearest) {
    EXPECT_TRUE(contains(message_of<UserError>([] { catalogue_entry("cifar_10"); }),
                         "the catalogue has no data set \"cifar_10\" (did you mean cifar10?); there are mnist, "));
}

TEST(Checksum, KnownTextsHaveKnownChecksums) {
    const test::TemporaryFolder folder;
    test::write_text(folder / "abc", "abc");
    EXPECT_EQ(to_string(file_checksum(folder / "abc")),
              "sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_string(file_checksum(folder / "abc", "md5")), "md5 900150983cd24fb0d6963f7d28e17f72");
    EXPECT_TRUE(contains(message_of<UserError>([&] { file_checksum(folder / "abc", "crc"); }), "got \"crc\""));
    EXPECT_TRUE(contains(message_of<UserError>([&] { file_checksum(folder / "none"); }), "No such file"));
    EXPECT_TRUE(contains(message_of<UserError>([&] { file_checksum(folder.path()); }), "Is a directory"));
}

TEST(Checksum, ListIsReadBackAndItsDamageNamed) {
    const test::TemporaryFolder folder;
    test::write_text(folder / "b", "abc");
    test::write_text(folder / "a c", "");
    write_checksum_list(folder.path(), {"from somewhere"});
    const auto list = read_checksum_list(folder.path());
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0].file, "a c");
    EXPECT_EQ(list[1].file, "b");
    EXPECT_EQ(list[1].checksum, file_checksum(folder / "b"));
    write_checksum_list(folder.path(), {});  // the list does not list itself
    EXPECT_EQ(read_checksum_list(folder.path()).size(), 2u);
    test::write_text(folder / "SHA256SUMS", "# a\n12ab  b\n");
    EXPECT_TRUE(contains(message_of<UserError>([&] { read_checksum_list(folder.path()); }), "SHA256SUMS:2: expected"));
}

}  // namespace
}  // namespace heed::catalogue_test
