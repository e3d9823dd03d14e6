#include "heed/trainers/images/report/image_sections.h"

#include <fmt/format.h>

#include "heed/trainers/images/report/attention_section.h"
#include "heed/trainers/images/report/mistakes_section.h"
#include "heed/trainers/images/report/training_images_section.h"
#include "heed/trainers/report/confusion.h"
#include "heed/trainers/report/label_table.h"
#include "heed/trainers/report/text.h"

namespace heed {

void add_classification_result(ReportInput& input, const Evaluation& test) {
    std::string text = "test accuracy";
    for (const auto& [name, value] : test.more) {
        if (name == "top5") text += fmt::format(" (top 5: {})", percent_text(value, 2));
    }
    input.result = {percent_text(test.accuracy, 2),
                    fmt::format("{} on {} {}, loss {:.4f}", text, group_digits(test.count), input.unit, test.loss)};
}

void add_image_sections(ReportInput& input, const ImageData& data, const Evaluation& test,
                        const AttentionInspection* attention, const std::vector<TrainingPicture>& training_pictures) {
    input.sections.push_back(confusion_html(test, data.class_names(), input.unit));
    input.sections.push_back(
        class_table_html(classification_scores(test.confusion).classes, data.class_names(), input.unit));
    input.sections.push_back(mistakes_html(test, data));
    if (attention != nullptr) input.sections.push_back(attention_html(*attention, data));
    if (!training_pictures.empty()) input.sections.push_back(training_images_html(training_pictures, data));
}

}  // namespace heed
