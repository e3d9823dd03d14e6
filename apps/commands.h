#pragma once

#include "heed/apps/command_line.h"

namespace heed {

/// Each runs one command, prints its result to standard output, and returns the exit code of the program. Throws
/// UserError or Error.
int run(const TrainCommand& command);
int run(const FinetuneCommand& command);
int run(const EvalCommand& command);
int run(const SweepCommand& command);
int run(const CompareCommand& command);
int run(const ConvertCommand& command);
int run(const ReproduceCommand& command);
int run(const CabCommand& command);
int run(const PredictCommand& command);
int run(const TranslateCommand& command);
int run(const GenerateCommand& command);
int run(const ScoreCommand& command);
int run(const ExplainCommand& command);
int run(const BenchAttentionCommand& command);
int run(const BenchProfileCommand& command);
int run(const CheckCommand& command);
int run(const ImportCommand& command);
int run(const ExportCommand& command);
int run(const InfoCommand& command);
int run(const ReportCommand& command);
int run(const DataCommand& command);
int run(const CompletionCommand& command);
int run(const ShowText& command);
int run(const ShowVersion& command);

}  // namespace heed
