// SPDX-License-Identifier: Apache-2.0
#include "support/turns.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace support {

namespace {

enum class State { ready, waiting, over };

// Of whoever waits for its turn. A std::binary_semaphore lets everybody else on the machine go
// first, again and again, before it sleeps.
class Baton {
   public:
    void hand() {
        {
            const std::lock_guard lock(mutex_);
            is_here_ = true;
        }
        handed_.notify_one();
    }
    void await() {
        std::unique_lock lock(mutex_);
        handed_.wait(lock, [this] { return is_here_; });
        is_here_ = false;
    }

   private:
    std::mutex mutex_;
    std::condition_variable handed_;
    bool is_here_ = false;
};

// Who gives its turn away says who is next, on its own thread: mostly that is itself.
class Director {
   public:
    explicit Director(const std::vector<Choice>& choices) : given_(choices) {}

    std::vector<Choice> direct(const std::vector<TurnDeed>& deeds) {
        for (std::size_t i = 0; i < deeds.size(); ++i) {
            players_.push_back(std::make_unique<Player>(*this, i));
        }
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < deeds.size(); ++i) {
            threads.emplace_back([this, &deeds, i] { players_[i]->play(deeds[i]); });
        }
        hand_on();
        over_.await();
        for (auto& thread : threads) thread.join();
        for (const auto& player : players_) {
            if (player->problem) std::rethrow_exception(player->problem);
        }
        return taken_;
    }

   private:
    struct Player final : public Turn {
        Player(Director& its_director, std::size_t its_number)
            : director(its_director), number(its_number) {}

        void pass() override { give(State::ready); }
        void wait() override { give(State::waiting); }

        void play(const TurnDeed& deed) {
            baton.await();
            try {
                deed(*this);
            } catch (...) {
                problem = std::current_exception();
            }
            state = State::over;
            director.went_on(number);
            director.hand_on();
        }
        void give(State its_state) {
            state = its_state;
            director.went_on(number);
            if (director.hand_on() != number) baton.await();
            if (is_stuck) throw std::runtime_error("everybody waits for everybody else");
        }
        void wake() {
            if (state == State::waiting) state = State::ready;
        }

        Director& director;
        std::size_t number;
        Baton baton;
        State state = State::ready;
        bool is_stuck = false;
        std::exception_ptr problem;
    };

    void went_on(std::size_t number) {
        if (players_[number]->state == State::waiting) return;
        for (const auto& player : players_) {
            if (player->number != number) player->wake();
        }
    }

    // To whoever is next, unless that has it; nobody's number in the end. After the handing, what
    // is here is that one's.
    std::size_t hand_on() {
        const auto next = choose().value_or(players_.size());
        const bool has_it = std::exchange(has_begun_, true) && next == current_;
        current_ = next;
        if (next == players_.size()) {
            over_.hand();
        } else if (!has_it) {
            players_[next]->baton.hand();
        }
        return next;
    }

    // Whoever is on its way is the first.
    std::vector<std::size_t> those_who_can() const {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < players_.size(); ++i) {
            if (players_[i]->state == State::ready) found.push_back(i);
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
                for (const auto& player : players_) player->is_stuck = true;
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
    std::vector<std::unique_ptr<Player>> players_;
    Baton over_;
    std::size_t current_ = 0;
    bool has_begun_ = false;
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
