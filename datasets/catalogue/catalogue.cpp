#include "heed/datasets/catalogue/catalogue.h"

#include "heed/core/error.h"
#include "heed/core/settings/nearest_name.h"
#include "heed/core/settings/quote.h"

namespace heed {

namespace {

Checksum sha256(const char* hex) {
    return {"sha256", hex};
}

/// The four files of an idx data set at several addresses.
struct IdxFile {
    const char* name;
    int64_t size;
    const char* sha256;
};

std::vector<CatalogueFile> idx_files(const std::vector<std::string>& places, const std::vector<IdxFile>& files) {
    std::vector<CatalogueFile> result;
    for (const IdxFile& file : files) {
        std::vector<std::string> urls;
        for (const std::string& place : places) urls.push_back(place + file.name);
        result.push_back({file.name, urls, file.size, sha256(file.sha256)});
    }
    return result;
}

std::vector<std::string> idx_probes() {
    return {"train-images-idx3-ubyte.gz", "train-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz",
            "t10k-images-idx3-ubyte"};
}

/// Where sizes and checksums stand: the tables of TensorFlow Datasets, tensorflow_datasets/url_checksums/NAME.txt.
constexpr const char* tensorflow_datasets = "TensorFlow Datasets";

CatalogueEntry mnist_entry() {
    return {
        .name = "mnist",
        .summary = "handwritten digits, 28x28 grey, 10 classes, 60,000 + 10,000 images",
        .licence = "CC BY-SA 3.0 (as Keras states it)",
        .citation = "LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, 1998",
        .homepage = "http://yann.lecun.com/exdb/mnist/",
        .checksum_source = tensorflow_datasets,
        .folder = "mnist",
        .probes = idx_probes(),
        .use = "data.name=mnist",
        .files = idx_files(
            {"http://yann.lecun.com/exdb/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/",
             "https://ossci-datasets.s3.amazonaws.com/mnist/"},
            {{"train-images-idx3-ubyte.gz", 9912422,
              "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
             {"train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
             {"t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
             {"t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}}),
    };
}

CatalogueEntry fashion_mnist_entry() {
    return {
        .name = "fashion_mnist",
        .summary = "articles of clothing, 28x28 grey, 10 classes, 60,000 + 10,000 images",
        .licence = "MIT",
        .citation = "Xiao, Rasul, Vollgraf: Fashion-MNIST, arXiv:1708.07747, 2017",
        .homepage = "https://github.com/zalandoresearch/fashion-mnist",
        .checksum_source = tensorflow_datasets,
        .folder = "fashion_mnist",
        .probes = idx_probes(),
        .use = "data.name=fashion_mnist",
        .files = idx_files(
            {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
             "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"},
            {{"train-images-idx3-ubyte.gz", 26421880,
              "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
             {"train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
             {"t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
             {"t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}}),
    };
}

CatalogueEntry kmnist_entry() {
    return {
        .name = "kmnist",
        .summary = "Kuzushiji-MNIST: cursive Japanese characters, 28x28 grey, 10 classes, 60,000 + 10,000 images",
        .licence = "CC BY-SA 4.0",
        .citation = "Clanuwat et al.: Deep Learning for Classical Japanese Literature, arXiv:1812.01718, 2018",
        .homepage = "http://codh.rois.ac.jp/kmnist/",
        .checksum_source = tensorflow_datasets,
        .folder = "kmnist",
        .probes = idx_probes(),
        .use = "data.name=idx data.root=FOLDER",
        .files = idx_files(
            {"http://codh.rois.ac.jp/kmnist/dataset/kmnist/"},
            {{"train-images-idx3-ubyte.gz", 18165135,
              "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"},
             {"train-labels-idx1-ubyte.gz", 29497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"},
             {"t10k-images-idx3-ubyte.gz", 3041136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"},
             {"t10k-labels-idx1-ubyte.gz", 5120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"}}),
    };
}

CatalogueEntry cifar10_entry() {
    return {
        .name = "cifar10",
        .summary = "photographs of things and animals, 32x32 colour, 10 classes, 50,000 + 10,000 images",
        .licence = "none stated",
        .citation = "Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009",
        .homepage = "https://www.cs.toronto.edu/~kriz/cifar.html",
        .checksum_source = tensorflow_datasets,
        .folder = "cifar-10-batches-bin",
        .probes = {"data_batch_1.bin", "test_batch.bin"},
        .use = "data.name=cifar10",
        .files = {{"cifar-10-binary.tar.gz",
                   {"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"},
                   170052171,
                   sha256("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")}},
    };
}

CatalogueEntry cifar100_entry() {
    return {
        .name = "cifar100",
        .summary = "photographs of things and animals, 32x32 colour, 100 classes, 50,000 + 10,000 images",
        .licence = "none stated",
        .citation = "Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009",
        .homepage = "https://www.cs.toronto.edu/~kriz/cifar.html",
        .checksum_source = tensorflow_datasets,
        .folder = "cifar-100-binary",
        .probes = {"train.bin", "test.bin"},
        .use = "data.name=cifar100",
        .files = {{"cifar-100-binary.tar.gz",
                   {"https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"},
                   168513733,
                   sha256("58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec")}},
    };
}

CatalogueEntry imdb_entry() {
    return {
        .name = "imdb",
        .summary = "film reviews in English, 2 classes, 25,000 + 25,000 labelled, 50,000 without label",
        .licence = "none stated",
        .citation = "Maas et al.: Learning Word Vectors for Sentiment Analysis, ACL 2011",
        .homepage = "https://ai.stanford.edu/~amaas/data/sentiment/",
        .checksum_source = tensorflow_datasets,
        .folder = "aclImdb",
        .probes = {"train/pos", "test/pos"},
        .use = "data.name=imdb",
        .files = {{"aclImdb_v1.tar.gz",
                   {"https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"},
                   84125825,
                   sha256("c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe")}},
    };
}

CatalogueEntry spa_eng_entry() {
    // The export of May 2018 that the translation tutorial of TensorFlow uses; its length stands in the tutorial's
    // output, a checksum is published nowhere. The exports at manythings.org themselves change from month to month.
    return {
        .name = "spa_eng",
        .summary = "sentence pairs English - Spanish of Anki and Tatoeba, 118,964 pairs",
        .licence = "CC BY 2.0",
        .citation = "www.manythings.org/anki, tatoeba.org",
        .homepage = "https://www.manythings.org/anki/",
        .checksum_source = "",
        .folder = "spa-eng",
        .probes = {"spa.txt"},
        .use = "data.name=en_es",
        .files =
            {{"spa-eng.zip", {"https://storage.googleapis.com/download.tensorflow.org/data/spa-eng.zip"}, 2638744, {}}},
    };
}

CatalogueEntry tiny_shakespeare_entry() {
    return {
        .name = "tiny_shakespeare",
        .summary = "a part of Shakespeare's plays as one text of a million letters",
        .licence = "public domain (the text)",
        .citation = "Karpathy: The Unreasonable Effectiveness of Recurrent Neural Networks, 2015",
        .homepage = "https://github.com/karpathy/char-rnn",
        .checksum_source = tensorflow_datasets,
        .folder = "tinyshakespeare",
        .probes = {"input.txt"},
        .use = "data.name=tiny_shakespeare",
        .files = {{"input.txt",
                   {"https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"},
                   1115394,
                   sha256("86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed")}},
    };
}

/// WikiText as words. The address of Metamind, where it was published, answers no more; the other is that of its first
/// author. Nobody states the sizes.
CatalogueEntry wikitext_entry(const std::string& number, const std::string& words, const char* checksum) {
    const std::string archive = "wikitext-" + number + "-v1.zip";
    return {
        .name = "wikitext" + number,
        .summary = "good articles of the English Wikipedia as words, " + words + " words",
        .licence = "CC BY-SA 3.0",
        .citation = "Merity, Xiong, Bradbury, Socher: Pointer Sentinel Mixture Models, ICLR 2017",
        .homepage = "https://wikitext.smerity.com",
        .checksum_source = "CorpusLoaders.jl",
        .folder = "wikitext-" + number,
        .probes = {"wiki.train.tokens"},
        .use = "data.name=wikitext" + number,
        .files = {{archive,
                   {"https://s3.amazonaws.com/research.metamind.io/wikitext/" + archive,
                    "https://wikitext.smerity.com/" + archive},
                   0,
                   sha256(checksum)}},
    };
}

CatalogueEntry ett_entry(const std::string& series, const char* rows, int64_t size, const char* checksum) {
    const std::string file = "ETT" + series + ".csv";
    return {
        .name = "ett" + series,
        .summary = std::string("load and oil temperature of a power transformer over two years, a row ") + rows,
        .licence = "CC BY-ND 4.0",
        .citation =
            "Zhou et al.: Informer: Beyond Efficient Transformer for Long Sequence Time-Series Forecasting, "
            "AAAI 2021",
        .homepage = "https://github.com/zhouhaoyi/ETDataset",
        .checksum_source = "the Python package tsdm",
        .folder = "ett" + series,
        .probes = {file},
        .use = "data.name=ett" + series,
        .files = {{file,
                   {"https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/" + file},
                   size,
                   sha256(checksum)}},
    };
}

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() > end.size() && text.substr(text.size() - end.size()) == end;
}

}  // namespace

bool is_archive_name(std::string_view name) {
    return ends_with(name, ".tar.gz") || ends_with(name, ".tgz") || ends_with(name, ".tar.xz") ||
           ends_with(name, ".zip");
}

std::string CatalogueEntry::recipe_name() const {
    constexpr std::string_view key = "data.name=";
    return use.starts_with(key) ? use.substr(key.size(), use.find(' ') - key.size()) : "";
}

bool CatalogueEntry::is_archive() const {
    return files.size() == 1 && is_archive_name(files.front().name);
}

int64_t CatalogueEntry::transfer_size() const {
    int64_t sum = 0;
    for (const CatalogueFile& file : files) {
        if (file.size == 0) return 0;
        sum += file.size;
    }
    return sum;
}

const std::vector<CatalogueEntry>& catalogue() {
    static const std::vector<CatalogueEntry> entries = {
        mnist_entry(),
        fashion_mnist_entry(),
        kmnist_entry(),
        cifar10_entry(),
        cifar100_entry(),
        imdb_entry(),
        spa_eng_entry(),
        tiny_shakespeare_entry(),
        wikitext_entry("2", "2 million", "92675f1d63015c1c8b51f1656a52d5bdbc33aafa60cc47a218a66e7ee817488c"),
        wikitext_entry("103", "103 million", "242ba0f20b329cfdf1ccc61e9e9e5b59becf189db7f7a81cd2a0e2fc31539590"),
        ett_entry("h1", "an hour", 2589657, "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066"),
        ett_entry("h2", "an hour", 2417960, "a3dc2c597b9218c7ce1cd55eb77b283fd459a1d09d753063f944967dd6b9218b"),
        ett_entry("m1", "every 15 minutes", 0, "6ce1759b1a18e3328421d5d75fadcb316c449fcd7cec32820c8dafda71986c9e"),
        ett_entry("m2", "every 15 minutes", 0, "db973ca252c6410a30d0469b13d696cf919648d0f3fd588c60f03fdbdbadd1fd")};
    return entries;
}

const CatalogueEntry* find_in_catalogue(std::string_view name) {
    for (const CatalogueEntry& entry : catalogue()) {
        if (entry.name == name) return &entry;
    }
    return nullptr;
}

const CatalogueEntry& catalogue_entry(std::string_view name) {
    if (const CatalogueEntry* entry = find_in_catalogue(name)) return *entry;
    std::vector<std::string> names;
    for (const CatalogueEntry& entry : catalogue()) names.push_back(entry.name);
    throw UserError("the catalogue has no data set " + quote(name) + did_you_mean(name, names) + "; there are " +
                    listed(names));
}

}  // namespace heed
