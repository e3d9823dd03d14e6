#pragma once

namespace heed {

/// Whether lines on this stream can be redrawn: it is a terminal, and TERM names one that is not "dumb".
bool is_interactive(int descriptor);

/// Whether colours are wanted: NO_COLOR is unset or empty (https://no-color.org).
bool colours_wanted();

/// Columns of the terminal as it is now; 80 when it does not say.
int terminal_width(int descriptor);

}  // namespace heed
