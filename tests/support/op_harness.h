#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "heed/core/autograd/variable.h"
#include "heed/core/device/context.h"
#include "heed/tests/definitions/values.h"

namespace heed::test {

/// How the values of an input are drawn; all have magnitudes of about 1.
enum class Fill {
    uniform,         ///< in [-1, 1)
    away_from_zero,  ///< uniform, but at least 0.05 from 0, where an op has a kink
    distinct,        ///< any two at least 2 / elements apart, for ops that compare them
};

struct OpInput {
    std::string name;
    Shape shape;
    Fill fill = Fill::uniform;
    float shift = 0;  ///< added to all values
    /// Elements that the op must not read: they are NaN, and their gradient has to be 0.
    std::function<bool(int64_t element)> unread = {};
};

/// One use of an op: how to run it on a device, and its definition in double precision.
struct OpCase {
    using Run = std::function<std::vector<Variable>(Context&, const std::vector<Variable>&)>;
    using Definition = std::function<std::vector<definitions::Values>(const std::vector<definitions::Values>&)>;

    std::string op;     ///< name of the function, as its header has it
    std::string label;  ///< what is special about this case
    std::vector<OpInput> inputs;
    Run run;
    Definition definition;
    /// |got - wanted| <= bound * (scale + |wanted|) for every element; the scale is the largest |wanted| of the tensor,
    /// but at least 1, the size of the inputs.
    double value_bound = 1e-5;
    double gradient_bound = 2e-5;
    /// Inputs may be NaN: outputs then are NaN exactly where the definition's are.
    bool may_be_nan = true;
};

std::string name_of(const OpCase& op_case);

/// Runs the case on device cpu with every instruction set that the machine has, on device reference and, where it is
/// linked (// ctest: cuda), on the emulated device cuda with its threads in every order, and says what is wrong; empty
/// when all is well. Each path checks: values against the definition; the gradient of every input, for a random
/// weighting of all outputs, against central differences of the definition (at up to 64 elements of each input); each
/// input alone as the only one with a gradient; gradients added up over two uses of a variable and in a bound buffer;
/// gradients that somebody else still holds; no record without an input with a gradient; an OpScope of the name of each
/// node; NaN inputs; unchanged inputs; all memory given back.
std::vector<std::string> check_op(const OpCase& op_case);

/// What differs between a fused op and the composition that defines it, run on the same inputs on the best path of
/// device cpu: values of the outputs and gradients of the inputs, with a bound as in OpCase.
std::vector<std::string> check_twin(const OpCase& fused, const OpCase::Run& twin, double bound);

/// All failures in one text, one a line.
std::string joined(const std::vector<std::string>& failures);

}  // namespace heed::test
