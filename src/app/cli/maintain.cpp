// SPDX-License-Identifier: Apache-2.0
//
// The verbs that look after the installation: key, upgrade.
#include <fmt/format.h>

#include <charconv>

#include "app/cli/print.h"
#include "app/cli/session.h"
#include "app/cli/verbs.h"
#include "server/keys.h"
#include "server/upgrade.h"

namespace cli {

namespace {

using base::ErrorKind;
using base::Result;
using server::KeyKeeper;
using server::KeyView;

std::string state_of(const KeyView& key) {
    return key.is_current ? "current" : key.is_retired ? "retired" : "in use";
}

std::string keys_json(const std::vector<KeyView>& keys) {
    std::string text = "{\n  \"keys\": [";
    const char* separator = "\n";
    for (const auto& key : keys) {
        text += fmt::format(
            "{}    {{\"number\": {}, \"state\": {}, \"location\": {}, \"fingerprint\": {}, "
            "\"passwords\": {}}}",
            separator, key.number, json_quoted(state_of(key)), json_quoted(key.location),
            json_quoted(key.fingerprint), key.roles);
        separator = ",\n";
    }
    return text + "\n  ]\n}\n";
}

std::string keys_table(const std::vector<KeyView>& keys) {
    std::vector<std::vector<std::string>> rows{
        {"KEY", "STATE", "LOCATION", "FINGERPRINT", "PASSWORDS"}};
    for (const auto& key : keys) {
        rows.push_back({std::to_string(key.number), state_of(key), key.location, key.fingerprint,
                        std::to_string(key.roles)});
    }
    return table(rows);
}

Result<int> parse_key_number(const std::string& word) {
    int number = 0;
    const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (problem == std::errc() && end == word.data() + word.size() && number > 0) return number;
    return base::fail(ErrorKind::invalid_input,
                      fmt::format("'{}' is not the number of a key", word),
                      "'reviewdb key list' shows them");
}

Result<void> check_words(const std::string& action, const std::vector<std::string>& words) {
    const bool known =
        action == "list" || action == "rotate" || action == "retire" || action == "move";
    const std::size_t wanted = action == "retire" || action == "move" ? 1 : 0;
    if (known && words.size() == wanted) return {};
    return base::fail(ErrorKind::invalid_input,
                      known            ? fmt::format("key {} takes {}", action,
                                          wanted == 0          ? "nothing more"
                                                     : action == "retire" ? "the NUMBER of a key"
                                                                          : "a PLACE")
                      : action.empty() ? "key takes one of list, rotate, retire, move"
                                       : fmt::format("key does not know '{}'", action),
                      "usage: reviewdb key list | rotate | retire NUMBER | move registry|env|"
                      "file:PATH|aws:NAME");
}

}  // namespace

Result<int> run_key(Session& session) {
    const auto& action = session.arguments().action;
    const auto& words = session.arguments().pairs;
    BASE_TRY(check_words(action, words));
    int number = 0;
    if (action == "retire") {
        BASE_TRY_ASSIGN(number, parse_key_number(words.front()));
    }
    BASE_TRY(session.must_connect());
    const auto texts = session.key_texts();
    const KeyKeeper keeper{session.reached().login, texts, session.actor(), session.log()};
    const auto deadline = session.deadline();
    if (action == "rotate") {
        BASE_TRY_ASSIGN(const auto made, add_key(keeper, deadline));
        session.notice(fmt::format(
            "reviewdb: key {} is the current one; 'reviewdb rotate --all' moves what is there to "
            "it, in each project",
            made.number));
    } else if (action == "retire") {
        BASE_TRY(retire_key(keeper, number, deadline));
    } else if (action == "move") {
        BASE_TRY(move_keys(keeper, words.front(), deadline));
    }
    BASE_TRY_ASSIGN(const auto keys, list_keys(keeper, deadline));
    print_result(session.wants("json") ? keys_json(keys) : keys_table(keys));
    return 0;
}

Result<int> run_upgrade(Session& session) {
    BASE_TRY(session.must_connect());
    // It may wait until who is in the registry has finished.
    BASE_TRY_ASSIGN(const auto done,
                    server::upgrade(session.reached().administrator, session.actor(),
                                    session.deadline(), session.log()));
    print_result(done.from == done.to ? fmt::format("schema {}: nothing to do\n", done.to)
                                      : fmt::format("schema {}, from {}\n", done.to, done.from));
    return 0;
}

}  // namespace cli
