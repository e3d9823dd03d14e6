#include "heed/trainers/record/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace heed {

bool is_interactive(int descriptor) {
    if (isatty(descriptor) == 0) return false;
    const char* name = std::getenv("TERM");
    return name != nullptr && *name != '\0' && std::string_view(name) != "dumb";
}

bool colours_wanted() {
    const char* unwanted = std::getenv("NO_COLOR");
    return unwanted == nullptr || *unwanted == '\0';
}

int terminal_width(int descriptor) {
    winsize size{};
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

}  // namespace heed
