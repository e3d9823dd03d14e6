#pragma once

#include <optional>
#include <span>
#include <string>

namespace heed {

/// What a pass over sequences of one length costs: seconds, bytes.
struct CostPoint {
    double length = 0.0;  ///< tokens
    double cost = 0.0;
};

/// The length at which an efficient attention becomes as cheap as sdpa, as CAB fits it (Zhang et al., ICML 2023): where
/// the line d L + e through the costs of the one meets the parabola a L^2 + b L + c through those of the other, both by
/// least squares, at the larger of two places.
struct EfficiencyLength {
    std::optional<double> length;  ///< nothing where the curves do not meet at a positive length
    double parabola_r2 = 0.0;      ///< of sdpa; NaN where there are too few points for a fit
    double line_r2 = 0.0;          ///< of the other type
    /// Why there is no length, or why the one there is says little; empty where the fit holds: both R^2 are above 0.98
    /// and have more points than coefficients.
    std::string warning;
};

/// `sdpa` and `type` are costs at rising lengths. Of times, CAB leaves the smallest length of `type` out of its line
/// (`without_smallest`).
EfficiencyLength efficiency_length(std::span<const CostPoint> sdpa, std::span<const CostPoint> type,
                                   bool without_smallest);

/// Where the measured curves themselves cross.
struct MeasuredCrossing {
    enum class Kind {
        at_length,       ///< from `length` on the type is cheaper, as far as was measured
        always_cheaper,  ///< at every length
        never_cheaper,   ///< at none that comes after a dearer one and lasts to the longest
        unknown          ///< there are not two lengths at which both were measured
    };
    Kind kind = Kind::unknown;
    double length = 0.0;
    double first = 0.0, last = 0.0;  ///< range of lengths at which both were measured
};

/// Between two lengths both curves are taken as powers of the length, straight on logarithmic axes. All costs have to
/// be positive.
MeasuredCrossing measured_crossing(std::span<const CostPoint> sdpa, std::span<const CostPoint> type);

/// "at_length" and so on: the kind in files.
const char* crossing_key(MeasuredCrossing::Kind kind);

/// "1,877", "none: dearer at 8,192", "none: cheaper from 256 on".
std::string crossing_text(const MeasuredCrossing& crossing);

}  // namespace heed
