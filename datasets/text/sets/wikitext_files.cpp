#include "heed/datasets/text/sets/wikitext_files.h"

namespace heed {

std::vector<std::string> wikitext_names(const std::string& part) {
    return {"wiki." + part + ".tokens", "wiki." + part + ".raw"};
}

DataSearch wikitext_search(const std::string& number) {
    const std::string folder = "wikitext-" + number;
    return {"wikitext" + number,
            {folder, folder + "-raw", "wikitext" + number},
            wikitext_names("train"),
            "put wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens (or .raw) into data/" + folder +
                ", or name their folder by data.root"};
}

}  // namespace heed
