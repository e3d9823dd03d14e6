#include "heed/trainers/report/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "heed/trainers/report/text.h"

namespace heed {

std::string memory_html(const MemoryUse& use) {
    struct Part {
        const char* name;
        const char* colour;
        int64_t bytes;
    };
    const int64_t rest = std::max<int64_t>(0, use.peak - use.parameters - use.gradients - use.optimizer);
    const std::array<Part, 4> parts = {{{"parameters", "parameters", use.parameters},
                                        {"gradients", "gradients", use.gradients},
                                        {"optimizer", "optimizer", use.optimizer},
                                        {"activations and the rest", "activations", rest}}};
    const auto whole = static_cast<double>(use.parameters + use.gradients + use.optimizer + rest);
    if (!(whole > 0.0)) return "";
    std::string html = fmt::format(
        "<figure class=\"memory\">\n<figcaption><strong>Memory</strong> <span class=\"unit\">of all tensors at the "
        "peak, "
        "{}{}</span></figcaption>\n<div class=\"bar\" role=\"img\" aria-label=\"memory at the peak\">",
        bytes_text(use.peak), use.process_peak > 0 ? "; of the process " + bytes_text(use.process_peak) : "");
    for (const Part& part : parts) {
        fmt::format_to(std::back_inserter(html), "<span class=\"{}\" style=\"width:{:.2f}%\"></span>", part.colour,
                       100.0 * static_cast<double>(part.bytes) / whole);
    }
    html += "</div>\n<span class=\"legend\">";
    for (const Part& part : parts) {
        fmt::format_to(std::back_inserter(html), "<span class=\"part {}\">{} {}</span>", part.colour, part.name,
                       bytes_text(part.bytes));
    }
    return html + "</span>\n</figure>\n";
}

}  // namespace heed
