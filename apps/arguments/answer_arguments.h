#pragma once

#include <optional>
#include <string>

#include "heed/apps/command_line.h"

namespace CLI {
class App;
}

namespace heed {

/// The arguments of the commands that put questions to a trained model.
class AnswerArguments {
public:
    explicit AnswerArguments(CLI::App& app);
    AnswerArguments(const AnswerArguments&) = delete;
    AnswerArguments& operator=(const AnswerArguments&) = delete;

    /// The command of that name, once its arguments were read; nothing where it is none of these. Throws UserError
    /// for values that cannot be.
    std::optional<Command> command(const std::string& name);

private:
    void check_predict() const;
    ExplainCommand checked_explain();
    void read_generate();

    PredictCommand predict_;
    TranslateCommand translate_;
    GenerateCommand generate_;
    ScoreCommand score_;
    ExplainCommand explain_;
    std::string top_, beam_, n_best_;
    std::string measures_, removals_, split_, samples_, position_, search_runs_;
    std::string prompt_, length_, temperature_, top_k_, top_p_, seed_, window_;  // of generate
};

}  // namespace heed
