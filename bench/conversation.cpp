// SPDX-License-Identifier: Apache-2.0
#include "conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace bench {

namespace {

constexpr std::uint32_t k_protocol_3 = 196608;
constexpr std::uint32_t k_wants_tls = 80877103;
constexpr std::string_view k_verifier = "'SCRAM-SHA-256$";

// Takes a message apart from its front.
class Reader {
   public:
    explicit Reader(std::string_view rest) : rest_(rest) {}
    std::uint32_t number(std::size_t size) {
        std::uint32_t value = 0;
        for (const char c : bytes(size)) value = (value << 8U) | static_cast<unsigned char>(c);
        return value;
    }
    std::string_view bytes(std::size_t size) {
        if (size > rest_.size()) throw std::runtime_error("a message ends too early");
        const auto taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }
    std::string text() {
        const auto taken = bytes(std::min(rest_.find('\0'), rest_.size()));
        bytes(1);
        return std::string(taken);
    }
    bool at_end() const { return rest_.empty(); }

   private:
    std::string_view rest_;
};

// A verifier has a salt of its own every time.
std::string without_verifier(std::string sql) {
    const auto start = sql.find(k_verifier);
    if (start == std::string::npos) return sql;
    const auto end = sql.find('\'', start + 1);
    return sql.replace(start, end - start, k_verifier);  // the quote that ends it stays
}

std::vector<std::optional<std::string>> parameters_of_bind(Reader& message) {
    message.bytes(2 * message.number(2));
    std::vector<std::optional<std::string>> parameters;
    for (auto left = message.number(2); left > 0; --left) {
        constexpr std::uint32_t k_null = 0xffffffff;
        const auto size = message.number(4);
        if (size == k_null) {
            parameters.emplace_back();
        } else {
            parameters.emplace_back(message.bytes(size));
        }
    }
    return parameters;
}

}  // namespace

// Listens to one connection, whose messages come in pieces.
class Conversation::Ear {
   public:
    explicit Ear(std::size_t session) : session_(session) {}

    void hear(std::string_view bytes, std::vector<Action>& actions) {
        heard_ += bytes;
        for (;;) {
            const std::size_t head = started_ ? 1 : 0;
            if (heard_.size() < head + 4) return;
            const auto size = head + Reader(std::string_view(heard_).substr(head)).number(4);
            if (heard_.size() < size) return;
            Reader message(std::string_view(heard_).substr(head + 4, size - head - 4));
            if (started_) {
                take(heard_.front(), message, actions);
            } else {
                start(message, actions);
            }
            heard_.erase(0, size);
        }
    }

   private:
    void start(Reader& message, std::vector<Action>& actions) {
        const auto code = message.number(4);
        if (code == k_wants_tls) {
            asked_for_tls_ = true;
            return;
        }
        if (code != k_protocol_3) throw std::runtime_error("a startup that is no protocol 3.0");
        started_ = true;
        Action login{"connect", session_, {"sslmode", asked_for_tls_ ? "prefer" : "disable"}};
        for (auto key = message.text(); !key.empty(); key = message.text()) {
            login.fields.emplace_back(key == "database" ? "dbname" : key);
            login.fields.emplace_back(message.text());
        }
        actions.push_back(std::move(login));
    }

    void take(char type, Reader& message, std::vector<Action>& actions) {
        switch (type) {
            case 'P': {  // Parse: a statement with a name is bound again without another one
                const auto name = message.text();
                sql_[name] = without_verifier(message.text());
                return;
            }
            case 'B': {  // Bind
                message.text();
                const auto name = message.text();
                Action statement{"statement", session_, parameters_of_bind(message)};
                statement.fields.insert(statement.fields.begin(), sql_.at(name));
                statement.prepared = !name.empty();
                actions.push_back(std::move(statement));
                return;
            }
            case 'S':  // Sync
                actions.push_back({"sync", session_});
                return;
            case 'X':  // Terminate
                actions.push_back({"leave", session_});
                return;
            case 'D':  // Describe, Execute and the SCRAM exchange: libpq says them by itself
            case 'E':
            case 'p':
                return;
            default:
                throw std::runtime_error(fmt::format("a message of type '{}'", type));
        }
    }

    std::size_t session_;
    std::string heard_;
    std::map<std::string, std::string> sql_;  // by name; the last one without a name under none
    bool asked_for_tls_ = false;
    bool started_ = false;
};

Conversation Conversation::heard(const std::vector<support::TcpProxy::Sent>& sent) {
    Conversation conversation;
    std::map<std::size_t, Ear> ears;
    for (const auto& [connection, bytes] : sent) {
        const auto ear = ears.try_emplace(connection, ears.size()).first;
        ear->second.hear(bytes, conversation.actions_);
    }
    conversation.settle_leaving();
    conversation.find_departures();
    return conversation;
}

// Who leaves waits for no answer, so what another session says next may be heard first: leaving
// counts as said right after the session's last words.
void Conversation::settle_leaving() {
    const auto first_leaving =
        std::stable_partition(actions_.begin(), actions_.end(),
                              [](const auto& action) { return action.kind != "leave"; });
    const std::vector<Action> leaving(first_leaving, actions_.end());
    actions_.erase(first_leaving, actions_.end());
    for (const auto& leave : leaving) {
        const auto last = std::find_if(actions_.rbegin(), actions_.rend(), [&](const auto& action) {
            return action.session == leave.session;
        });
        actions_.insert(last.base(), leave);
    }
}

// What renames or drops a database later must find no session in it (bench/floor/replay.cpp).
void Conversation::find_departures() {
    const auto needs_it_empty = [](const Action& action) {
        if (action.kind != "statement") return false;
        const auto& sql = action.fields.front().value();
        return sql.find(" RENAME TO ") != std::string::npos || sql.starts_with("DROP DATABASE");
    };
    const auto last = std::find_if(actions_.rbegin(), actions_.rend(), needs_it_empty).base();
    std::for_each(actions_.begin(), last, [](Action& action) {
        if (action.kind == "leave") action.kind = "depart";
    });
}

Conversation Conversation::with(std::string_view from, std::string_view to) const {
    auto copy = *this;
    for (auto& action : copy.actions_) {
        if (action.kind != "statement") continue;
        std::replace(action.fields.begin() + 1, action.fields.end(), Field(from), Field(to));
    }
    return copy;
}

std::size_t Conversation::count(std::string_view kind) const {
    return static_cast<std::size_t>(std::ranges::count(actions_, kind, &Action::kind));
}

std::string Conversation::Action::to_text() const {
    auto text = fmt::format("{} {} {}\n", kind, session, fields.size());
    for (const auto& field : fields) {
        text += field ? fmt::format("{} {}\n", field->size(), *field) : "- \n";
    }
    return text;
}

std::vector<std::vector<Conversation::Said>> Conversation::statements_by_sync() const {
    std::vector<std::vector<Said>> groups(1);
    for (const auto& action : actions_) {
        if (action.kind == "sync") groups.emplace_back();
        if (action.kind != "statement") continue;
        groups.back().push_back({action.fields.front().value(),
                                 {action.fields.begin() + 1, action.fields.end()},
                                 action.prepared});
    }
    groups.pop_back();
    return groups;
}

std::string Conversation::to_text() const {
    std::string text;
    for (const auto& action : actions_) text += action.to_text();
    return text;
}

std::string Conversation::difference(const Conversation& other) const {
    const auto& theirs = other.actions_;
    const auto [mine, its] = std::ranges::mismatch(actions_, theirs);
    if (mine != actions_.end()) return mine->to_text();
    return its != theirs.end() ? its->to_text() : "";
}

}  // namespace bench
