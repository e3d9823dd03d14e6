#include "heed/trainers/report/remarks.h"

#include "heed/trainers/report/text.h"

namespace heed {

std::string data_remarks_html(const std::vector<std::string>& remarks) {
    std::string html = "<section id=\"data\">\n<h2>The data</h2>\n<ul>\n";
    for (const std::string& remark : remarks) html += "<li>" + escape_html(remark) + "</li>\n";
    return html + "</ul>\n</section>\n";
}

}  // namespace heed
