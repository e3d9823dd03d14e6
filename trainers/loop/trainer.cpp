#include "heed/trainers/loop/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <string>
#include <vector>

#include "heed/core/device/op_scope.h"
#include "heed/trainers/loop/finite.h"

namespace heed {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Name of the first parameter whose value or gradient is not finite, or "".
std::string first_bad_parameter(const ParameterStore& store) {
    const std::string value = first_non_finite_parameter(store);
    if (!value.empty()) return "parameter " + value;
    for (Parameter* parameter : store.parameters()) {
        if (!parameter->trainable()) continue;
        for (const ParameterPart& part : parameter->parts()) {
            Tensor gradient = parameter->gradient_slot().gradient().slice(part.first_row, part.rows);
            if (!all_finite(gradient)) return "the gradient of " + part.name;
        }
    }
    return "";
}

/// With train.exact_reduce.
int64_t parts_of_rank(const TrainOptions& train, int ranks) {
    if (train.exact_reduce % ranks != 0) {
        throw UserError("train.exact_reduce " + std::to_string(train.exact_reduce) +
                        " expects a power of two of processes, at most as many, got " + std::to_string(ranks));
    }
    return train.exact_reduce / ranks;
}

}  // namespace

void TrainingState::note_validation(double score, const std::string& by, int64_t keep) {
    compared_by = by;
    if (best_step == 0 || score > best_score) {
        best_score = score;
        best_step = step;
        validations_since_best = 0;
    } else {
        ++validations_since_best;
    }
    if (keep < 2) return;
    const auto place =
        std::find_if(kept.begin(), kept.end(), [&](const KeptModel& model) { return score > model.score; });
    kept.insert(place, {step, score});
    if (std::ssize(kept) > keep) kept.resize(static_cast<size_t>(keep));
}

Trainer::Trainer(Context& context, Task& task, ParameterStore& store, const TrainOptions& train,
                 const OptimizerOptions& optimizer, int64_t batch, Communicator& communicator)
    : context_(context),
      task_(task),
      store_(store),
      options_(train),
      communicator_(communicator),
      optimizer_batch_(batch * train.accumulate),
      parts_(train.exact_reduce > 0 ? train.exact_reduce : train.accumulate),
      micro_batches_(train.exact_reduce > 0 ? parts_of_rank(train, communicator.size()) : train.accumulate),
      first_part_(train.exact_reduce > 0 ? micro_batches_ * communicator.rank() : 0),
      shards_(train.shard_optimizer && communicator.size() > 1),
      epoch_steps_(task.epoch_steps(optimizer_batch_)),
      total_steps_(train.steps > 0 ? train.steps : train.epochs * epoch_steps_),
      schedule_(optimizer, total_steps_, epoch_steps_),
      optimizer_(optimizer.make_optimizer(store)),
      average_(train.ema > 0.0 ? std::make_unique<WeightAverage>(store, train.ema) : nullptr),
      exchange_(store, communicator, micro_batches_, train.exact_reduce > 0, shards_),
      squares_(shards_ ? std::ssize(exchange_.owned()) : std::ssize(store.groups())),
      scalars_(Tensor::zeros(context, {2 * parts_ + 2 + squares_}, DType::f64)),
      read_scalars_(static_cast<size_t>(scalars_.elements())) {
    constexpr int64_t most_steps = 4294967295;  // what the counter of the random numbers holds
    if (total_steps_ > most_steps) {
        throw UserError("train.epochs makes " + std::to_string(total_steps_) + " steps, expected at most " +
                        std::to_string(most_steps));
    }
    if (shards_) optimizer_->restrict_to(exchange_.owned());
}

void Trainer::begin(const TrainingState& progress) {
    const int64_t epoch = progress.step / epoch_steps_, batch = progress.step % epoch_steps_;
    if (progress.position.epoch != epoch || progress.position.batch != batch) {
        const auto place = [](int64_t in_epoch, int64_t of_epoch) {
            return "batch " + std::to_string(in_epoch) + " of epoch " + std::to_string(of_epoch + 1);
        };
        throw UserError("the saved training stood after step " + std::to_string(progress.step) + " at " +
                        place(progress.position.batch, progress.position.epoch) + ", but with " +
                        std::to_string(epoch_steps_) + " steps an epoch this is " + place(batch, epoch) +
                        ": the training set has another size than before");
    }
    progress_ = progress;
    if (average_ && progress.step == 0) average_->start();
    if (finished()) return;
    task_.begin(plan());
}

BatchPlan Trainer::plan() const {
    BatchPlan plan;
    plan.batch = optimizer_batch_;
    plan.shuffle = options_.shuffle;
    plan.seed = static_cast<uint64_t>(options_.seed);
    plan.start = progress_.position;
    plan.micro_batches = micro_batches_;
    plan.rank = communicator_.rank();
    plan.ranks = communicator_.size();
    return plan;
}

StepResult Trainer::step(bool asks_to_stop) {
    const auto start = std::chrono::steady_clock::now();
    const double waited = task_.waited_seconds();
    ForwardState state;
    state.training = true;
    state.seed = static_cast<uint64_t>(options_.seed);
    state.step = static_cast<uint32_t>(progress_.step);
    if (progress_.position.batch == 0) progress_.epoch = {};
    exchange_.begin_step();
    reduce(run_micro_batches(state), asks_to_stop);
    Rest rest;
    const LossSums sums = read_back(rest);
    StepResult result;
    result.step = progress_.step + 1;
    result.epoch = progress_.position.epoch;
    result.samples = sums.count;
    const double count = static_cast<double>(sums.count);
    result.loss = sums.loss / count;
    result.accuracy = static_cast<double>(sums.correct) / count;
    result.gradient_norm = rest.gradient_norm / count;
    result.stop = rest.stop;
    check_finite(result.loss, result.gradient_norm, state);
    double scale = 1.0 / count;
    if (options_.clip > 0.0 && result.gradient_norm > options_.clip) scale *= options_.clip / result.gradient_norm;
    result.lr = schedule_.lr(result.step);
    {
        const OpScope scope(context_, "optimizer");
        optimizer_->step(result.step, result.lr, scale);
    }
    if (shards_) {
        std::vector<Tensor> values;
        for (const ParameterGroup& group : store_.groups()) values.push_back(group.values);
        exchange_.gather_owned(values, "the weights");
    }
    if (average_) average_->update(result.step);
    ++progress_.step;
    progress_.epoch.loss += sums.loss;
    progress_.epoch.correct += sums.correct;
    progress_.epoch.count += sums.count;
    if (++progress_.position.batch == epoch_steps_) progress_.position = {progress_.position.epoch + 1, 0};
    result.seconds = seconds_since(start);
    result.data_wait = task_.waited_seconds() - waited;
    return result;
}

/// Number of samples of this rank.
int64_t Trainer::run_micro_batches(ForwardState state) {
    int64_t count = 0;
    scalars_.fill_zero();
    Tape& tape = context_.tape();
    for (int64_t micro_batch = 0; micro_batch < micro_batches_; ++micro_batch) {
        exchange_.begin_micro_batch(micro_batch);
        tape.set_listener(exchange_.listener(micro_batch));
        const MicroBatch batch = task_.next(state);
        if (batch.loss.defined()) {
            scalars_.view(2 * (first_part_ + micro_batch), {2}).copy_from(batch.totals);
            tape.backward(batch.loss);
        }
        tape.set_listener(nullptr);
        tape.clear();
        exchange_.end_micro_batch(micro_batch);
        count += batch.count;
    }
    return count;
}

/// Adds up counts, totals and gradients of all ranks.
void Trainer::reduce(int64_t count, bool asks_to_stop) {
    const double own[] = {static_cast<double>(count), asks_to_stop ? 1.0 : 0.0};
    scalars_.view(2 * parts_, {2}).copy_from_host(own);
    const Tensor squares = scalars_.view(2 * parts_ + 2, {squares_});
    exchange_.send_rest();
    if (!shards_) {
        Communication sums = communicator_.all_reduce_sum(scalars_.view(0, {2 * parts_ + 2}), "the losses");
        sums.wait();  // names a rank that has not come, as not every transport of gradients does
        exchange_.finish();
        gradient_squares(store_, squares);
        return;
    }
    exchange_.finish();
    gradient_squares(store_, exchange_.owned(), squares);
    communicator_.all_reduce_sum(scalars_, "the losses").wait();
}

std::vector<OptimizerState> Trainer::gather_optimizer() {
    std::vector<OptimizerState> states = optimizer_->whole_states();
    for (const OptimizerState& state : states) exchange_.gather_owned(state.buffers, "the state of the optimizer");
    return states;
}

/// The only time in a step that the host waits for the device.
LossSums Trainer::read_back(Rest& rest) {
    const int64_t place = 2 * parts_;
    scalars_.copy_to_host(read_scalars_.data());
    const auto at = [&](int64_t i) { return read_scalars_[static_cast<size_t>(i)]; };
    LossSums sums;
    double correct = 0.0, squares = 0.0;
    for (int64_t part = 0; part < parts_; ++part) {
        sums.loss += at(2 * part);
        correct += at(2 * part + 1);
    }
    for (int64_t i = 0; i < squares_; ++i) squares += at(place + 2 + i);
    sums.correct = static_cast<int64_t>(correct);
    sums.count = static_cast<int64_t>(at(place));
    rest = {std::sqrt(squares), at(place + 1) > 0.0};
    return sums;
}

void Trainer::check_finite(double loss, double norm, const ForwardState& state) {
    if (std::isfinite(loss) && std::isfinite(norm)) return;
    std::string where = std::isfinite(loss) ? "" : first_non_finite_op(state);
    for (const std::string& seen : communicator_.gather(where, "what is not finite")) {
        if (where.empty()) where = seen;
    }
    if (where.empty()) where = first_bad_parameter(store_);
    throw NotFinite("the loss or its gradient is not a finite number at step " + std::to_string(progress_.step + 1) +
                    (where.empty() ? "" : "; first seen in " + where));
}

/// Runs the step's micro-batches forward once more, with every op's output checked: the first that is not finite, or
/// "".
std::string Trainer::first_non_finite_op(ForwardState state) {
    Tape& tape = context_.tape();
    std::string found;
    task_.begin(plan());
    for (int64_t micro_batch = 0; micro_batch < micro_batches_ && found.empty(); ++micro_batch) {
        tape.watch(true);
        task_.next(state);
        found = tape.first_non_finite();
        tape.watch(false);
        tape.clear();
    }
    return found;
}

}  // namespace heed
