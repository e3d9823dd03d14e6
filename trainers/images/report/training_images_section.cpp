#include "heed/trainers/images/report/training_images_section.h"

#include <fmt/format.h>

#include <iterator>

#include "heed/trainers/report/confusion.h"
#include "heed/trainers/report/pictures/picture.h"
#include "heed/trainers/report/text.h"

namespace heed {

std::string training_images_html(const std::vector<TrainingPicture>& pictures, const ImageData& data) {
    constexpr size_t most_bytes = 500'000;
    std::string html =
        "<section id=\"training-images\">\n<h2>Training images</h2>\n<p>The first images of the first step, as the "
        "model saw them: after augmentation, where the recipe asks for it.</p>\n<ul class=\"sheet\">\n";
    const size_t begin = html.size();
    for (const TrainingPicture& shown : pictures) {
        if (html.size() - begin > most_bytes) break;
        const Picture picture = make_picture(shown.planes, data.shape());
        std::string label = escape_html(class_name(data.class_names(), shown.label));
        if (shown.partner >= 0) {
            label = fmt::format("{} {}, {} {}", label, percent_text(shown.share, 0),
                                escape_html(class_name(data.class_names(), shown.partner)),
                                percent_text(1.0 - shown.share, 0));
        }
        fmt::format_to(
            std::back_inserter(html),
            "<li><img src=\"{}\" width=\"{}\" height=\"{}\" alt=\"training image: {}\"/><span>{}</span></li>\n",
            picture.url, picture.width, picture.height, label, label);
    }
    return html + "</ul>\n</section>\n";
}

}  // namespace heed
