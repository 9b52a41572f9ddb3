// SPDX-License-Identifier: Apache-2.0
//
// What every measuring program needs: programs run and timed, rounds of ours beside the yardstick,
// and the table and the JSON that come of them. Timings are noisy: ours and yardstick alternate
// within one run, and a ratio is the median of the ratios of the rounds. Everything here throws
// std::runtime_error when it fails. One thread.
#pragma once

#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "program.h"

namespace bench {

// Run to their end; a program that fails is an exception with what it said.
std::string output_of(const Program& program);
double milliseconds_of(const Program& program);
// The peak of its resident memory in MB of 2^20 bytes.
double peak_memory_of(const Program& program);

double median(std::vector<double> values);

enum class Length { full, smoke };
// full unless the words of main ask for --smoke; throws for any other word.
Length length_asked(int count, char** words);

// Ours beside its yardstick, in the same unit.
struct Comparison {
    std::string what;
    std::string yardstick;
    double bar;  // what the ratio may be at most
    std::vector<double> ours = {};
    std::vector<double> floor = {};

    // One round; every second one begins with the yardstick.
    void measure(const std::function<double()>& our_deed, const std::function<double()>& its_deed);
    double ratio() const;
};

// A figure that has a bar of its own and no yardstick: the most that was seen.
struct Peak {
    std::string what;
    std::string unit;
    double bar;
    double value = 0;
    void see(double seen) { value = seen > value ? seen : value; }
};

class Report {
   public:
    // References stay good as long as the report.
    Comparison& compare(std::string what, std::string yardstick, double bar);
    Peak& watch(std::string what, std::string unit, double bar);
    // A sentence below the table.
    void remark(std::string sentence);
    // More for the JSON, under a key of its own.
    void attach(std::string key, std::string json);

    // The table on standard output, and build/bench/NAME.json (NAME-smoke.json for a short run)
    // with that and the machine's facts.
    void publish(std::string_view name, Length length, int postgres_major) const;

   private:
    void print() const;
    void print_comparisons() const;

    std::list<Comparison> comparisons_;
    std::list<Peak> peaks_;
    std::vector<std::string> remarks_;
    std::map<std::string, std::string> attached_;
};

// Where results go; made when it is not there.
std::filesystem::path results_folder();

// Runs `measure` as the whole of a measuring program; its exit code.
int run_program(std::string_view name, int count, char** words,
                const std::function<void(Length)>& measure);

}  // namespace bench
