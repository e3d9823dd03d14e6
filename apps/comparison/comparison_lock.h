#pragma once

#include <string>

namespace heed {

/// The folder of a comparison, made where it is missing and held by one process at a time until it ends, however it
/// does. UserError where another holds it, where it holds other files, or cannot be written to.
class ComparisonLock {
public:
    explicit ComparisonLock(const std::string& folder);
    ~ComparisonLock();
    ComparisonLock(const ComparisonLock&) = delete;
    ComparisonLock& operator=(const ComparisonLock&) = delete;

private:
    int lock_ = -1;
};

}  // namespace heed
