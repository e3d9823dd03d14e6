#include "heed/trainers/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <string_view>

#include "heed/core/error.h"
#include "heed/tests/support/message_of.h"
#include "heed/tests/support/temporary_folder.h"
#include "heed/tests/support/text_file.h"
#include "heed/trainers/images/report/image_sections.h"
#include "heed/trainers/recipe/recipe_spec.h"
#include "heed/trainers/report/provenance.h"

namespace heed::report_test {
namespace {

using test::contains;
using test::message_of;

size_t count(std::string_view text, std::string_view part) {
    size_t found = 0;
    for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
    return found;
}

/// The first way in which a page is not well-formed, "" when it is: every element is closed in its order, attributes
/// are quoted, no stray < or &. Style sheets and scripts are skipped.
std::string fault_of(std::string_view page) {
    std::vector<std::string> open;
    auto around = [&](size_t at) { return std::string(page.substr(at, 60)); };
    for (size_t at = 0; at < page.size();) {
        if (page[at] == '&') {
            const size_t end = page.find(';', at);
            if (end == std::string_view::npos || end - at > 7) return "stray & at " + around(at);
        }
        if (page[at] != '<') {
            ++at;
            continue;
        }
        const size_t begin = at++;
        bool quoted = false;
        while (at < page.size() && (quoted || page[at] != '>')) {
            if (page[at] == '"') quoted = !quoted;
            if (page[at] == '<') return "stray < at " + around(begin);
            ++at;
        }
        if (at == page.size()) return "no end of " + around(begin);
        const std::string_view tag = page.substr(begin + 1, at++ - begin - 1);
        if (tag.starts_with("!DOCTYPE") || tag.ends_with('/')) continue;
        if (tag.starts_with('/')) {
            if (open.empty() || open.back() != tag.substr(1)) return "unexpected " + around(begin);
            open.pop_back();
            continue;
        }
        const std::string name(tag.substr(0, tag.find(' ')));
        if (name == "style" || name == "script") {
            at = page.find("</" + name + ">", at);
            if (at == std::string_view::npos) return "no end of " + name;
            at += name.size() + 3;
        } else {
            open.push_back(name);
        }
    }
    return open.empty() ? "" : "not closed: " + open.back();
}

TEST(WellFormed, TheCheckerFindsFaults) {
    EXPECT_EQ(fault_of("<!DOCTYPE html><p>a <b title=\"x > y\">b</b><br/>&amp;</p>"), "");
    EXPECT_NE(fault_of("<p><b></p></b>"), "");
    EXPECT_NE(fault_of("<p>"), "");
    EXPECT_NE(fault_of("</p>"), "");
    EXPECT_NE(fault_of("<p>a & b</p>"), "");
    EXPECT_NE(fault_of("<p>a < b</p>"), "");
    EXPECT_NE(fault_of("<p title=\"x></p>"), "");
}

/// Images of one grey value each, the number of the image.
class FlatImages final : public ImageSource {
public:
    FlatImages(int64_t size, ImageShape shape, std::vector<std::string> names)
        : size_(size), shape_(shape), names_(std::move(names)) {}

    int64_t size() const override { return size_; }
    const ImageShape& shape() const override { return shape_; }
    const std::vector<std::string>& class_names() const override { return names_; }
    void read_image(int64_t index, std::span<uint8_t> pixels) const override {
        if (index >= size_) throw UserError("the image is damaged");
        for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>(index);
    }
    int32_t label(int64_t index) const override { return static_cast<int32_t>(index % classes()); }

private:
    int64_t size_;
    ImageShape shape_;
    std::vector<std::string> names_;
};

ImageData data_of(std::vector<std::string> names, ImageShape shape = {1, 8, 8}, int64_t size = 200) {
    auto source = std::make_shared<FlatImages>(size, shape, std::move(names));
    ImageData data;
    data.name = "flat";
    data.train = {source, {}};
    data.validation = {source, {}};
    data.test = {source, {}};
    for (int64_t i = 0; i < size; ++i) data.test.indices.push_back(i);
    return data;
}

/// The first `mistakes` images are taken for the next class.
Evaluation evaluation_of(const ImageData& data, int64_t mistakes) {
    Evaluation result;
    result.count = data.test.size();
    const int64_t classes = data.test.source->classes();
    result.confusion = ConfusionCounts(classes);
    for (int64_t i = 0; i < result.count; ++i) {
        const int64_t label = data.test.source->label(i);
        const int64_t guess = i < mistakes ? (label + 1) % classes : label;
        result.confusion.add(label, guess);
        if (guess == label) continue;
        result.mistakes.push_back({i, static_cast<int32_t>(label), static_cast<int32_t>(guess), 0.9});
    }
    result.accuracy = static_cast<double>(result.count - mistakes) / static_cast<double>(result.count);
    result.loss = 0.25;
    return result;
}

MetricsRecord step_record(int64_t step, int64_t epoch, MetricsRecord::Value loss) {
    return {"step",
            {{"step", step},
             {"epoch", epoch},
             {"loss", std::move(loss)},
             {"accuracy", 0.5},
             {"lr", 1e-3},
             {"gradient_norm", 1.0},
             {"samples", int64_t{32}},
             {"seconds", 0.1},
             {"data_wait", 0.001}}};
}

MetricsRecord validation_record(int64_t step, int64_t epoch) {
    return {"validation", {{"step", step}, {"epoch", epoch}, {"loss", 1.0}, {"accuracy", 0.6}}};
}

std::vector<MetricsRecord> ordinary_metrics(int64_t steps, int64_t epoch_steps) {
    std::vector<MetricsRecord> metrics;
    for (int64_t step = 1; step <= steps; ++step) {
        const int64_t epoch = (step - 1) / epoch_steps + 1;
        metrics.push_back(step_record(step, epoch, 2.0 / static_cast<double>(step) + 0.1));
        if (step % epoch_steps == 0) metrics.push_back(validation_record(step, epoch));
    }
    metrics.push_back(
        {"test", {{"step", steps}, {"loss", 0.25}, {"accuracy", 0.95}, {"peak_bytes", int64_t{5000000}}}});
    return metrics;
}

/// The page, which must be well-formed and must not reach outside itself.
std::string checked_page(const ReportInput& input) {
    std::string page = report_html(input);
    EXPECT_EQ(fault_of(page), "");
    for (const char* outside : {"http:", "https:", "@import", "<link", "<iframe", "src=\"/", "href"}) {
        EXPECT_EQ(count(page, outside), 0U) << outside;
    }
    EXPECT_EQ(count(page, "src="), count(page, "src=\"data:image/png;base64,"));
    EXPECT_EQ(count(page, "url("), count(page, "url(data:image/png;base64,"));
    EXPECT_EQ(count(page, "nan"), count(page, "ovenance")) << "only within that word";
    return page;
}

struct ReportTest : testing::Test {
    ImageData data = data_of({"shirt", "coat", "bag"});
    Evaluation test = evaluation_of(data, 10);
    std::vector<MetricsRecord> metrics = ordinary_metrics(40, 10);
    ReportInput input{.paths = RunPaths("runs/x/1"),
                      .title = "flat-vit",
                      .unit = "images",
                      .facts = {{"Parameters", "12,345"}},
                      .recipe_yaml = "model:\n  dim: 64\n"};
    std::optional<AttentionInspection> attention;
    std::vector<TrainingPicture> training_pictures;

    /// With the result and the pictures of the data.
    ReportInput complete() const {
        ReportInput all = input;
        for (const MetricsRecord& record : metrics) all.history.add(record);
        add_classification_result(all, test);
        add_image_sections(all, data, test, attention ? &*attention : nullptr, training_pictures);
        return all;
    }
};

TEST_F(ReportTest, HasAllSections) {
    const std::string page = checked_page(complete());
    for (const char* part : {"<title>flat-vit</title>", "<h1>flat-vit</h1>", "<b>95.00 %</b>", "on 200 images",
                             "<dt>Parameters</dt><dd>12,345</dd>", "60.00 % at step 10", "40 steps in 4 epochs",
                             "<dd>4.0 s</dd>", "320 images/s", "5.0 MB", "id=\"curves\"", "id=\"confusion\"",
                             "id=\"mistakes\"", "id=\"recipe\"", "<pre>model:\n  dim: 64\n</pre>"}) {
        EXPECT_TRUE(contains(page, part));
    }
    for (const char* chart : {"Loss", "Accuracy", "Learning rate", "Gradient norm", "Throughput", "Waiting for data"}) {
        EXPECT_EQ(count(page, std::string("<figcaption><strong>") + chart + "</strong>"), 1U) << chart;
    }
    EXPECT_EQ(count(page, "class=\"key stroke validation\""), 2U);
    EXPECT_EQ(count(page, "<g class=\"test diamond\""), 2U);
    EXPECT_EQ(count(page, "an epoch has 10"), 12U);
    EXPECT_EQ(count(page, "<tr><th scope=\"row\">4</th><td>40</td>"), 1U);
}

TEST_F(ReportTest, WritesThePageIntoTheRunFolder) {
    const test::TemporaryFolder folder;
    input.paths = RunPaths(folder.path());
    write_report(complete());
    EXPECT_EQ(test::read_text(folder / "report.html"), report_html(complete()));
    EXPECT_EQ(folder.entries(), 1U);
}

TEST_F(ReportTest, EscapesWhatComesFromOutside) {
    const std::string evil = "</pre><script>alert('\"&')</script>";
    data = data_of({evil, "b", "c"});
    input.paths = RunPaths("runs/" + evil);
    input.title = evil;
    input.facts = {{evil, evil}};
    input.recipe_yaml = evil;
    const std::string page = checked_page(complete());
    EXPECT_EQ(count(page, "alert('"), 0U);
    EXPECT_EQ(count(page, "<script>"), 1U);
    EXPECT_GE(count(page, "&lt;/pre&gt;&lt;script&gt;alert(&#39;&quot;&amp;&#39;)"), 7U);
}

TEST_F(ReportTest, SaysSoWhenNothingIsRecorded) {
    const std::string page = checked_page({.paths = RunPaths("r"), .title = "empty", .unit = "images"});
    EXPECT_TRUE(contains(page, "No steps are recorded."));
    EXPECT_TRUE(contains(page, "No result on the test set yet."));
    EXPECT_EQ(count(page, "<figure"), 0U);
    EXPECT_EQ(count(page, "id=\"confusion\""), 0U);
}

/// The numbers of a text, which stand apart by blanks or commas.
std::vector<double> numbers(std::string text) {
    std::replace(text.begin(), text.end(), ',', ' ');
    std::istringstream stream(text);
    std::vector<double> found;
    for (double number; stream >> number;) found.push_back(number);
    return found;
}

/// The values of the smoothed curve of a chart, read back from the picture.
std::vector<double> drawn_values(const std::string& page, const std::string& title) {
    const std::string chart = page.substr(page.find("<strong>" + title + "</strong>"));
    const auto attribute = [&](const std::string& name, size_t from) {
        const size_t begin = chart.find(name + "=\"", from) + name.size() + 2;
        return numbers(chart.substr(begin, chart.find('"', begin) - begin));
    };
    const std::vector<double> frame = attribute("data-frame", 0), range = attribute("data-y", 0);
    const std::vector<double> points = attribute("points", chart.find("class=\"training solid\""));
    std::vector<double> values;
    for (size_t i = 1; i < points.size(); i += 2) {
        values.push_back(range[0] + (frame[3] - points[i]) / (frame[3] - frame[1]) * (range[1] - range[0]));
    }
    return values;
}

TEST_F(ReportTest, TheThroughputCurveSaysWhatItsCardSays) {
    // Every second step takes 9.9 seconds instead of 0.1: 64 images in 10 seconds. The mean of the rates is 162.
    metrics.clear();
    for (int64_t step = 1; step <= 600; ++step) {
        metrics.push_back(step_record(step, 1, 1.0));
        if (step % 2 == 0) metrics.back().fields[7].second = 9.9;
    }
    const std::string page = checked_page(complete());
    EXPECT_TRUE(contains(page, "<dd>6 images/s</dd>"));
    const std::vector<double> curve = drawn_values(page, "Throughput");
    ASSERT_EQ(curve.size(), 600U);
    for (size_t i = 20; i < 580; ++i) EXPECT_NEAR(curve[i], 6.4, 1.0) << i;
}

TEST_F(ReportTest, WithoutValidationSplit) {
    std::erase_if(metrics, [](const MetricsRecord& record) { return record.event == "validation"; });
    const std::string page = checked_page(complete());
    EXPECT_EQ(count(page, "Best validation"), 0U);
    EXPECT_EQ(count(page, "stroke validation"), 0U);
    EXPECT_EQ(count(page, "<figure"), 6U);
}

TEST_F(ReportTest, OneStep) {
    metrics = ordinary_metrics(1, 1);
    const std::string page = checked_page(complete());
    EXPECT_TRUE(contains(page, "1 step in 1 epoch<"));
    EXPECT_EQ(count(page, "<polyline"), 0U);
    EXPECT_GE(count(page, "<circle"), 6U);
}

TEST_F(ReportTest, LossesThatAreNoNumbersLeaveGaps) {
    metrics = {step_record(1, 1, 2.0),
               step_record(2, 1, 1.5),
               step_record(3, 1, std::string("NaN")),
               step_record(4, 1, std::string("Infinity")),
               step_record(5, 1, 1.0),
               step_record(6, 1, 0.9)};
    const std::string page = checked_page(complete());
    EXPECT_TRUE(contains(page, "2 of the steps had a loss that is not a number"));
    const std::string loss = page.substr(0, page.find("</figure>"));
    EXPECT_EQ(count(loss, "<polyline"), 4U);

    metrics = {step_record(1, 1, std::string("NaN"))};
    checked_page(complete());
}

TEST_F(ReportTest, ShowsWhereARunWentOn) {
    metrics.insert(metrics.begin() + 12, {"resume", {{"step", int64_t{11}}, {"versions", std::string("x")}}});
    const std::string page = checked_page(complete());
    EXPECT_EQ(count(page, "<line class=\"resume\""), 6U);
    EXPECT_EQ(count(page, "class=\"key resumed\""), 6U);
}

TEST_F(ReportTest, MatrixHasCountsAndShares) {
    const std::string page = checked_page(complete());
    // 67 images of class 0, of which the images 0, 3, 6, 9 were taken for class 1.
    EXPECT_TRUE(contains(page, "title=\"shirt as coat: 4 of 67\">4</td>"));
    EXPECT_TRUE(contains(page, "title=\"shirt as shirt: 63 of 67\">63</td>"));
    EXPECT_TRUE(contains(page, "<td class=\"side\">94.0</td>"));
    EXPECT_EQ(count(page, "<td class=\"none\">"), 3U);
}

TEST_F(ReportTest, ManyClassesAreListedAsPairs) {
    std::vector<std::string> names;
    for (int i = 0; i < 30; ++i) names.push_back("name" + std::to_string(i));
    data = data_of(names);
    test = evaluation_of(data, 37);
    const std::string page = checked_page(complete());
    EXPECT_EQ(count(page, "<table class=\"confusion\">"), 0U);
    EXPECT_TRUE(contains(page, "<tr><td>name0</td><td>name1</td><td>2</td><td>28.6</td></tr>"));
    const size_t pairs = page.find("class=\"pairs\"");
    EXPECT_EQ(count(page.substr(pairs, page.find("</table>", pairs) - pairs), "<tr><td>"), 20U);
    // 7 of the 200 samples are of name0, 5 of them right; it is given to 5 and to one of name29
    EXPECT_TRUE(contains(page, "<h2>Classes</h2>"));
    EXPECT_TRUE(contains(page, "<tr><th scope=\"row\">name0</th><td>7</td><td>6</td>"));
}

TEST_F(ReportTest, ShowsTheFirstSixtyMistakes) {
    EXPECT_EQ(count(checked_page(complete()), "<img "), 10U);
    EXPECT_TRUE(contains(report_html(complete()), "10 of 200 test images were misclassified. Here they are"));
    EXPECT_TRUE(contains(report_html(complete()), "taken for <i>coat</i></span> <span class=\"sure\">90.0 % sure"));
    test = evaluation_of(data, 100);
    const std::string page = checked_page(complete());
    EXPECT_EQ(count(page, "<img "), 60U);
    EXPECT_TRUE(contains(page, "100 of 200 test images were misclassified. Here are 60 of them"));
    EXPECT_TRUE(contains(page, "alt=\"test image 59: bag\""));
    test = evaluation_of(data, 0);
    EXPECT_TRUE(contains(checked_page(complete()), "There is none."));
}

TEST_F(ReportTest, PicturesOfAnyShape) {
    data = data_of({"a", "b"}, {3, 32, 32});
    test = evaluation_of(data, 3);
    EXPECT_EQ(count(checked_page(complete()), "width=\"32\" height=\"32\""), 3U);
    data = data_of({"a", "b"}, {3, 224, 100});
    EXPECT_EQ(count(checked_page(complete()), "width=\"25\" height=\"56\""), 3U);
    data = data_of({"a", "b"}, {2, 1, 300});
    EXPECT_EQ(count(checked_page(complete()), "width=\"60\" height=\"1\""), 3U);
}

TEST_F(ReportTest, ALongRunStaysSmall) {
    metrics = ordinary_metrics(20000, 10);
    test = evaluation_of(data, 100);
    EXPECT_LT(checked_page(complete()).size(), 600'000U);
}

/// A model of `depth` blocks with attention that is a formula.
AttentionInspection inspection_of(int64_t depth, int64_t heads, int64_t side, int64_t images) {
    AttentionInspection found;
    found.shape = {.dim = heads, .depth = depth, .heads = heads, .rows = side, .columns = side, .class_token = true};
    const auto all = static_cast<size_t>(depth * heads), patches = static_cast<size_t>(side * side);
    uint32_t state = 1;
    const auto numbers = [&state](size_t count) {
        std::vector<float> values(count);
        for (float& value : values) value = static_cast<float>((state = state * 1664525U + 1013904223U) >> 8);
        return values;
    };
    found.images = 32;
    found.entropy.assign(all, 1.0);
    found.density.assign(all, 1.0);
    found.pattern_side = 40;
    for (size_t i = 0; i < all; ++i) found.patterns.push_back(numbers(1600));
    for (int64_t i = 0; i < images; ++i) {
        InspectedImage image{i, 0, 0, 0.5, {}, numbers(patches)};
        for (size_t head = 0; head < all; ++head) image.maps.push_back(numbers(patches));
        found.shown.push_back(std::move(image));
    }
    return found;
}

TEST_F(ReportTest, OlderRunsLackAttentionTrainingImagesAndMemory) {
    const std::string page = checked_page(complete());
    EXPECT_TRUE(contains(page, "id=\"resources\""));
    for (const char* part : {"id=\"attention\"", "id=\"training-images\"", "class=\"memory\""}) {
        EXPECT_EQ(count(page, part), 0U) << part;
    }
}

TEST_F(ReportTest, ShowsAttentionTrainingImagesAndMemory) {
    attention = inspection_of(2, 3, 4, 2);
    attention->remark = "weights of <mixtures>";
    training_pictures = {{std::vector<uint8_t>(64, 7), 2, -1, 1.0}, {std::vector<uint8_t>(64, 9), 0, 1, 0.7}};
    for (const auto& [name, bytes] : {std::pair{"parameter_bytes", 1000},
                                      {"gradient_bytes", 1000},
                                      {"optimizer_bytes", 2000},
                                      {"process_bytes", 70000000}}) {
        metrics.back().fields.emplace_back(name, int64_t{bytes});
    }
    const std::string page = checked_page(complete());
    EXPECT_TRUE(contains(page, "activations and the rest 5.0 MB"));
    EXPECT_TRUE(contains(page, "of the process 70 MB"));
    // A rollout and six heads for each of two images; six patterns; two training images; two images; ten mistakes.
    EXPECT_EQ(count(page, "class=\"over\""), 14U);
    EXPECT_EQ(count(page, "<img "), 14U + 6U + 2U + 2U + 10U);
    EXPECT_TRUE(contains(page, "<span>bag</span>"));
    EXPECT_TRUE(contains(page, "<span>shirt 70 %, coat 30 %</span>"));
    EXPECT_TRUE(contains(page, "Where the class token looks"));
    EXPECT_TRUE(contains(page, "<p class=\"remark\">weights of &lt;mixtures&gt;</p>"));
    EXPECT_TRUE(contains(page, "Every token looks at every token."));
}

TEST_F(ReportTest, ALargeModelStaysModerate) {
    data = data_of({"a", "b", "c"}, {3, 64, 64});
    test = evaluation_of(data, 100);
    attention = inspection_of(12, 16, 32, 6);
    training_pictures.assign(24, {std::vector<uint8_t>(3 * 64 * 64, 7), 2, -1, 1.0});
    EXPECT_LT(checked_page(complete()).size(), 3'000'000U);
}

TEST_F(ReportTest, SaysHowTheRunCameAboutAndEnded) {
    EXPECT_EQ(count(checked_page(complete()), "id=\"provenance\""), 0U) << "nothing is known";
    metrics.insert(metrics.begin(), {"start",
                                     {{"step", int64_t{0}},
                                      {"command", std::string("heed train 'a b.yaml'")},
                                      {"commit", std::string("abc123")},
                                      {"versions", std::string("heed 1")},
                                      {"unit", std::string("images")}}});
    metrics.push_back({"resume", {{"step", int64_t{40}}, {"versions", std::string("heed 2")}}});
    input.settings = {{"model.dim", "96"}};
    input.end = "Stopped by SIGINT after step 40.";
    input.left_out = {"The <data> are left out."};
    const std::string page = checked_page(complete());
    EXPECT_TRUE(contains(page,
                         "<tr><td>1</td><td><code>heed train &#39;a b.yaml&#39;</code></td><td>abc123</td>"
                         "<td>heed 1</td></tr>"));
    EXPECT_TRUE(contains(page, "<tr><td>41</td><td><code>–</code></td><td>–</td><td>heed 2</td></tr>"));
    EXPECT_TRUE(contains(page, "<tr><td>model.dim</td><td><code>96</code></td></tr>"));
    EXPECT_TRUE(contains(page, "<p class=\"end\">Stopped by SIGINT after step 40.</p>"));
    EXPECT_TRUE(contains(page, "The &lt;data&gt; are left out."));
}

TEST_F(ReportTest, SettingsThatAreNotTheDefaults) {
    const Recipe recipe = parse_recipe(recipe_spec(),
                                       "model: {type: vit, dim: 96, depth: 4}\n"
                                       "data: {name: mnist, root: /home/somebody/data}\n"
                                       "attention: {type: super}\nrun: {dir: elsewhere}\n",
                                       "r.yaml", {"train.epochs=77"});
    const auto settings = settings_not_default(recipe);
    const auto has = [&](const std::string& key, const std::string& value) {
        return std::find(settings.begin(), settings.end(), std::pair(key, value)) != settings.end();
    };
    EXPECT_TRUE(has("model.dim", "96"));
    EXPECT_TRUE(has("attention.type", "super"));
    EXPECT_TRUE(has("train.epochs", "77"));
    for (const auto& [key, value] : settings) {
        EXPECT_FALSE(contains(value, "somebody") || value == "elsewhere") << key;
        EXPECT_NE(key, "model.mlp_dim");
    }
}

/// Every colour of ink on every cell of heat has the contrast that WCAG AA asks for.
double luminance(const std::array<double, 3>& colour) {
    double sum = 0.0;
    constexpr std::array<double, 3> weights = {0.2126, 0.7152, 0.0722};
    for (size_t i = 0; i < 3; ++i) {
        const double part = colour[i] / 255.0;
        sum += weights[i] * (part <= 0.03928 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4));
    }
    return sum;
}

TEST_F(ReportTest, NumbersOnHeatKeepTheirContrast) {
    const std::string page = report_html(input);
    int themes = 0;
    for (size_t at = page.find("--paper: #"); at != std::string::npos; at = page.find("--paper: #", at + 1), ++themes) {
        const auto value = [&](const std::string& name) {
            return page.substr(page.find(name + ": ", at) + name.size() + 2, 24);
        };
        const auto colour = [&](const std::string& name) {
            std::array<double, 3> found = {};
            const std::string text = value(name);
            for (size_t i = 0; i < 3; ++i) found[i] = std::stoi(text.substr(1 + 2 * i, 2), nullptr, 16);
            return found;
        };
        const auto paper = colour("--paper"), ink = colour("--ink");
        const double most = std::stod(value("--heat-most"));
        EXPECT_GE(most, 0.5);
        for (const char* heat : {"--heat-hit", "--heat-miss"}) {
            const std::vector<double> full = numbers(value(heat));
            for (double share = 0.0; share <= 1.0; share += 0.05) {
                std::array<double, 3> cell = {};
                for (size_t i = 0; i < 3; ++i) cell[i] = most * share * full[i] + (1.0 - most * share) * paper[i];
                const double a = luminance(cell) + 0.05, b = luminance(ink) + 0.05;
                EXPECT_GE(std::max(a, b) / std::min(a, b), 4.5) << heat << " " << share << " theme " << themes;
            }
        }
    }
    EXPECT_EQ(themes, 3);
}

TEST_F(ReportTest, ADamagedPictureIsAnError) {
    data.test.indices[3] = 100000;
    EXPECT_EQ(message_of<UserError>([&] { report_html(complete()); }), "the image is damaged");
}

}  // namespace
}  // namespace heed::report_test
