// SPDX-License-Identifier: Apache-2.0
#include "branches/rest.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <set>

#include "base/interrupt.h"
#include "base/text.h"
#include "base/words.h"
#include "branches/link_header.h"
#include "branches/names.h"
#include "branches/refusal.h"
#include "branches/remote_url.h"

namespace branches {

namespace {

using base::Deadline;
using base::ErrorKind;
using base::Result;
using std::chrono::milliseconds;

// A hundred pull requests with the longest texts that forges allow.
constexpr std::size_t k_longest_page = 32U << 20U;
constexpr std::size_t k_most_pages = 2'000;
constexpr int k_attempts = 4;
constexpr int k_waits = 3;  // for limits to end

struct Page {
    Items items;
    std::size_t count = 0;
    std::optional<std::string> next = {};
    std::optional<std::size_t> total = {};  // of the whole list, where the forge says it
};

std::optional<std::size_t> total_in(const http::Response& response) {
    std::size_t total = 0;
    const auto text = response.header("x-total");
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), total);
    const bool whole = problem == std::errc() && end == text.data() + text.size();
    return whole ? std::optional(total) : std::nullopt;
}

struct Known {
    std::string tag;
    Page page;
};

using ReadPage = std::function<std::optional<Items>(const boost::json::array&)>;

class Rest final : public Source {
   public:
    Rest(Forge forge, ForgeSurroundings around)
        : forge_(std::move(forge)),
          around_(std::move(around)),
          client_(around_.trust,
                  {.unknown_host = "check the address of the API, and the proxy settings"}) {}

    Result<Branches> ask(Deadline deadline) override {
        auto answer = look(deadline);
        if (!answer) return base::fail(std::move(answer).error().during(name()));
        return answer;
    }

    std::string name() const override { return forge_.source; }

   private:
    Result<Branches> look(Deadline deadline) {
        asked_.clear();
        BASE_TRY_ASSIGN(const auto described, describe(deadline));
        BASE_TRY_ASSIGN(auto items, list(forge_.branches, forge_.read_branches, deadline));
        BASE_TRY(check(described, items.names));
        BASE_TRY_ASSIGN(auto open, list(forge_.pull_requests, forge_.read_pull_requests, deadline));
        std::erase_if(known_, [&](const auto& one) { return !asked_.contains(one.first); });
        Branches branches;
        branches.repository = forge_.host + "/" + described.path;
        branches.names = std::move(items.names);
        branches.pull_requests = std::move(open.pull_requests);
        branches.complete = true;
        branches.source = name();
        return branches;
    }

    // No forge lets its default branch be removed: a list without it is not the whole.
    Result<void> check(const Described& described, const std::vector<std::string>& names) const {
        if (names.empty() || !described.default_branch) return {};
        if (std::ranges::binary_search(names, *described.default_branch)) return {};
        return base::fail(implausible(
            forge_, fmt::format("the default branch {} is not among the {} that it lists",
                                *described.default_branch, names.size())));
    }

    Result<Described> describe(Deadline deadline) {
        BASE_TRY_ASSIGN(const auto response, get(forge_.api + forge_.description, {}, deadline));
        if (response.status != 200) return base::fail(refused(response, deadline));
        auto described = read_description(response);
        if (!described) return base::fail(no_json(response));
        if (base::lower(described->path) != base::lower(forge_.path)) {
            return base::fail(moved_error(forge_, described->path));
        }
        return *std::move(described);
    }

    std::optional<Described> read_description(const http::Response& response) const {
        boost::system::error_code problem;
        const auto body = boost::json::parse(response.body.reveal(), problem);
        if (problem || !body.is_object()) return std::nullopt;
        return forge_.read_description(body.get_object());
    }

    // What moves from one page to another while we read falls between them, so several pages are
    // read twice, and what stood on them at either time counts. The second time costs little: a
    // page that is still the same is not sent.
    Result<Items> list(const std::string& path, const ReadPage& read, Deadline deadline) {
        Items items;
        BASE_TRY_ASSIGN(auto pages, walk(path, read, items, deadline));
        if (pages > 1) BASE_TRY(walk(path, read, items, deadline));
        normalise(items.names);
        normalise(items.pull_requests);
        const auto found = items.names.size() + items.pull_requests.size();
        if (total_ && found < *total_) {
            return base::fail(
                implausible(forge_, fmt::format("it lists {} of {}", found, *total_)));
        }
        return items;
    }

    // Adds a list to `items`, page by page; how many pages it has.
    Result<std::size_t> walk(const std::string& path, const ReadPage& read, Items& items,
                             Deadline deadline) {
        std::set<std::string> seen;
        std::optional<std::string> url = forge_.api + path;
        remembered_ = false;
        total_.reset();
        while (url) {
            if (seen.size() == k_most_pages || !seen.insert(*url).second) {
                return base::fail(implausible(forge_, "its pages do not come to an end"));
            }
            BASE_TRY_ASSIGN(const auto* page, page_at(*url, read, deadline));
            if (page->count == 0 && seen.size() > 1) {
                // A page that is still the same does not say that the one behind it has gone.
                if (!remembered_) return base::fail(nothing_on(seen.size()));
                known_.clear();
                return walk(path, read, items, deadline);
            }
            items.names.insert(items.names.end(), page->items.names.begin(),
                               page->items.names.end());
            items.pull_requests.insert(items.pull_requests.end(), page->items.pull_requests.begin(),
                                       page->items.pull_requests.end());
            if (seen.size() == 1) total_ = page->total;
            url = page->next;
        }
        return seen.size();
    }

    // Of a full page that was the last one nothing is remembered: it stays the same when another
    // one comes behind it.
    Result<const Page*> page_at(const std::string& url, const ReadPage& read, Deadline deadline) {
        asked_.insert(url);
        const auto known = known_.find(url);
        BASE_TRY_ASSIGN(const auto response,
                        get(url, known == known_.end() ? "" : known->second.tag, deadline));
        if (response.status == 304 && known != known_.end()) {
            remembered_ = true;
            known->second.page.total = total_in(response);  // which is not in the page itself
            return &known->second.page;
        }
        if (response.status != 200) return base::fail(refused(response, deadline));
        BASE_TRY_ASSIGN(auto page, read_page(url, response, read));
        const auto tag = page.count < k_page || page.next ? response.header("etag") : "";
        auto& kept = known_[url];
        kept = {tag, std::move(page)};
        return &kept.page;
    }

    Result<Page> read_page(const std::string& url, const http::Response& response,
                           const ReadPage& read) const {
        boost::system::error_code problem;
        const auto body = boost::json::parse(response.body.reveal(), problem);
        if (problem || !body.is_array()) return base::fail(no_json(response));
        auto items = read(body.get_array());
        if (!items) return base::fail(no_json(response));
        Page page{*std::move(items), body.get_array().size()};
        BASE_TRY_ASSIGN(page.next, next_of(url, response));
        page.total = total_in(response);
        return page;
    }

    base::Error nothing_on(std::size_t page) const {
        return implausible(forge_, fmt::format("there is nothing on page {}", page));
    }

    // Only below the API itself: whoever gets the request gets the token.
    Result<std::optional<std::string>> next_of(const std::string& url,
                                               const http::Response& response) const {
        auto next = next_link(response.header("link"));
        const auto number = response.header("x-next-page");
        if (!next && !number.empty() &&
            number.find_first_not_of("0123456789") == std::string::npos) {
            const auto first = url.substr(0, url.find("&page="));
            next = first + "&page=" + number;
        }
        if (!next) return std::optional<std::string>();
        if (next->starts_with("/")) next = *origin_of(forge_.api) + *next;
        if (origin_of(*next) != origin_of(forge_.api)) {
            return base::fail(implausible(forge_, fmt::format("the next page would be at {}",
                                                              base::harmless(shown_url(*next)))));
        }
        return next;
    }

    base::Error no_json(const http::Response& response) const {
        const auto type = response.header("content-type");
        return implausible(forge_,
                           fmt::format("what it answered is not what its API answers{}",
                                       type.empty() ? type : " (" + base::harmless(type) + ")"));
    }

    // What an answer means that is none. Where a repository has moved, the forge says under which
    // number it is to be found; its name is worth one more question to the same host.
    base::Error refused(const http::Response& response, Deadline deadline) {
        if (!is_redirect(response.status)) return refusal_of(forge_, response);
        auto location = response.header("location");
        if (location.starts_with("/")) location = *origin_of(forge_.api) + location;
        if (origin_of(location) != origin_of(forge_.api)) return redirect_error(forge_, location);
        if (const auto answer = get(location, "", deadline); answer && answer->status == 200) {
            if (const auto described = read_description(*answer)) {
                return moved_error(forge_, described->path);
            }
        }
        return redirect_error(forge_, location);
    }

    // One answer that is neither a limit nor passing trouble.
    Result<http::Response> get(const std::string& url, const std::string& tag, Deadline deadline) {
        http::Request request{.method = "GET", .url = url, .headers = forge_.headers};
        request.time_limit = milliseconds(30'000);
        request.longest_answer = k_longest_page;
        if (!tag.empty()) request.headers.emplace_back("If-None-Match", tag);
        if (!forge_.token.empty()) {
            request.headers.emplace_back(forge_.token_header,
                                         forge_.token_lead + forge_.token.reveal());
        }
        int waits = 0;
        for (int attempt = 1;; ++attempt) {
            auto response = client_.send(request, deadline);
            if (base::interrupted()) return base::fail(ErrorKind::deadline, "interrupted");
            if (response) {
                if (const auto until = limited_until(*response, around_.now())) {
                    if (++waits > k_waits) return base::fail(limit_error(forge_, *until));
                    BASE_TRY(wait_until(*until, deadline));
                    continue;
                }
            }
            const bool passes = response ? response->status >= 500
                                         : response.error().kind == ErrorKind::unavailable;
            if (!passes || attempt >= k_attempts ||
                !http::wait_for_attempt(around_.waiting, attempt, deadline)) {
                return response;
            }
        }
    }

    // Waits for a limit to end, where there is time for it.
    Result<void> wait_until(Moment until, Deadline deadline) {
        const auto time = std::chrono::ceil<milliseconds>(until - around_.now());
        if (time >= deadline.remaining()) return base::fail(limit_error(forge_, until));
        around_.waiting.sleep(std::max(time, milliseconds(1'000)));
        return {};
    }

    const Forge forge_;
    const ForgeSurroundings around_;
    http::Client client_;
    std::map<std::string, Known> known_;  // by URL
    std::set<std::string> asked_;         // in this look
    std::optional<std::size_t> total_;    // of the list that was walked last
    bool remembered_ = false;             // something in that walk was not sent again
};

}  // namespace

std::unique_ptr<Source> make_rest(Forge forge, ForgeSurroundings around) {
    return std::make_unique<Rest>(std::move(forge), std::move(around));
}

}  // namespace branches
