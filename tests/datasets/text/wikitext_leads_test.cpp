#include "heed/datasets/text/sets/wikitext_leads.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/datasets/text/sets/parallel_data_set.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"

namespace heed::test::wikitext_leads_test {
namespace {

using Texts = std::vector<std::string>;

ParallelCorpus leads(const std::string& content) {
    return read_section_leads(TextFile("wiki", content));
}

TEST(WikitextLeads, FirstSentencesAreTargetsAndWhatFollowsThemSources) {
    const ParallelCorpus corpus = leads(
        " \n = A town = \n \n The town , at St. Mary 's , is old . It has a <unk> tower that stands on a hill . \n It "
        "is <unk> high . \n"
        " = = History = = \n \n It was built . \n It burnt down twice in the same year . \r\n = = = Later = = = \n");
    EXPECT_EQ(corpus.name, "'wiki'");
    EXPECT_EQ(corpus.targets, (Texts{"The town , at St. Mary 's , is old .", "It was built ."}));
    EXPECT_EQ(corpus.sources, (Texts{"It has a tower that stands on a hill .\nIt is high .",
                                     "It burnt down twice in the same year ."}));
    EXPECT_EQ(corpus.left_out, 0);
}

TEST(WikitextLeads, SectionsThatAreShortOrBeginWithoutASentenceGiveNoPair) {
    const std::string pair = " = Whole = \n A b . C d e . \n";
    EXPECT_EQ(leads(pair + " = Short = \n One long sentence stands here . Not here . \n").size(), 1);
    EXPECT_EQ(
        leads(pair + " = List = \n first \n second and so on . A sentence that is long enough for it . \n").size(), 1);
    EXPECT_EQ(leads(pair + " = No stop = \n none ... none at all \n").size(), 1);
    EXPECT_EQ(leads(pair + " = Unknown = \n <unk> . A sentence . \n").size(), 1);
}

TEST(WikitextLeads, TextWithoutSectionsIsAnError) {
    EXPECT_EQ(message_of<UserError>([] { leads(" \n = Title = \n"); }),
              "expected sections of articles below headings of WikiText in 'wiki', found none");
}

class WikitextLeadsFiles : public testing::Test {
protected:
    WikitextLeadsFiles() {
        write_part("train", {"Amber", "Beryl", "Coral"});
        write_part("valid", {"Diamond"});
        write_part("test", {"Emerald", "Coral"});
    }
    void write_part(const std::string& part, const Texts& names) {
        std::string text;
        for (const std::string& name : names) {
            text += " = " + name + " = \n " + name + " is a stone . People have worn " + name + " for ages . \n";
        }
        write_text(scratch_.path() + "/wiki." + part + ".tokens", text);
    }
    ParallelData open() const {
        const ParallelDataSet& set = parallel_data_set("wikitext2_leads");
        auto options = set.make_options();
        options->root = scratch_.path();
        return set.open(*options);
    }

    TemporaryFolder scratch_;
};

TEST_F(WikitextLeadsFiles, PartsAreThoseOfTheFilesAndPairsOfTestAreNotTrainedOn) {
    const ParallelData data = open();
    EXPECT_EQ(data.name, "wikitext2_leads");
    EXPECT_EQ(data.origin, scratch_.path());
    EXPECT_EQ(data.test.references, (std::vector<Texts>{{"Emerald is a stone ."}, {"Coral is a stone ."}}));
    EXPECT_EQ(data.validation.references, (std::vector<Texts>{{"Diamond is a stone ."}}));
    EXPECT_EQ(data.train.targets, (Texts{"Amber is a stone .", "Beryl is a stone ."}));
    EXPECT_EQ(data.shared_with_own, 1);
}

TEST_F(WikitextLeadsFiles, AMissingPartIsNamedAndSizesOfPartsAreNoSettings) {
    auto options = parallel_data_set("wikitext2_leads").make_options();
    Fields fields;
    options->describe(fields);
    EXPECT_EQ(fields.find("test"), nullptr);
    EXPECT_EQ(fields.find("validation"), nullptr);
    EXPECT_EQ(options->too_long, "cut_source");
    std::filesystem::remove(scratch_.path() + "/wiki.valid.tokens");
    const std::string message = message_of<UserError>([&] { open(); });
    EXPECT_NE(message.find("wiki.valid.tokens"), std::string::npos) << message;
}

}  // namespace
}  // namespace heed::test::wikitext_leads_test
