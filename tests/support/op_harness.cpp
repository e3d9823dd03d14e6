#include "heed/tests/support/op_harness.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <memory>
#include <random>
#include <set>

#include "heed/core/cpu/isa.h"
#include "heed/tests/cuda_emulation/thread_order.h"
#include "heed/tests/support/devices.h"

namespace heed::test {

namespace {

using definitions::Values;
using Floats = std::vector<float>;

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr double difference_step = 1e-5;
constexpr std::size_t probed_elements = 64;

std::size_t size_of(const Shape& shape) {
    return static_cast<std::size_t>(shape.elements());
}

Values widened(const Floats& values) {
    return {values.begin(), values.end()};
}

Floats draw(std::size_t count, std::mt19937& random) {
    Floats values(count);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (float& value : values) value = uniform(random);
    return values;
}

Floats draw_input(const OpInput& input, std::mt19937& random) {
    Floats values = draw(size_of(input.shape), random);
    if (input.fill == Fill::away_from_zero) {
        for (float& value : values) value += std::copysign(0.05F, value);
    } else if (input.fill == Fill::distinct) {
        const auto count = static_cast<float>(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = 2 * static_cast<float>(i) / count - 1;
        std::shuffle(values.begin(), values.end(), random);
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] += input.shift;
        if (input.unread && input.unread(static_cast<int64_t>(i))) values[i] = not_a_number;
    }
    return values;
}

/// Stands for the rest of a model: gives every output of an op its gradient.
struct SeedNode final : Node {
    static constexpr const char* name = "seed";
    SeedNode() : Node(name) {}
    void backward() override {
        for (std::size_t i = 0; i < slots.size(); ++i) slots[i]->add(std::move(seeds[i]));
    }
    std::vector<GradientSlot*> slots;
    std::vector<Tensor> seeds;
};

/// Keeps the names of the ops that a context tells of while this lives.
struct SeenOps final : OpObserver {
    explicit SeenOps(Context& seen_context) : context(seen_context) { context.set_observer(this); }
    ~SeenOps() override { context.set_observer(nullptr); }
    void begins(const char* op, bool is_backward) override { (is_backward ? backward : forward).insert(op); }
    void ends() override {}
    void multiplies(int64_t) override {}
    void touches(const void*, std::size_t) override {}

    Context& context;
    std::set<std::string> forward, backward;
};

/// What one step over the op has to be told.
struct Settings {
    std::vector<bool> differentiated;  ///< which inputs have a gradient
    int uses = 1;                      ///< how often the op runs on the same variables
    bool shared_seeds = false;         ///< somebody else holds the outputs' gradients
};

/// What one step gave: values of the outputs and gradients of the inputs.
struct OpResult {
    std::vector<Floats> values;
    std::vector<Floats> gradients;
};

/// The values that a case runs on, and what is right for them.
struct Problem {
    std::vector<Floats> inputs;
    std::vector<Floats> seeds;
    std::vector<Values> outputs;
    /// Elements of each input whose derivative is known, and the derivatives.
    std::vector<std::vector<std::size_t>> probed;
    std::vector<Values> derivatives;
};

/// The gradient in a slot; where an op has nothing to add, it writes nothing, which counts as zeros.
Floats gradient_in(const GradientSlot& slot) {
    return slot.defined() ? slot.gradient().to_vector() : Floats(size_of(slot.shape()), 0.0F);
}

/// The size of which a bound is a share.
template <class Numbers>
double scale_of(const Numbers& wanted) {
    double largest = 1;
    for (const auto value : wanted) {
        if (std::isfinite(value)) largest = std::max(largest, std::abs(static_cast<double>(value)));
    }
    return largest;
}

double weighted_sum(const std::vector<Values>& outputs, const std::vector<Floats>& seeds) {
    double sum = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        for (std::size_t j = 0; j < outputs[i].size(); ++j) sum += outputs[i][j] * static_cast<double>(seeds[i][j]);
    }
    return sum;
}

Problem make_problem(const OpCase& op_case) {
    std::mt19937 random(1);
    Problem problem;
    std::vector<Values> inputs;
    for (const OpInput& input : op_case.inputs) {
        problem.inputs.push_back(draw_input(input, random));
        inputs.push_back(widened(problem.inputs.back()));
    }
    problem.outputs = op_case.definition(inputs);
    for (const Values& output : problem.outputs) problem.seeds.push_back(draw(output.size(), random));
    return problem;
}

/// Central differences of the definition.
void differentiate(const OpCase& op_case, Problem& problem) {
    std::mt19937 random(2);
    std::vector<Values> inputs;
    for (const Floats& input : problem.inputs) inputs.push_back(widened(input));
    for (Values& input : inputs) {
        std::vector<std::size_t> elements(input.size());
        for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = i;
        if (elements.size() > probed_elements) {
            std::shuffle(elements.begin(), elements.end(), random);
            elements.resize(probed_elements);
        }
        Values derivatives;
        for (const std::size_t element : elements) {
            const double value = input[element];
            input[element] = value + difference_step;
            const double above = weighted_sum(op_case.definition(inputs), problem.seeds);
            input[element] = value - difference_step;
            const double below = weighted_sum(op_case.definition(inputs), problem.seeds);
            input[element] = value;
            derivatives.push_back((above - below) / (2 * difference_step));
        }
        problem.probed.push_back(std::move(elements));
        problem.derivatives.push_back(std::move(derivatives));
    }
}

/// One device with one instruction set.
class Path {
public:
    Path(const OpCase& op_case, const Problem& problem, const std::string& device, std::string name,
         std::vector<std::string>& failures)
        : case_(op_case), problem_(problem), context_(device), name_(std::move(name)), failures_(failures) {}

    void check_all() {
        const std::size_t count = case_.inputs.size();
        const std::vector<bool> all(count, true);
        const std::size_t before = context_.allocator().bytes_in_use();
        guarded("once", [&] { check_leaves("once", {all}); });
        guarded("gradients held elsewhere", [&] { check_leaves("gradients held elsewhere", {all, 1, true}); });
        guarded("used twice", [&] { check_leaves("used twice", {all, 2}); });
        for (std::size_t only = 0; count > 1 && only < count; ++only) {
            std::vector<bool> one(count, false);
            one[only] = true;
            const std::string what = "gradient of " + case_.inputs[only].name + " alone";
            guarded(what, [&] { check_leaves(what, {one}); });
        }
        guarded("bound", [&] { check_bound(); });
        guarded("constants", [&] { check_constants(); });
        guarded("observer", [&] { check_observer({all}); });
        guarded("NaN", [&] { check_nan(); });
        if (context_.allocator().bytes_in_use() != before) fail("at the end", "memory is still in use");
    }

    /// Runs the op on leaves and gives back all values and gradients.
    OpResult run_on_leaves(const std::string& what, const Settings& settings) {
        std::vector<Variable> variables;
        for (std::size_t i = 0; i < problem_.inputs.size(); ++i) {
            Tensor value = tensor(i);
            const bool leaf = settings.differentiated[i];
            variables.push_back(leaf ? context_.tape().leaf(std::move(value)) : Variable(std::move(value)));
        }
        OpResult result = step(what, variables, settings);
        for (std::size_t i = 0; i < variables.size(); ++i) {
            Floats gradient;
            if (settings.differentiated[i]) gradient = gradient_in(*variables[i].slot());
            result.gradients.push_back(std::move(gradient));
        }
        for (std::size_t i = 0; i < variables.size(); ++i) expect_unchanged(what, i, variables[i].value());
        context_.tape().clear();
        return result;
    }

private:
    template <class Body>
    void guarded(const std::string& what, const Body& body) {
        try {
            body();
        } catch (const std::exception& error) {
            fail(what, std::string("threw: ") + error.what());
        }
        context_.tape().clear();
    }

    void fail(const std::string& what, const std::string& message) {
        failures_.push_back(name_of(case_) + ", " + name_ + ", " + what + ": " + message);
    }

    Tensor tensor(std::size_t input) {
        return Tensor::from_host(context_, case_.inputs[input].shape, std::span<const float>(problem_.inputs[input]));
    }

    /// Runs the op, checks its values and walks back from the seeds.
    OpResult step(const std::string& what, const std::vector<Variable>& variables, const Settings& settings) {
        OpResult result;
        std::vector<Tensor> held;
        std::vector<Variable> outputs;
        for (int use = 0; use < settings.uses; ++use) {
            for (Variable& output : case_.run(context_, variables)) outputs.push_back(std::move(output));
        }
        SeedNode& node = context_.tape().record<SeedNode>();
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            const std::size_t kind = i % problem_.seeds.size();
            result.values.push_back(outputs[i].value().to_vector());
            expect_values(what, kind, result.values.back());
            Tensor seed = Tensor::from_host(context_, outputs[i].shape(), std::span<const float>(problem_.seeds[kind]));
            if (settings.shared_seeds) held.push_back(seed);
            node.slots.push_back(outputs[i].slot());
            node.seeds.push_back(std::move(seed));
        }
        const float zero = 0;
        Variable end = context_.tape().output(node, Tensor::from_host(context_, {1}, std::span<const float>(&zero, 1)));
        outputs.clear();
        context_.tape().backward(end);
        for (std::size_t i = 0; i < held.size(); ++i) {
            if (held[i].to_vector() != problem_.seeds[i]) fail(what, "a gradient that was held elsewhere was changed");
        }
        return result;
    }

    void check_leaves(const std::string& what, const Settings& settings) {
        const OpResult result = run_on_leaves(what, settings);
        for (std::size_t i = 0; i < result.gradients.size(); ++i) {
            if (settings.differentiated[i]) expect_gradient(what, i, result.gradients[i], settings.uses);
        }
    }

    /// Every op of which a backward is seen has to be seen forward: it has an OpScope of the same name as its node.
    void check_observer(const Settings& settings) {
        const SeenOps seen(context_);
        run_on_leaves("observer", settings);
        for (const std::string& op : seen.backward) {
            if (op != SeedNode::name && !seen.forward.contains(op)) {
                fail("observer", "no OpScope " + op + " was seen in forward");
            }
        }
        if (seen.backward.empty()) fail("observer", "no backward was seen");
    }

    /// Parameters: the first gradient overwrites what the buffer holds, the second one is added.
    void check_bound() {
        std::vector<Variable> variables;
        std::vector<std::unique_ptr<GradientSlot>> slots;
        for (std::size_t i = 0; i < problem_.inputs.size(); ++i) {
            const Floats garbage(problem_.inputs[i].size(), not_a_number);
            slots.push_back(std::make_unique<GradientSlot>());
            slots.back()->bind(Tensor::from_host(context_, case_.inputs[i].shape, std::span<const float>(garbage)));
            variables.emplace_back(tensor(i), *slots.back(), 0);
        }
        for (int times = 1; times <= 2; ++times) {
            const std::string what = times == 1 ? "bound buffer" : "bound buffer, second pass";
            step(what, variables, {{}, 1, false});
            context_.tape().clear();
            for (std::size_t i = 0; i < slots.size(); ++i) expect_gradient(what, i, gradient_in(*slots[i]), times);
        }
    }

    void check_constants() {
        std::vector<Variable> variables;
        for (std::size_t i = 0; i < problem_.inputs.size(); ++i) variables.emplace_back(tensor(i));
        const std::vector<Variable> outputs = case_.run(context_, variables);
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            expect_values("constants", i, outputs[i].value().to_vector());
            if (outputs[i].requires_gradient()) fail("constants", "the output wants a gradient");
        }
        for (std::size_t i = 0; i < variables.size(); ++i) expect_unchanged("constants", i, variables[i].value());
    }

    void check_nan() {
        if (!case_.may_be_nan) return;
        for (std::size_t bad = 0; bad < problem_.inputs.size(); ++bad) {
            const std::size_t count = problem_.inputs[bad].size();
            if (count == 0) continue;
            for (const std::size_t element : {std::size_t{0}, count / 2, count - 1}) {
                std::vector<Variable> variables;
                std::vector<Values> inputs;
                for (std::size_t i = 0; i < problem_.inputs.size(); ++i) {
                    Floats values = problem_.inputs[i];
                    if (i == bad) values[element] = not_a_number;
                    inputs.push_back(widened(values));
                    variables.emplace_back(
                        Tensor::from_host(context_, case_.inputs[i].shape, std::span<const float>(values)));
                }
                const std::vector<Values> wanted = case_.definition(inputs);
                const std::vector<Variable> outputs = case_.run(context_, variables);
                const std::string what = "NaN in " + case_.inputs[bad].name + "[" + std::to_string(element) + "]";
                for (std::size_t i = 0; i < outputs.size(); ++i) {
                    compare(what + ", output " + std::to_string(i), outputs[i].value().to_vector(), wanted[i],
                            case_.value_bound);
                }
            }
        }
    }

    void expect_values(const std::string& what, std::size_t output, const Floats& values) {
        compare(what + ", output " + std::to_string(output), values, problem_.outputs[output], case_.value_bound);
    }

    void expect_gradient(const std::string& what, std::size_t input, const Floats& gradient, int times) {
        const std::vector<std::size_t>& elements = problem_.probed[input];
        Floats got;
        Values wanted;
        for (std::size_t i = 0; i < elements.size(); ++i) {
            if (elements[i] >= gradient.size()) return fail(what, "the gradient has too few elements");
            got.push_back(gradient[elements[i]]);
            wanted.push_back(problem_.derivatives[input][i] * times);
        }
        compare(what + ", gradient of " + case_.inputs[input].name, got, wanted, case_.gradient_bound * times);
    }

    void expect_unchanged(const std::string& what, std::size_t input, const Tensor& value) {
        const Floats now = value.to_vector();
        for (std::size_t i = 0; i < now.size(); ++i) {
            const float before = problem_.inputs[input][i];
            if (now[i] == before || (std::isnan(now[i]) && std::isnan(before))) continue;
            return fail(what, "input " + case_.inputs[input].name + " was changed");
        }
    }

    void compare(const std::string& what, const Floats& got, const Values& wanted, double bound) {
        if (got.size() != wanted.size()) {
            return fail(what, std::to_string(got.size()) + " elements, expected " + std::to_string(wanted.size()));
        }
        const double scale = scale_of(wanted);
        for (std::size_t i = 0; i < got.size(); ++i) {
            const bool same_nan = std::isnan(got[i]) && std::isnan(wanted[i]);
            if (same_nan || std::abs(got[i] - wanted[i]) <= bound * (scale + std::abs(wanted[i]))) continue;
            return fail(what, "element " + std::to_string(i) + " is " + std::to_string(got[i]) + ", expected " +
                                  std::to_string(wanted[i]));
        }
    }

    const OpCase& case_;
    const Problem& problem_;
    Context context_;
    std::string name_;
    std::vector<std::string>& failures_;
};

}  // namespace

std::string name_of(const OpCase& op_case) {
    return op_case.label.empty() ? op_case.op : op_case.op + " (" + op_case.label + ")";
}

std::vector<std::string> check_op(const OpCase& op_case) {
    std::vector<std::string> failures;
    Problem problem = make_problem(op_case);
    differentiate(op_case, problem);
    const Isa before = active_isa();
    for (const Isa isa : {Isa::baseline, Isa::avx2, Isa::avx512}) {
        if (!isa_available(isa)) continue;
        set_active_isa(isa);
        Path(op_case, problem, "cpu", std::string("cpu ") + isa_name(isa), failures).check_all();
    }
    set_active_isa(before);
    Path(op_case, problem, "reference", "reference", failures).check_all();
    if (cuda_is_tested()) {
        for (const cuda_emulation::ThreadOrder order : cuda_thread_orders()) {
            cuda_emulation::set_thread_order(order);
            Path(op_case, problem, "cuda", std::string("cuda, threads ") + name_of(order), failures).check_all();
        }
        cuda_emulation::set_thread_order(cuda_emulation::ThreadOrder::forward);
    }
    return failures;
}

std::vector<std::string> check_twin(const OpCase& fused, const OpCase::Run& twin, double bound) {
    std::vector<std::string> failures;
    const Problem problem = make_problem(fused);
    const Settings all{std::vector<bool>(fused.inputs.size(), true)};
    OpCase composed = fused;
    composed.op = "the twin of " + fused.op;
    composed.run = twin;
    const OpResult a = Path(fused, problem, "cpu", "cpu", failures).run_on_leaves("run", all);
    const OpResult b = Path(composed, problem, "cpu", "cpu", failures).run_on_leaves("run", all);
    const auto compare = [&](const char* what, const std::vector<Floats>& got, const std::vector<Floats>& wanted) {
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const double scale = scale_of(wanted[i]);
            for (std::size_t j = 0; j < wanted[i].size(); ++j) {
                const auto want = static_cast<double>(wanted[i][j]);
                if (std::abs(static_cast<double>(got.at(i).at(j)) - want) <= bound * (scale + std::abs(want))) continue;
                failures.push_back(name_of(fused) + ": " + what + " " + std::to_string(i) + " differs from the twin's");
                break;
            }
        }
    };
    compare("output", a.values, b.values);
    compare("gradient", a.gradients, b.gradients);
    return failures;
}

std::string joined(const std::vector<std::string>& failures) {
    std::string text;
    for (const std::string& failure : failures) text += failure + "\n";
    return text;
}

}  // namespace heed::test
