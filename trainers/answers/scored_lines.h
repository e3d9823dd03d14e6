#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "heed/core/error.h"
#include "heed/trainers/answers/input_lines.h"
#include "heed/trainers/kinds/requests.h"

namespace heed {

/// The two parts of a line with one tab.
struct SplitLine {
    std::string first, second, place;
};

/// The line's parts. Throws UserError, with `expected` ("a class and a text"), where it has no tab or more than one.
SplitLine split_at_tab(const InputLine& line, const char* expected);

/// Answers all lines up to the first that is none, at most `lines_at_once` at a time. `read` makes an Item of a line or
/// throws UserError, `answer` prints those of several.
template <class Item, class Read, class Answer>
void answer_items(const ScoreRequest& request, std::size_t lines_at_once, const Read& read, const Answer& answer) {
    answer_lines(request.files, lines_at_once, [&](const std::vector<InputLine>& lines) {
        std::vector<Item> items;
        std::string refusal;
        for (const InputLine& line : lines) {
            try {
                items.push_back(read(line));
            } catch (const UserError& error) {
                refusal = error.what();
                break;
            }
        }
        if (!items.empty()) answer(items);
        std::fflush(stdout);
        if (!refusal.empty()) throw UserError(refusal);
    });
}

/// Scores all lines up to the first that is none, at most `lines_at_once` at a time. A Scorer has a type Item, what it
/// `expected` of a line, `read`, which makes an Item of a line or throws UserError, and `answer`, which prints those of
/// several.
template <class Scorer>
void score_lines(const Scorer& scorer, const ScoreRequest& request, std::size_t lines_at_once) {
    answer_items<typename Scorer::Item>(
        request, lines_at_once,
        [&](const InputLine& line) { return scorer.read(split_at_tab(line, Scorer::expected)); },
        [&](const auto& items) { scorer.answer(items); });
}

}  // namespace heed
