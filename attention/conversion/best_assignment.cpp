#include "heed/attention/conversion/best_assignment.h"

#include <limits>

namespace heed {

std::vector<int64_t> best_assignment(const Eigen::MatrixXd& gains) {
    // Costs are -gains. Rows and columns count from 1; 0 is the row that looks for a column.
    const int64_t n = gains.rows();
    const auto size = static_cast<size_t>(n + 1);
    std::vector<double> row_potential(size, 0.0), column_potential(size, 0.0);
    std::vector<int64_t> row_of(size, 0);
    for (int64_t row = 1; row <= n; ++row) {
        std::vector<double> slack(size, std::numeric_limits<double>::infinity());
        std::vector<int64_t> previous(size, 0);
        std::vector<bool> used(size, false);
        row_of[0] = row;
        size_t column = 0;
        do {
            used[column] = true;
            const int64_t current = row_of[column];
            double least = std::numeric_limits<double>::infinity();
            size_t next = 0;
            for (size_t other = 1; other < size; ++other) {
                if (used[other]) continue;
                const double reduced = -gains(current - 1, static_cast<int64_t>(other) - 1) -
                                       row_potential[static_cast<size_t>(current)] - column_potential[other];
                if (reduced < slack[other]) {
                    slack[other] = reduced;
                    previous[other] = static_cast<int64_t>(column);
                }
                if (slack[other] < least) {
                    least = slack[other];
                    next = other;
                }
            }
            for (size_t other = 0; other < size; ++other) {
                if (used[other]) {
                    row_potential[static_cast<size_t>(row_of[other])] += least;
                    column_potential[other] -= least;
                } else {
                    slack[other] -= least;
                }
            }
            column = next;
        } while (row_of[column] != 0);
        while (column != 0) {
            const auto before = static_cast<size_t>(previous[column]);
            row_of[column] = row_of[before];
            column = before;
        }
    }
    std::vector<int64_t> column_of(static_cast<size_t>(n));
    for (size_t column = 1; column < size; ++column) {
        column_of[static_cast<size_t>(row_of[column] - 1)] = static_cast<int64_t>(column) - 1;
    }
    return column_of;
}

}  // namespace heed
