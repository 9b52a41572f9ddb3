// SPDX-License-Identifier: Apache-2.0
#include "app/cli/similar.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/text.h"

namespace cli {

namespace {

std::string_view last_part(std::string_view name) {
    return name.substr(name.rfind('/') + 1);  // npos + 1 is 0
}

// Less is nearer; `k_far` means that the names do not resemble each other.
constexpr std::size_t k_far = 1000;
std::size_t similarity(std::string_view wanted, std::string_view name) {
    const auto one = base::lower(wanted);
    const auto other = base::lower(name);
    const auto away = edit_distance(one, other);
    const auto part = last_part(one);
    const auto other_part = last_part(other);
    // What stands before the slash is the same for many names.
    const auto near = std::max<std::size_t>(1, std::min(part.size(), other_part.size()) / 4);
    if (away <= near) return away;
    const bool same_part = !part.empty() && part == other_part;
    return same_part ? near + 1 : k_far;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // The rows of the usual table for the letter before the last one, the last one, and this one.
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::vector<std::size_t> row{i + 1};
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = a[i] == b[j] ? 0 : 1;
            row.push_back(std::min({last[j + 1] + 1, row[j] + 1, last[j] + changed}));
            const bool swapped = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
            if (swapped) row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
        }
        before = std::exchange(last, std::move(row));
    }
    return last.back();
}

std::vector<std::string> similar_names(std::string_view name,
                                       const std::vector<std::string>& names) {
    constexpr std::size_t k_most = 3;
    std::vector<std::pair<std::size_t, std::string>> found;
    for (const auto& one : names) {
        if (const auto away = similarity(name, one); away < k_far) found.emplace_back(away, one);
    }
    std::sort(found.begin(), found.end());
    std::vector<std::string> nearest;
    for (const auto& [away, one] : found) {
        if (nearest.size() < k_most) nearest.push_back(one);
    }
    return nearest;
}

}  // namespace cli
