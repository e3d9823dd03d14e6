#include "heed/attention/explanation/least_norm_solver.h"

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "heed/core/error.h"

namespace heed {

namespace {

using Index = Eigen::Index;
using BasisRows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Basis = Eigen::Map<const BasisRows>;

constexpr double output_bound = 1e-13, sum_bound = 9e-13, optimality_bound = 1e-9;

struct Problem {
    Basis basis;             ///< U [keys, rank]
    Eigen::VectorXd output;  ///< c = U'a
};

double output_error(const Problem& problem, const Eigen::VectorXd& x) {
    return (problem.basis.transpose() * x - problem.output).cwiseAbs().maxCoeff();
}

/// A point of the dual: multipliers l and y = U l.
struct DualPoint {
    Eigen::VectorXd multipliers, y;
};

/// Where the dual is greatest on the ray point + t direction (y + t slope), t > 0: its derivative is piecewise linear
/// and falls. 0 where it does not rise, infinity where it does not end.
double best_step(const Eigen::VectorXd& y, const Eigen::VectorXd& slope, double output_slope) {
    std::vector<std::pair<double, Index>> kinks;
    double curvature = 0, derivative = output_slope;
    for (Index j = 0; j < y.size(); ++j) {
        if (y[j] > 0 || (y[j] == 0 && slope[j] > 0)) {
            curvature += slope[j] * slope[j];
            derivative -= y[j] * slope[j];
        }
        if (y[j] * slope[j] < 0) kinks.emplace_back(-y[j] / slope[j], j);
    }
    std::sort(kinks.begin(), kinks.end());
    const double infinity = std::numeric_limits<double>::infinity();
    for (size_t next = 0;; ++next) {
        const double top = curvature > 0 ? derivative / curvature : (derivative > 0 ? infinity : 0.0);
        if (next == kinks.size() || top <= kinks[next].first) return std::max(0.0, top);
        const Index j = kinks[next].second;
        const double enters = slope[j] > 0 ? 1.0 : -1.0;
        curvature = std::max(0.0, curvature + enters * slope[j] * slope[j]);
        derivative -= enters * y[j] * slope[j];
    }
}

/// Newton's method on the dual, from the affine point. True when max(0, y) has the output.
bool newton(const Problem& problem, DualPoint& point, int& iterations) {
    constexpr int most_iterations = 30;
    const Index rank = problem.basis.cols();
    const Index keys = problem.basis.rows();
    Eigen::MatrixXd positive_rows(rank, keys), hessian(rank, rank);
    int singular_steps = 0;
    for (int step = 0; step < most_iterations; ++step) {
        Index count = 0;
        for (Index j = 0; j < keys; ++j) {
            if (point.y[j] > 0) positive_rows.col(count++) = problem.basis.row(j);
        }
        const Eigen::VectorXd gradient = problem.output - problem.basis.transpose() * point.y.cwiseMax(0.0);
        if (gradient.cwiseAbs().maxCoeff() <= 5e-15) return true;
        // With fewer positive weights than the rank the Hessian is singular: near vertices it stays so.
        if (count < rank && ++singular_steps == 2) return false;
        hessian.setZero();
        hessian.selfadjointView<Eigen::Lower>().rankUpdate(positive_rows.leftCols(count));
        hessian.diagonal().array() += 1e-11;
        const Eigen::LLT<Eigen::MatrixXd> factor(hessian);
        if (factor.info() != Eigen::Success) return false;
        const Eigen::VectorXd direction = factor.solve(gradient);
        const Eigen::VectorXd slope = problem.basis * direction;
        const double length = best_step(point.y, slope, problem.output.dot(direction));
        if (!(length > 0) || !std::isfinite(length)) return false;
        point.multipliers += length * direction;
        point.y = problem.basis * point.multipliers;
        ++iterations;
    }
    return false;
}

/// The dual active-set method. Weights of the set are held at 0, the others are free; y = U l then holds the free
/// weights, and less the multipliers of those that are held.
class ActiveSet {
public:
    ActiveSet(const Problem& problem, DualPoint& point, int& iterations)
        : problem_(problem),
          basis_(problem.basis),
          point_(point),
          iterations_(iterations),
          held_(static_cast<size_t>(basis_.rows()), 0),
          storage_(Eigen::MatrixXd::Identity(basis_.cols(), basis_.cols())),
          factor_(storage_) {}

    /// Starts from the weights that are not positive at the point, and gives the optimum. False where rounding stops
    /// it.
    bool solve(Eigen::VectorXd& x) {
        hold_guess();
        for (int round = 0; round < 8; ++round) {
            if (!release_wrongly_held() || !raise()) return false;
            if (exact_weights(x)) return true;
        }
        return false;
    }

private:
    static constexpr double violation = 1e-14, dependent = 1e-12, rounding_bound = 1e-11;

    bool held(Index j) const { return held_[static_cast<size_t>(j)] != 0; }
    void hold(Index j, bool value) { held_[static_cast<size_t>(j)] = value ? 1 : 0; }

    /// Holds what is not positive, but leaves some more weights free than the rank, as fewer fix no multipliers.
    void hold_guess() {
        std::vector<Index> order(static_cast<size_t>(basis_.rows()));
        std::iota(order.begin(), order.end(), Index{0});
        std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return point_.y[a] > point_.y[b]; });
        const Index least = std::min(basis_.rows(), basis_.cols() + basis_.cols() / 4 + 1);
        for (Index place = least; place < basis_.rows(); ++place) {
            const Index j = order[static_cast<size_t>(place)];
            if (point_.y[j] <= 0) hold(j, true);
        }
    }

    /// The free rows of the basis, orthogonalised, and multipliers and y from them. False where they are dependent.
    bool refactor() {
        free_.clear();
        for (Index j = 0; j < basis_.rows(); ++j) {
            if (!held(j)) free_.push_back(j);
        }
        const Index rank = basis_.cols();
        free_count_ = static_cast<Index>(free_.size());
        if (free_count_ < rank) return false;
        free_rows_.resize(free_count_, rank);
        for (Index k = 0; k < free_count_; ++k) free_rows_.row(k) = basis_.row(free_[static_cast<size_t>(k)]);
        free_qr_.compute(free_rows_);
        storage_ = free_qr_.matrixQR().topRows(rank).transpose();
        for (Index k = 0; k < rank; ++k) {
            if (!(std::abs(storage_(k, k)) > 1e-8)) return false;
            if (storage_(k, k) < 0) storage_.col(k) *= -1;
        }
        point_.multipliers = factor_.solve(problem_.output);
        point_.y = basis_ * point_.multipliers;
        changes_ = 1;
        updates_ = 0;
        return true;
    }

    /// Frees all held weights with a negative multiplier until there are none: the point is then the optimum of the
    /// problem in which only the held weights have to be at least 0, from which the method may start.
    bool release_wrongly_held() {
        for (;;) {
            while (!refactor()) {
                if (!release_one()) return false;
            }
            bool released = false;
            for (Index j = 0; j < basis_.rows(); ++j) {
                if (!held(j) || point_.y[j] <= 0) continue;
                hold(j, false);
                released = true;
            }
            if (!released) return true;
        }
    }

    /// Frees the held weight that is the greatest at the point.
    bool release_one() {
        Index greatest = -1;
        for (Index j = 0; j < basis_.rows(); ++j) {
            if (held(j) && (greatest < 0 || point_.y[j] > point_.y[greatest])) greatest = j;
        }
        if (greatest >= 0) hold(greatest, false);
        return greatest >= 0;
    }

    /// Holds the most negative free weight, one after the other, until none is negative by more than rounding. False
    /// where the factor is lost.
    bool raise() {
        const int most = iterations_ + 20 * static_cast<int>(basis_.rows());
        while (iterations_ < most) {
            const Index enters = most_negative();
            if (enters < 0) return true;
            double multiplier = 0;  // of the weight that enters
            for (Index leaves = 0; leaves >= 0;) {
                ++iterations_;
                const Eigen::VectorXd change = factor_.solve(basis_.row(enters).transpose());
                const Eigen::VectorXd slope = basis_ * change;
                // How fast the weight rises; 0 where it depends on those that are held.
                const double rise = free_count_ > basis_.cols() ? 1 - slope[enters] : 0.0;
                double step = std::numeric_limits<double>::infinity();
                if (rise > dependent) step = -(point_.y[enters] + multiplier) / rise;
                leaves = first_to_leave(slope, step);
                // No weights with the output have more there, so that what is negative is rounding.
                if (!std::isfinite(step)) return true;
                multiplier += step;
                point_.multipliers -= step * change;
                point_.y -= step * slope;
                if (leaves >= 0) {
                    hold(leaves, false);
                    ++free_count_;
                    ++updates_;
                    factor_.rankUpdate(basis_.row(leaves).transpose(), 1.0);
                } else if (!remove_row(enters, rise)) {
                    return false;
                }
            }
        }
        return false;
    }

    /// The most negative free weight, -1 where none is so by more than rounding.
    Index most_negative() const {
        const double rounding = std::max(violation, 1e-15 * point_.multipliers.norm());
        Index result = -1;
        for (Index j = 0; j < basis_.rows(); ++j) {
            if (!held(j) && point_.y[j] < -rounding && (result < 0 || point_.y[j] < point_.y[result])) result = j;
        }
        return result;
    }

    /// The held weight whose multiplier is the first to become 0 within `step`, which then ends there; -1: none.
    Index first_to_leave(const Eigen::VectorXd& slope, double& step) const {
        Index result = -1;
        for (Index j = 0; j < basis_.rows(); ++j) {
            if (!held(j) || !(slope[j] < 0)) continue;
            const double zero_at = std::max(0.0, point_.y[j] / slope[j]);
            if (zero_at >= step) continue;
            step = zero_at;
            result = j;
        }
        return result;
    }

    /// Holds a weight; the factor without its row is computed anew where too much was taken off for it to be exact.
    bool remove_row(Index j, double rise) {
        hold(j, true);
        --free_count_;
        ++updates_;
        changes_ *= rise;
        if (changes_ < 1e-4 || updates_ > 60) return refactor();
        factor_.rankUpdate(basis_.row(j).transpose(), -1.0);
        return factor_.info() == Eigen::Success;
    }

    /// The weights by the orthogonal factor, as exact as the output can be; what is negative by rounding becomes 0.
    /// False where weights are negative by more.
    bool exact_weights(Eigen::VectorXd& x) {
        if (!refactor()) return false;
        const Index rank = basis_.cols();
        Eigen::VectorXd free_weights = Eigen::VectorXd::Zero(free_count_);
        free_weights.head(rank) =
            free_qr_.matrixQR().topRows(rank).triangularView<Eigen::Upper>().transpose().solve(problem_.output);
        free_weights.applyOnTheLeft(free_qr_.householderQ());
        x.setZero(basis_.rows());
        for (Index k = 0; k < free_count_; ++k) {
            const Index j = free_[static_cast<size_t>(k)];
            x[j] = std::max(0.0, free_weights[k]);
            point_.y[j] = free_weights[k];
        }
        const double least = free_weights.minCoeff();
        if (least < 0 && least >= -rounding_bound) x = restored_output(x);
        return least >= -rounding_bound;
    }

    /// The weights with the output exact again after negative ones became 0. Small weights may be rounding, as beside a
    /// weight of 1 that is all of the optimum, or may count: of both the one with the lesser error.
    Eigen::VectorXd restored_output(const Eigen::VectorXd& x) const {
        Eigen::VectorXd kept = changed_for_output(x);
        if (output_error(problem_, kept) <= output_bound / 10) return kept;
        Eigen::VectorXd without = changed_for_output((x.array() > rounding_bound).select(x, 0.0));
        return output_error(problem_, without) < output_error(problem_, kept) ? without : kept;
    }

    /// Changes the weights that are well above 0 as little as it takes for the output to be nearest to the wanted one.
    Eigen::VectorXd changed_for_output(Eigen::VectorXd x) const {
        std::vector<Index> positive;
        for (Index j = 0; j < x.size(); ++j) {
            if (x[j] > rounding_bound) positive.push_back(j);
        }
        Eigen::MatrixXd columns(basis_.cols(), static_cast<Index>(positive.size()));
        for (size_t k = 0; k < positive.size(); ++k) columns.col(static_cast<Index>(k)) = basis_.row(positive[k]);
        const Eigen::VectorXd missing = problem_.output - basis_.transpose() * x;
        Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> factor;
        factor.setThreshold(1e-8);  // keys with equal values are equal columns
        factor.compute(columns);
        const Eigen::VectorXd change = factor.solve(missing);
        for (size_t k = 0; k < positive.size(); ++k) {
            x[positive[k]] = std::max(0.0, x[positive[k]] + change[static_cast<Index>(k)]);
        }
        return x;
    }

    const Problem& problem_;
    const Basis& basis_;
    DualPoint& point_;
    int& iterations_;
    std::vector<char> held_;
    std::vector<Index> free_;
    Eigen::MatrixXd free_rows_;
    Eigen::HouseholderQR<Eigen::MatrixXd> free_qr_;
    Eigen::MatrixXd storage_;  ///< L, L L' = the sum of u_j u_j' over free rows u_j of the basis
    Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> factor_;
    Index free_count_ = 0;
    double changes_ = 1;  ///< what was taken off since the factor was computed
    int updates_ = 0;
};

double optimality_error(const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
    return (x - y.cwiseMax(0.0)).cwiseAbs().maxCoeff();
}

}  // namespace

const char* least_norm_method_name(LeastNormMethod method) {
    switch (method) {
        case LeastNormMethod::unchanged:
            return "unchanged";
        case LeastNormMethod::affine_point:
            return "affine point";
        case LeastNormMethod::newton:
            return "newton";
        case LeastNormMethod::active_set:
            return "active set";
        case LeastNormMethod::given_row:
            return "given row";
    }
    return "";
}

LeastNormRow least_norm_row(const ValueSpace& space, std::span<const double> a, std::span<double> x) {
    const auto keys = static_cast<size_t>(space.keys);
    if (a.size() != keys || x.size() != keys) throw Error("a row of weights has not the size of its value space");
    LeastNormRow row = {.keys = space.keys, .rank = space.rank};
    const Eigen::Map<const Eigen::VectorXd> given(a.data(), space.keys);
    Eigen::Map<Eigen::VectorXd> result(x.data(), space.keys);
    result = given;
    if (space.rank >= space.keys) return row;
    Problem problem{Basis(space.basis.data(), space.keys, space.rank), {}};
    problem.output = problem.basis.transpose() * given;
    DualPoint point{problem.output, problem.basis * problem.output};
    Eigen::VectorXd weights = point.y.cwiseMax(0.0);
    if (point.y.minCoeff() >= -1e-15) {
        row.method = LeastNormMethod::affine_point;
    } else if (newton(problem, point, row.iterations)) {
        row.method = LeastNormMethod::newton;
        weights = point.y.cwiseMax(0.0);
    } else {
        row.method = LeastNormMethod::active_set;
        if (!ActiveSet(problem, point, row.iterations).solve(weights)) row.method = LeastNormMethod::given_row;
    }
    if (row.method != LeastNormMethod::given_row) {
        row.output_error = output_error(problem, weights);
        row.optimality_error = optimality_error(weights, point.y);
        if (row.output_error <= output_bound && std::abs(weights.sum() - given.sum()) <= sum_bound &&
            row.optimality_error <= optimality_bound) {
            result = weights;
            return row;
        }
    }
    row.method = LeastNormMethod::given_row;
    row.output_error = 0;
    row.optimality_error = std::numeric_limits<double>::quiet_NaN();
    return row;
}

}  // namespace heed
