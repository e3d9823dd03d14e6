#include "heed/trainers/images/report/attention_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "heed/trainers/report/confusion.h"
#include "heed/trainers/report/pictures/picture.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr int64_t most_layers = 12, most_heads = 16;
constexpr size_t most_map_bytes = 1'200'000;

class AttentionSection {
public:
    AttentionSection(const AttentionInspection& inspection, const ImageData& data)
        : inspection_(inspection), data_(data), shape_(inspection.shape), heads_(std::min(shape_.heads, most_heads)) {
        const int64_t count = std::min(shape_.depth, most_layers);
        for (int64_t i = 0; i < count; ++i) {
            layers_.push_back(count == 1 ? 0 : (i * (shape_.depth - 1) + (count - 1) / 2) / (count - 1));
        }
    }

    std::string html() {
        html_ = "<section id=\"attention\">\n<h2>Attention</h2>\n";
        if (!inspection_.left_out.empty()) {
            add("<p>{}</p>\n", escape_html(inspection_.left_out));
        } else {
            if (!inspection_.remark.empty()) add("<p class=\"remark\">{}</p>\n", escape_html(inspection_.remark));
            entropy();
            images();
            patterns();
        }
        return html_ + "</section>\n";
    }

private:
    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(html_), format, std::forward<Values>(values)...);
    }

    size_t place(int64_t layer, int64_t head) const { return static_cast<size_t>(layer * shape_.heads + head); }

    /// A table with a row a layer and a column a head.
    template <class Cell>
    void table(const std::string& attributes, const Cell& cell) {
        add("<div class=\"scroll\"><table {}>\n<thead><tr><td></td>", attributes);
        for (int64_t head = 0; head < heads_; ++head) add("<th scope=\"col\">head {}</th>", head);
        html_ += "</tr></thead>\n<tbody>\n";
        for (const int64_t layer : layers_) {
            add("<tr><th scope=\"row\">layer {}</th>", layer);
            for (int64_t head = 0; head < heads_; ++head) cell(layer, head);
            html_ += "</tr>\n";
        }
        html_ += "</tbody>\n</table></div>\n";
    }

    std::string selection() const {
        std::string text;
        if (static_cast<int64_t>(layers_.size()) < shape_.depth) {
            text += fmt::format(" Of {} layers, {} are shown.", shape_.depth, layers_.size());
        }
        if (heads_ < shape_.heads) text += fmt::format(" Of {} heads, the first {} are shown.", shape_.heads, heads_);
        return text;
    }

    void entropy() {
        const double most = std::log(static_cast<double>(shape_.tokens()));
        add("<h3>Entropy</h3>\n<p>How widely a head looks: the entropy of the weights of a token, in percent of that "
            "of "
            "{} equal weights ({:.2f} nats). 0 is one token alone, 100 all alike. Mean over all tokens of {} test "
            "images.{}</p>\n",
            shape_.tokens(), most, inspection_.images, selection());
        table("class=\"entropy\"", [&](int64_t layer, int64_t head) {
            const double nats = inspection_.entropy[place(layer, head)];
            const double share = most > 0.0 ? std::clamp(nats / most, 0.0, 1.0) : 0.0;
            add("<td class=\"hit\" style=\"--heat:{:.3f}\" title=\"layer {}, head {}: {:.3f} nats\">{:.0f}</td>", share,
                layer, head, nats, 100.0 * share);
        });
    }

    void images() {
        add("<h3>Over images</h3>\n<p>Where {} looks, on some test images: bright patches get the most weight, each "
            "map "
            "from 0 to its own maximum (shown when pointed at). <em>All layers</em> is the attention rollout, which "
            "follows the weights through all layers.</p>\n",
            shape_.class_token ? "the class token" : "a token (the mean of all tokens)");
        // Room for the picture, the names of the layers and the maps.
        add("<div class=\"images\" style=\"--looks-width:{}rem\">\n", 12 + 5 * heads_);
        std::vector<uint8_t> planes(static_cast<size_t>(data_.shape().pixels()));
        const size_t begin = html_.size();
        for (const InspectedImage& image : inspection_.shown) {
            if (html_.size() - begin > most_map_bytes) break;
            const auto index = data_.test.indices.at(static_cast<size_t>(image.index));
            data_.test.source->read_image(index, planes);
            show(image, make_picture(planes, data_.shape()));
        }
        html_ += "</div>\n";
    }

    void show(const InspectedImage& image, const Picture& picture) {
        const std::string truth = escape_html(class_name(data_.class_names(), image.label));
        const std::string sure = percent_text(image.probability, 1);
        add("<figure class=\"looks\" style=\"--picture:url({});--ratio:{}/{}\">\n<figcaption><b>{}</b> ", picture.url,
            picture.width, picture.height, truth);
        if (image.label == image.prediction) {
            add("<span class=\"sure\">{} sure</span>", sure);
        } else {
            add("<span>taken for <i>{}</i></span> <span class=\"sure\">{} sure</span>",
                escape_html(class_name(data_.class_names(), image.prediction)), sure);
        }
        add("</figcaption>\n<div class=\"whole\"><div><img src=\"{}\" alt=\"test image {}: {}\"/>image</div><div>",
            picture.url, image.index, truth);
        map(image.rollout, "all layers");
        html_ += "all layers</div></div>\n";
        table("class=\"maps\"", [&](int64_t layer, int64_t head) {
            html_ += "<td>";
            map(image.maps[place(layer, head)], fmt::format("layer {}, head {}", layer, head));
            html_ += "</td>";
        });
        html_ += "</figure>\n";
    }

    void map(const std::vector<float>& values, const std::string& name) {
        const float most = *std::max_element(values.begin(), values.end());
        add("<img class=\"over\" src=\"{}\" alt=\"{}\" title=\"{}: at most {:.3g} on a patch\"/>",
            heat_map(values, shape_.columns, most, HeatStyle::overlay), name, name, most);
    }

    void patterns() {
        if (inspection_.shown.empty()) return;
        const double density = *std::min_element(inspection_.density.begin(), inspection_.density.end());
        const bool sparse = density < 0.999;
        const bool shrunk = inspection_.pattern_side < shape_.tokens();
        add("<h3>Pairs of tokens</h3>\n<p>The weights of the first of these images: a row is a token that looks, a "
            "column "
            "one that is looked at{}. Brightness is the square root of the weight{}. {}</p>\n",
            shape_.class_token ? ", the class token first" : "",
            shrunk ? fmt::format(", and a point the largest of {0} x {0} weights",
                                 (shape_.tokens() + inspection_.pattern_side - 1) / inspection_.pattern_side)
                   : "",
            sparse
                ? "Pairs that are left out have no colour; the number is the share of pairs that have a weight, mean "
                  "over the images."
                : "Every token looks at every token.");
        table("class=\"pairs-of-tokens\"", [&](int64_t layer, int64_t head) {
            const std::vector<float>& values = inspection_.patterns[place(layer, head)];
            const float most = *std::max_element(values.begin(), values.end());
            add("<td><img src=\"{}\" alt=\"layer {}, head {}\"/>{}</td>",
                heat_map(values, inspection_.pattern_side, most, HeatStyle::matrix), layer, head,
                sparse ? percent_text(inspection_.density[place(layer, head)], 0) : "");
        });
    }

    const AttentionInspection& inspection_;
    const ImageData& data_;
    const PatchTransformerShape& shape_;
    int64_t heads_;
    std::vector<int64_t> layers_;
    std::string html_;
};

}  // namespace

std::string attention_html(const AttentionInspection& inspection, const ImageData& data) {
    return AttentionSection(inspection, data).html();
}

}  // namespace heed
