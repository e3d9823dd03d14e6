#include "heed/trainers/images/report/mistakes_section.h"

#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "heed/trainers/report/confusion.h"
#include "heed/trainers/report/pictures/picture.h"
#include "heed/trainers/report/text.h"

namespace heed {

namespace {

constexpr size_t most_pictures = 60;
constexpr size_t most_picture_bytes = 700'000;  // of all together, so that the page stays below a megabyte

}  // namespace

std::string mistakes_html(const Evaluation& test, const ImageData& data) {
    const ImageSplit& split = data.test;
    const ImageShape& shape = split.source->shape();
    const std::vector<std::string>& names = data.class_names();
    std::vector<uint8_t> planes(static_cast<size_t>(shape.pixels()));
    std::string sheet;
    size_t shown = 0, bytes = 0;
    for (const Mistake& mistake : test.mistakes) {
        if (shown == most_pictures || bytes > most_picture_bytes) break;
        split.source->read_image(split.indices.at(static_cast<size_t>(mistake.index)), planes);
        const Picture picture = make_picture(planes, shape);
        const std::string truth = escape_html(class_name(names, mistake.label));
        const std::string guess = escape_html(class_name(names, mistake.prediction));
        fmt::format_to(std::back_inserter(sheet),
                       "<li><img src=\"{}\" width=\"{}\" height=\"{}\" alt=\"test image {}: {}\"/>"
                       "<b>{}</b> <span>taken for <i>{}</i></span> <span class=\"sure\">{} sure</span></li>\n",
                       picture.url, picture.width, picture.height, mistake.index, truth, truth, guess,
                       percent_text(mistake.probability, 1));
        bytes += picture.url.size();
        ++shown;
    }
    std::string html = "<section id=\"mistakes\">\n<h2>Misclassified images</h2>\n";
    if (shown == 0) return html + "<p>There is none.</p>\n</section>\n";
    const int64_t wrong = test.count - test.confusion.all_right();
    fmt::format_to(
        std::back_inserter(html),
        "<p>{} of {} test images were misclassified. {}the most certain mistakes first.</p>\n<ul class=\"sheet\">\n",
        group_digits(wrong), group_digits(test.count),
        static_cast<int64_t>(shown) < wrong ? fmt::format("Here are {} of them, ", shown) : "Here they are, ");
    return html + sheet + "</ul>\n</section>\n";
}

}  // namespace heed
