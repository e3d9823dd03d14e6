#include "heed/core/ranks/mpi_communicator.h"

#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstring>
#include <exception>
#include <fstream>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "heed/core/device/context.h"
#include "heed/core/ranks/other_rank_error.h"
#include "heed/core/ranks/rank_sum.h"
#include "heed/core/ranks/rank_watch.h"

namespace heed {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int notice_tag = 1;  // of the messages beside the operations: "I end with this error"

/// Throws Error where MPI refuses something.
void check(int code, const char* what) {
    if (code == MPI_SUCCESS) return;
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    MPI_Error_string(code, text, &length);
    throw Error(std::string("MPI fails in ") + what + ": " + std::string(text, static_cast<size_t>(length)));
}

/// What is left of a communicator when an error has ended it.
struct ProcessRanks {
    int rank = 0, size = 1;
    MPI_Comm notices = MPI_COMM_NULL;
    bool wait = false;  ///< for this one
};
ProcessRanks process_ranks;

/// A rank as its machine knows it.
struct Place {
    char host[128] = {};
    int64_t process = 0;
};

/// What Linux says of a process of this machine: 'T' stopped, 'Z' ended, ... ; 0: there is none.
char state_of_process(int64_t process) {
    std::ifstream file("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    std::getline(file, text);
    const size_t name_end = text.rfind(')');  // the name before it may hold anything
    return name_end == std::string::npos || name_end + 2 >= text.size() ? '\0' : text[name_end + 2];
}

/// An exchange of flat memory between all ranks: first, where it adds up, each rank receives its part from all others
/// and adds it up; then, where it gathers, each sends its part to all others. So every number is sent as often as in a
/// ring, the order of the sums is ours, and what has not arrived tells who has not come.
class Exchange {
public:
    struct Work {
        const char* what;
        std::byte* values;
        size_t element;  ///< bytes
        bool adds, gathers, doubles;
        std::vector<int64_t> cuts;  ///< of the parts, [ranks + 1]
    };

    Exchange(Work work, MPI_Comm communicator, int rank, int ranks, int tag)
        : work_(std::move(work)),
          communicator_(communicator),
          rank_(rank),
          ranks_(ranks),
          tag_(tag),
          sends_(static_cast<size_t>(ranks), MPI_REQUEST_NULL),
          receives_(static_cast<size_t>(ranks), MPI_REQUEST_NULL),
          indices_(static_cast<size_t>(ranks)),
          statuses_(static_cast<size_t>(ranks)) {
        if (work_.adds) {
            start_adding();
        } else {
            start_gathering();
        }
    }

    const char* what() const { return work_.what; }
    bool complete() const { return stage_ == Stage::complete; }

    /// Goes as far as it can without waiting.
    void advance() {
        while (!complete() && arrived()) {
            if (stage_ == Stage::adding) {
                add_up();
                if (work_.gathers) {
                    start_gathering();
                    continue;
                }
            }
            stage_ = Stage::complete;
        }
    }

    /// The ranks that something is still expected of, those first from which it has to come.
    std::vector<int> missing() const {
        std::vector<int> ranks;
        for (const std::vector<MPI_Request>* requests : {&receives_, &sends_}) {
            for (int rank = 0; rank < ranks_; ++rank) {
                const bool listed = std::find(ranks.begin(), ranks.end(), rank) != ranks.end();
                if (!listed && (*requests)[static_cast<size_t>(rank)] != MPI_REQUEST_NULL) ranks.push_back(rank);
            }
        }
        return ranks;
    }

    /// Nothing is received any more into memory that goes.
    void abandon() {
        for (MPI_Request& request : receives_) {
            if (request == MPI_REQUEST_NULL) continue;
            MPI_Cancel(&request);
            MPI_Request_free(&request);
        }
        stage_ = Stage::complete;
    }

private:
    enum class Stage : uint8_t { adding, gathering, complete };

    int64_t size(int rank) const {
        return work_.cuts[static_cast<size_t>(rank) + 1] - work_.cuts[static_cast<size_t>(rank)];
    }
    std::byte* part(int rank) const {
        return work_.values + static_cast<size_t>(work_.cuts[static_cast<size_t>(rank)]) * work_.element;
    }
    MPI_Datatype type() const {
        return work_.element == 1 ? MPI_BYTE : work_.element == sizeof(double) ? MPI_DOUBLE : MPI_FLOAT;
    }
    /// Where the part that is this rank's arrives from another one.
    std::byte* arrival(int from) {
        const int place = from < rank_ ? from : from - 1;
        return arrivals_.data() + static_cast<size_t>(place * size(rank_)) * work_.element;
    }

    void send(int to, std::byte* values, int64_t count, int tag) {
        check(MPI_Isend(values, static_cast<int>(count), type(), to, tag, communicator_,
                        &sends_[static_cast<size_t>(to)]),
              work_.what);
    }
    void receive(int from, std::byte* values, int64_t count, int tag) {
        check(MPI_Irecv(values, static_cast<int>(count), type(), from, tag, communicator_,
                        &receives_[static_cast<size_t>(from)]),
              work_.what);
    }

    // Empty parts are exchanged as well: without them nobody would know that a rank has not come.
    void start_adding() {
        stage_ = Stage::adding;
        arrivals_.resize(static_cast<size_t>((ranks_ - 1) * size(rank_)) * work_.element);
        for (int rank = 0; rank < ranks_; ++rank) {
            if (rank != rank_) receive(rank, arrival(rank), size(rank_), tag_);
        }
        for (int distance = 1; distance < ranks_; ++distance) {  // not all to rank 0 first
            const int to = (rank_ + distance) % ranks_;
            send(to, part(to), size(to), tag_);
        }
    }

    void start_gathering() {
        stage_ = Stage::gathering;
        for (int rank = 0; rank < ranks_; ++rank) {
            if (rank != rank_) receive(rank, part(rank), size(rank), tag_ + 1);
        }
        for (int distance = 1; distance < ranks_; ++distance) {
            send((rank_ + distance) % ranks_, part(rank_), size(rank_), tag_ + 1);
        }
    }

    template <class T>
    void add_up_as() {
        std::vector<T*> parts;
        for (int rank = 0; rank < ranks_; ++rank) {
            parts.push_back(reinterpret_cast<T*>(rank == rank_ ? part(rank_) : arrival(rank)));
        }
        add_neighbours(parts, size(rank_));
        if (rank_ != 0) std::copy(parts[0], parts[0] + size(rank_), reinterpret_cast<T*>(part(rank_)));
    }

    void add_up() {
        if (work_.doubles) {
            add_up_as<double>();
        } else {
            add_up_as<float>();
        }
    }

    /// Whether all of this stage has arrived, both ways.
    bool arrived() {
        int count = 0;
        check(MPI_Testsome(ranks_, receives_.data(), &count, indices_.data(), statuses_.data()), work_.what);
        for (int i = 0; i < count; ++i) {
            const int from = indices_[static_cast<size_t>(i)];
            const int64_t expected = size(stage_ == Stage::adding ? rank_ : from);
            int elements = 0;
            MPI_Get_count(&statuses_[static_cast<size_t>(i)], type(), &elements);
            if (elements == expected) continue;
            throw Error(std::string("the ranks disagree on ") + work_.what + ": rank " + std::to_string(rank_) +
                        " expects " + std::to_string(expected) + " elements of rank " + std::to_string(from) +
                        ", got " + std::to_string(elements));
        }
        int all_sent = 0;
        check(MPI_Testall(ranks_, sends_.data(), &all_sent, MPI_STATUSES_IGNORE), work_.what);
        return all_sent != 0 && std::all_of(receives_.begin(), receives_.end(),
                                            [](MPI_Request request) { return request == MPI_REQUEST_NULL; });
    }

    Work work_;
    MPI_Comm communicator_;
    int rank_, ranks_, tag_;
    Stage stage_ = Stage::adding;
    std::vector<std::byte> arrivals_;
    std::vector<MPI_Request> sends_, receives_;  // by rank
    std::vector<int> indices_;
    std::vector<MPI_Status> statuses_;
};

class MpiCommunicator final : public Communicator, public RankWatch {
public:
    explicit MpiCommunicator(const Launch& launch) {
        int level = 0;
        // Only the thread that trains calls MPI.
        check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level), "its beginning");
        MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
        MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
        MPI_Comm_size(MPI_COMM_WORLD, &size_);
        if (level < MPI_THREAD_FUNNELED || size_ != launch.ranks) {
            const std::string found = std::to_string(size_);
            MPI_Finalize();
            throw UserError("expected " + std::to_string(launch.ranks) + " processes as the launcher says, this MPI " +
                            "sees " + found + ": start heed with the mpirun of the MPI that it was built with");
        }
        check(MPI_Comm_dup(MPI_COMM_WORLD, &exchanges_comm_), "its beginning");
        check(MPI_Comm_dup(MPI_COMM_WORLD, &notices_comm_), "its beginning");
        for (const MPI_Comm communicator : {exchanges_comm_, notices_comm_}) {
            MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN);
        }
        int* limit = nullptr;
        int found = 0;
        MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &limit, &found);
        if (found != 0) tags_ = std::min(*limit, 1 << 20) / 2;
        Place own;
        gethostname(own.host, sizeof own.host - 1);
        own.process = getpid();
        places_.resize(static_cast<size_t>(size_));
        check(MPI_Allgather(&own, sizeof own, MPI_BYTE, places_.data(), sizeof own, MPI_BYTE, MPI_COMM_WORLD),
              "its beginning");
        process_ranks = {rank_, size_, notices_comm_, true};
    }

    ~MpiCommunicator() override {
        if (std::uncaught_exceptions() > 0 && !agreed_) return;  // the others wait; end_ranks tells them
        process_ranks.wait = false;
        MPI_Comm_free(&exchanges_comm_);
        MPI_Comm_free(&notices_comm_);
        MPI_Finalize();
    }
    MpiCommunicator(const MpiCommunicator&) = delete;
    MpiCommunicator& operator=(const MpiCommunicator&) = delete;

    int rank() const override { return rank_; }
    int size() const override { return size_; }

    Communication all_reduce_sum(const Tensor& values, const char* what) override {
        return start(values, what, true, true, parts(values.elements()));
    }
    Communication reduce_scatter_sum(const Tensor& values, const char* what) override {
        return start(values, what, true, false, parts(values.elements()));
    }
    Communication all_gather(const Tensor& values, const char* what) override {
        return start(values, what, false, true, parts(values.elements()));
    }
    Communication broadcast(const Tensor& values, const char* what) override {
        std::vector<int64_t> cuts(static_cast<size_t>(size_) + 1, values.elements());
        cuts[0] = 0;
        return start(values, what, false, true, std::move(cuts));
    }

    std::vector<std::string> gather(const std::string& bytes, const char* what) override {
        std::vector<double> sizes(static_cast<size_t>(size_));
        std::vector<int64_t> cuts(static_cast<size_t>(size_) + 1);
        for (size_t rank = 0; rank < cuts.size(); ++rank) cuts[rank] = static_cast<int64_t>(rank);
        sizes[static_cast<size_t>(rank_)] = static_cast<double>(bytes.size());
        wait(start({what, reinterpret_cast<std::byte*>(sizes.data()), sizeof(double), false, true, true, cuts}));
        for (size_t rank = 0; rank < sizes.size(); ++rank)
            cuts[rank + 1] = cuts[rank] + static_cast<int64_t>(sizes[rank]);
        std::string all(static_cast<size_t>(cuts.back()), '\0');
        std::copy(bytes.begin(), bytes.end(), all.begin() + cuts[static_cast<size_t>(rank_)]);
        wait(start({what, reinterpret_cast<std::byte*>(all.data()), 1, false, true, false, cuts}));
        std::vector<std::string> result;
        for (size_t rank = 0; rank < sizes.size(); ++rank) {
            result.push_back(all.substr(static_cast<size_t>(cuts[rank]), static_cast<size_t>(sizes[rank])));
        }
        return result;
    }

    void progress() override {
        for (const auto& exchange : under_way_) exchange->advance();
    }

    void look_at_others(const std::string& where, bool late) override {
        hear_notice();
        for (int rank = 0; rank < size_; ++rank) {
            if (rank == rank_) continue;
            refuse_if_ended(rank, where);
            if (late && is_stopped(rank)) throw_late(rank, "", where);
        }
    }

    void end_by_agreement() override { agreed_ = true; }
    void set_timeout(double seconds) override { timeout_ = seconds; }

private:
    using Started = std::list<std::unique_ptr<Exchange>>::iterator;

    /// Where the device has memory of its own, the values are copied to the host and back.
    class UnderWay final : public Communication::UnderWay {
    public:
        UnderWay(MpiCommunicator& owner, const Tensor& values, Exchange::Work work) : owner_(owner), values_(values) {
            if (!values.context().device().shares_host_memory()) {
                copy_.resize(values.bytes());
                values.copy_to_host(copy_.data());
                work.values = copy_.data();
            }
            exchange_ = owner_.start(std::move(work));
        }
        ~UnderWay() override {
            if (complete_ || owner_.under_way_.empty()) return;
            (*exchange_)->abandon();
            owner_.under_way_.erase(exchange_);
        }
        UnderWay(const UnderWay&) = delete;
        UnderWay& operator=(const UnderWay&) = delete;

        void wait() override {
            owner_.wait(exchange_);
            complete_ = true;
            if (!copy_.empty()) values_.copy_from_host(copy_.data());
        }

        bool complete() const override { return complete_ || (*exchange_)->complete(); }

    private:
        MpiCommunicator& owner_;
        Tensor values_;
        std::vector<std::byte> copy_;
        Started exchange_;
        bool complete_ = false;
    };

    std::vector<int64_t> parts(int64_t count) const {
        std::vector<int64_t> cuts = {0};
        for (int rank = 0; rank < size_; ++rank) cuts.push_back(rank_part(count, size_, rank).end);
        return cuts;
    }

    Communication start(const Tensor& values, const char* what, bool adds, bool gathers, std::vector<int64_t> cuts) {
        check_exchanged(values, what);
        const bool doubles = values.dtype() == DType::f64;
        auto* address = static_cast<std::byte*>(values.raw());
        Exchange::Work work{what, address, dtype_size(values.dtype()), adds, gathers, doubles, std::move(cuts)};
        return Communication(std::make_unique<UnderWay>(*this, values, std::move(work)));
    }

    Started start(Exchange::Work work) {
        for (size_t rank = 0; rank + 1 < work.cuts.size(); ++rank) {
            if (work.cuts[rank + 1] - work.cuts[rank] <= INT_MAX) continue;
            throw Error(std::string("a rank cannot exchange more than ") + std::to_string(INT_MAX) + " elements of " +
                        work.what + " at a time");
        }
        const int tag = static_cast<int>(started_++ % static_cast<uint64_t>(tags_)) * 2;
        const Started place = under_way_.insert(
            under_way_.end(), std::make_unique<Exchange>(std::move(work), exchanges_comm_, rank_, size_, tag));
        return place;
    }

    void wait(Started place) {
        const Clock::time_point start = Clock::now();
        Clock::time_point next_look = start + std::chrono::milliseconds(20);
        const Exchange& exchange = **place;
        for (int64_t turn = 0;; ++turn) {
            progress();
            if (exchange.complete()) break;
            if (turn < 200) {
                sched_yield();
                continue;
            }
            // Others of this machine may need the processor to come.
            std::this_thread::sleep_for(std::chrono::microseconds(50));
            if (Clock::now() < next_look) continue;
            look_at_missing(exchange, start);
            next_look = Clock::now() + std::chrono::milliseconds(20);
        }
        under_way_.erase(place);
    }

    /// Throws where the wait is in vain.
    void look_at_missing(const Exchange& exchange, Clock::time_point start) const {
        hear_notice();
        const std::string where = std::string("the exchange of ") + exchange.what();
        const std::vector<int> missing = exchange.missing();
        for (const int rank : missing) refuse_if_ended(rank, where);
        if (Clock::now() - start < std::chrono::duration<double>(timeout_)) return;
        throw_late(missing[0], missing.size() > 1 ? " and " + std::to_string(missing.size() - 1) + " more" : "", where);
    }

    void refuse_if_ended(int rank, const std::string& where) const {
        if (!is_here(rank)) return;
        const char state = state_of_process(places_[static_cast<size_t>(rank)].process);
        if (state != '\0' && state != 'Z' && state != 'X') return;
        hear_notice();
        throw Error(name(rank) + " has ended while rank " + std::to_string(rank_) + " waits for it in " + where);
    }

    [[noreturn]] void throw_late(int rank, const std::string& others, const std::string& where) const {
        throw Error(name(rank) + others + (is_stopped(rank) ? ", which is stopped," : "") + " has not come to " +
                    where + " " + within_timeout(timeout_));
    }

    bool is_stopped(int rank) const {
        return is_here(rank) && state_of_process(places_[static_cast<size_t>(rank)].process) == 'T';
    }

    void hear_notice() const {
        int waits = 0;
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, notice_tag, notices_comm_, &waits, &status);
        if (waits == 0) return;
        int length = 0;
        MPI_Get_count(&status, MPI_BYTE, &length);
        std::string notice(static_cast<size_t>(length), '\0');
        MPI_Recv(notice.data(), length, MPI_BYTE, status.MPI_SOURCE, notice_tag, notices_comm_, MPI_STATUS_IGNORE);
        throw OtherRankError(notice.substr(1), notice[0] - '0');
    }

    bool is_here(int rank) const {
        return std::strcmp(places_[static_cast<size_t>(rank)].host, places_[static_cast<size_t>(rank_)].host) == 0;
    }
    std::string name(int rank) const {
        const Place& place = places_[static_cast<size_t>(rank)];
        return "rank " + std::to_string(rank) + " (process " + std::to_string(place.process) + " on " + place.host +
               ")";
    }

    MPI_Comm exchanges_comm_ = MPI_COMM_NULL, notices_comm_ = MPI_COMM_NULL;
    int rank_ = 0, size_ = 1;
    int tags_ = 16383;  // pairs of them; MPI has at least 32767 tags
    double timeout_ = 60;
    bool agreed_ = false;
    uint64_t started_ = 0;
    std::vector<Place> places_;
    std::list<std::unique_ptr<Exchange>> under_way_;
};

}  // namespace

std::unique_ptr<Communicator> make_mpi_communicator(const Launch& launch) {
    int begun = 0;
    MPI_Initialized(&begun);
    if (begun != 0) throw Error("a process takes part in one training of several ranks");
    return std::make_unique<MpiCommunicator>(launch);
}

void end_mpi_ranks(const std::string& error, int exit_code) {
    if (!process_ranks.wait) return;
    if (error.empty()) {
        _exit(exit_code);  // told by another rank, which ends all
    }
    const std::string notice = std::to_string(exit_code) + "rank " + std::to_string(process_ranks.rank) + ": " + error;
    std::vector<MPI_Request> requests;
    for (int rank = 0; rank < process_ranks.size; ++rank) {
        if (rank == process_ranks.rank) continue;
        requests.push_back(MPI_REQUEST_NULL);
        MPI_Isend(notice.data(), static_cast<int>(notice.size()), MPI_BYTE, rank, notice_tag, process_ranks.notices,
                  &requests.back());
    }
    // They hear it at their next exchange; as soon as one of them has ended, mpirun ends this one.
    const Clock::time_point end = Clock::now() + std::chrono::seconds(3);
    while (Clock::now() < end) {
        int done = 0;
        MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    MPI_Abort(MPI_COMM_WORLD, exit_code);
}

}  // namespace heed
