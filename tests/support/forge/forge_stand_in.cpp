// SPDX-License-Identifier: Apache-2.0
#include "support/forge/forge_stand_in.h"

#include <algorithm>

#include "base/bytes.h"

namespace support {

namespace {

std::string decoded(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = text[i] == '%' ? base::from_hex(text.substr(i + 1, 2)) : std::nullopt;
        result += byte ? *byte : std::string(1, text[i]);
        if (byte) i += 2;
    }
    return result;
}

}  // namespace

ForgeStandIn::ForgeStandIn(Service service)
    : service_(std::move(service)),
      server_([this](const HttpRequest& request) { return answer(request); }) {
    state_.origin = origin();
}

void ForgeStandIn::set(const std::function<void(ForgeState&)>& change) {
    const std::lock_guard lock(mutex_);
    change(state_);
}

void ForgeStandIn::interfere(Interference interference) {
    const std::lock_guard lock(mutex_);
    interference_ = std::move(interference);
}

void ForgeStandIn::before_each(std::function<void(const HttpRequest&, ForgeState&)> happening) {
    const std::lock_guard lock(mutex_);
    happening_ = std::move(happening);
}

std::vector<HttpRequest> ForgeStandIn::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

std::vector<int> ForgeStandIn::statuses() const {
    const std::lock_guard lock(mutex_);
    return statuses_;
}

void ForgeStandIn::forget_requests() {
    const std::lock_guard lock(mutex_);
    requests_.clear();
    statuses_.clear();
}

HttpAnswer ForgeStandIn::answer(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    if (happening_) happening_(request, state_);
    auto other = interference_ ? interference_(request) : std::nullopt;
    auto given = other ? *std::move(other) : service_(request, state_);
    statuses_.push_back(given.status);
    return given;
}

std::string Target::value(const std::string& name, const std::string& otherwise) const {
    for (const auto& [key, its] : query) {
        if (key == name) return its;
    }
    return otherwise;
}

bool Target::has_only(const std::vector<std::string>& names) const {
    return std::ranges::all_of(
        query, [&](const auto& one) { return std::ranges::find(names, one.first) != names.end(); });
}

Target parse_target(const std::string& target) {
    const auto mark = target.find('?');
    Target result{target.substr(0, mark), {}};
    if (mark == std::string::npos) return result;
    std::string_view rest = std::string_view(target).substr(mark + 1);
    while (!rest.empty()) {
        const auto one = rest.substr(0, rest.find('&'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        const auto equals = std::min(one.find('='), one.size());
        result.query.emplace_back(decoded(one.substr(0, equals)),
                                  decoded(one.substr(std::min(equals + 1, one.size()))));
    }
    return result;
}

HttpAnswer tagged(const HttpRequest& request, HttpAnswer answer) {
    const auto tag = "W/\"" + base::to_hex(base::as_text(base::sha256(answer.body))) + "\"";
    if (request.header("If-None-Match") == tag) return {304, {{"ETag", tag}}, ""};
    answer.headers.emplace_back("ETag", tag);
    return answer;
}

HttpAnswer json_answer(int status, std::string body) {
    return {status, {{"Content-Type", "application/json; charset=utf-8"}}, std::move(body)};
}

PageOf page_of(std::size_t count, std::size_t per_page, std::size_t page) {
    const auto first = std::min(count, (page - 1) * per_page);
    return {first, std::min(count, first + per_page),
            std::max<std::size_t>(1, (count + per_page - 1) / per_page)};
}

}  // namespace support
