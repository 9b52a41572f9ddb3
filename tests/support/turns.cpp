// SPDX-License-Identifier: Apache-2.0
#include "support/turns.h"

#include <algorithm>
#include <exception>
#include <semaphore>
#include <stdexcept>
#include <thread>

namespace support {

namespace {

enum class State { ready, waiting, over };

class Player final : public Turn {
   public:
    explicit Player(std::binary_semaphore& director) : director_(director) {}

    void pass() override { give(State::ready); }
    void wait() override { give(State::waiting); }

    void play(const TurnDeed& deed) {
        mine_.acquire();
        try {
            deed(*this);
        } catch (...) {
            problem_ = std::current_exception();
        }
        state_ = State::over;
        director_.release();
    }

    // For the director, while nobody plays.
    void go_on() {
        mine_.release();
        director_.acquire();
    }
    State state() const { return state_; }
    void wake() {
        if (state_ == State::waiting) state_ = State::ready;
    }
    void stop() { is_stuck_ = true; }
    const std::exception_ptr& problem() const { return problem_; }

   private:
    void give(State state) {
        state_ = state;
        director_.release();
        mine_.acquire();
        if (is_stuck_) throw std::runtime_error("everybody waits for everybody else");
    }

    std::binary_semaphore& director_;
    std::binary_semaphore mine_{0};
    State state_ = State::ready;
    bool is_stuck_ = false;
    std::exception_ptr problem_;
};

class Director {
   public:
    explicit Director(const std::vector<Choice>& choices) : given_(choices) {}

    std::vector<Choice> direct(const std::vector<TurnDeed>& deeds) {
        for (std::size_t i = 0; i < deeds.size(); ++i) {
            players_.push_back(std::make_unique<Player>(turn_));
        }
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < deeds.size(); ++i) {
            threads.emplace_back([this, &deeds, i] { players_[i]->play(deeds[i]); });
        }
        while (const auto next = choose()) {
            current_ = *next;
            players_[current_]->go_on();
            for (std::size_t i = 0; i < players_.size(); ++i) {
                const bool went_on = players_[current_]->state() != State::waiting;
                if (i != current_ && went_on) players_[i]->wake();
            }
        }
        for (auto& thread : threads) thread.join();
        for (const auto& player : players_) {
            if (player->problem()) std::rethrow_exception(player->problem());
        }
        return taken_;
    }

   private:
    // Whoever is on its way is the first.
    std::vector<std::size_t> those_who_can() const {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < players_.size(); ++i) {
            if (players_[i]->state() == State::ready) found.push_back(i);
        }
        const auto current = std::ranges::find(found, current_);
        if (current != found.end()) std::rotate(found.begin(), current, current + 1);
        return found;
    }

    std::optional<std::size_t> choose() {
        auto found = those_who_can();
        if (found.empty()) {
            constexpr int k_most_in_vain = 50;
            if (++in_vain_ > k_most_in_vain) {
                for (const auto& player : players_) player->stop();
            }
            for (const auto& player : players_) player->wake();
            found = those_who_can();
        }
        if (found.empty()) return std::nullopt;
        if (found.size() == 1) return found.front();
        Choice choice{found.size(), 0, found.front() == current_};
        if (taken_.size() < given_.size()) choice.taken = given_[taken_.size()].taken;
        taken_.push_back(choice);
        return found.at(choice.taken);
    }

    const std::vector<Choice>& given_;
    std::vector<Choice> taken_;
    std::binary_semaphore turn_{0};
    std::vector<std::unique_ptr<Player>> players_;
    std::size_t current_ = 0;
    int in_vain_ = 0;
};

}  // namespace

std::vector<Choice> take_turns(const std::vector<TurnDeed>& deeds,
                               const std::vector<Choice>& choices) {
    return Director(choices).direct(deeds);
}

std::optional<std::vector<Choice>> next_order(std::vector<Choice> choices, int most_interruptions) {
    const auto interruptions = [&] {
        return std::ranges::count_if(
            choices, [](const auto& choice) { return choice.interrupts && choice.taken > 0; });
    };
    while (!choices.empty()) {
        auto& last = choices.back();
        if (++last.taken < last.options && interruptions() <= most_interruptions) return choices;
        choices.pop_back();
    }
    return std::nullopt;
}

}  // namespace support
