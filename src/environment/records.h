// SPDX-License-Identifier: Apache-2.0
//
// The rows of the registry as values: what is remembered of an environment, its instance and its
// role. Each of the three has a life of its own (docs/decisions/0002-three-identities.md). Pure
// data.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/uuid.h"

namespace environment {

using Time = std::chrono::system_clock::time_point;
using Labels = std::map<std::string, std::string>;

enum class EnvironmentState { building, publishing, ready, closed, retiring, gone };
enum class InstanceState { building, warm, frozen, serving, trashed, dropping, gone };
enum class RoleState { building, serving, pinned, gone };
enum class TemplateState { building, ready, gone };
enum class PasswordSource { derived, external };

std::string_view to_text(EnvironmentState state);
std::string_view to_text(InstanceState state);
std::string_view to_text(RoleState state);
std::string_view to_text(TemplateState state);
// Nothing for a word that this program does not know: a newer one may have written it.
std::optional<EnvironmentState> parse_environment_state(std::string_view text);
std::optional<InstanceState> parse_instance_state(std::string_view text);
std::optional<RoleState> parse_role_state(std::string_view text);
std::optional<TemplateState> parse_template_state(std::string_view text);

// A state by which a list can be asked for. Fails invalid_input for a word that is none, and for
// `gone`: what is gone is in no list.
base::Result<EnvironmentState> parse_listed_state(std::string_view text);

// Where an environment comes from; each is empty where nobody said.
struct Origin {
    std::string repository;  // host/owner/name
    std::string ref;         // branch
    std::optional<int> pull_request;
    std::string commit;
    friend bool operator==(const Origin&, const Origin&) = default;
};

// How an environment goes: written down when its removal begins, so that whoever ends it does the
// same, and kept of one that is gone as its tombstone.
struct Retirement {
    Time event_at;  // of the event that it goes for; of the call where nobody said
    std::optional<int> pull_request;
    std::string commit;
    bool keeps = false;  // what it had goes to the trash
    std::string reason;
    std::string told_as = "deleted";  // in history: or swept, expired
};

struct EnvironmentRecord {
    base::Uuid id;
    std::string project;
    std::string name;
    EnvironmentState state = EnvironmentState::building;
    Origin origin;
    Labels labels;
    std::string secret;  // its name in the secret store; empty without one
    bool shielded = false;
    std::int64_t epoch = 0;  // raised by whoever takes up work on it
    std::optional<base::Uuid> instance;
    std::optional<base::Uuid> role;
    std::string closed_because;  // why `close` shut it
    Time created_at;
    Time last_create_at;
    std::optional<Time> expires_at;
    std::optional<Time> event_at;  // of the event of its last create that said so
    std::optional<Retirement> retirement;
};

struct InstanceRecord {
    base::Uuid id;
    InstanceState state = InstanceState::building;
    std::string database;                        // its name on the server now
    std::optional<std::uint32_t> oid;            // once the database has been seen
    std::string database_template;               // the name of what it was cloned from
    std::optional<base::Uuid> template_version;  // the instance; nothing: the empty one
    // Whose everything in it is until it is handed over; empty where that is nobody's.
    std::string former_owner;
    std::string shape;               // of a warm one: limits, settings and key that it was made by
    std::optional<Time> keep_until;  // of one in the trash
};

// A template: what instances are cloned from. Each of its versions is an instance.
struct TemplateRecord {
    base::Uuid id;
    std::string project;
    std::string name;
    TemplateState state = TemplateState::building;
    std::string source;  // for people
    std::string recipe;  // how to make it again: JSON that the doors understand
    std::string digest;  // of what it was made from; empty where nobody asked for one
    std::optional<base::Uuid> instance;
    Time created_at;
    std::optional<Time> refreshed_at;
};

struct RoleRecord {
    base::Uuid id;
    RoleState state = RoleState::building;
    std::string name;
    int password_version = 1;
    int key_number = 1;
    PasswordSource source = PasswordSource::derived;
};

struct HistoryEntry {
    Time at;
    std::string project;
    std::string name;
    std::string event;    // created, repaired, deleted, refused, prepared, policy …
    std::string reason;   // for a person
    std::string actor;    // as claimed
    std::string door;     // cli, lambda, http
    std::string program;  // version
    // Of a removal: what went, as far as it was known then.
    std::string database = {};
    std::optional<std::int64_t> size_bytes = {};
    std::optional<std::chrono::seconds> age = {};
};

// The events of history by which something went, each a class of its own in a report.
inline constexpr std::array<std::string_view, 6> k_removals{"deleted", "abandoned", "released",
                                                            "swept",   "expired",   "purged"};

// Whether an event says that an environment, or what was left of one, went: such an entry has a
// database, a size and an age.
bool tells_of_removal(std::string_view event);

}  // namespace environment
