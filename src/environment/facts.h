// SPDX-License-Identifier: Apache-2.0
//
// What was observed of one environment: the registry's rows, and what the server's catalog and the
// secret store really have. Pure data; plans are made from nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "environment/cloning.h"
#include "environment/name.h"
#include "environment/policy.h"
#include "environment/records.h"

namespace environment {

// A key as the registry has it: where the bytes are, and what they must look like.
struct KeyRecord {
    int number = 1;
    std::string fingerprint;
    std::string location;               // registry, env or file:PATH
    std::optional<base::Secret> bytes;  // with location registry only
};

// Why a server may be a copy of the one that its registry speaks of, and what to do about it.
struct Doubt {
    std::string why;
    std::string hint;
};

struct Installation {
    base::Uuid id;
    int schema_version = 0;
    int oldest_program_allowed = 0;
    int server_version = 0;  // as server_version_num
    int current_key = 1;
    FileCloning file_cloning = FileCloning::unknown;
    std::vector<KeyRecord> keys;
    // The registry lacks writes that the control database's comment counted: it was restored from
    // an older backup.
    bool is_behind = false;
    // Instances that nobody needs any more, or roles that nothing pins any more, wait for somebody
    // to finish their removal.
    bool has_leftovers = false;
    // The time of some environment, of whatever project, is over.
    bool has_expired = false;
    // Set unless the server is proven to be the one that its advertised address leads to: it was
    // restarted, restored or copied since that was proved last.
    std::optional<Doubt> doubt;
};

// The database of an instance, as pg_database has it.
struct DatabaseFacts {
    std::uint32_t oid = 0;
    std::string name;
    std::string owner;
    bool owned_by_manager = false;
    bool accepts_connections = false;
    bool half_dropped = false;  // an interrupted DROP: datconnlimit is -2, and only DROP helps
    bool open_to_public = false;
    bool role_may_use = false;  // the role has CONNECT, CREATE and TEMPORARY
    // Other roles with a right on it, and its own role if it may grant its rights; sorted.
    std::vector<std::string> foreign_grantees;
    bool is_template = false;
    int connection_limit = -1;  // of the database; ours have none
    std::string comment;
    std::vector<std::string> settings;  // ALTER DATABASE … SET, sorted
};

// The role of an environment, as pg_roles has it.
struct LoginFacts {
    std::uint32_t oid = 0;
    bool can_login = false;
    bool privileged = false;  // superuser, CREATEDB, CREATEROLE, REPLICATION or BYPASSRLS
    bool expires = false;     // VALID UNTIL, which reviewdb does not use
    bool preloads = false;    // local_preload_libraries, with which it may lock itself out
    int connection_limit = -1;
    std::string comment;
    std::vector<std::string> foreign_members;  // others that the manager let act as it
};

// Who has the database name that the environment should have.
enum class NameHolder { nobody, this_instance, dropping_instance, somebody_else };

// Whose a secret is, by what its value says. A placeholder, which names no database, is nobody's.
enum class SecretHolder { this_environment, nobody, somebody_else };

struct SecretFacts {
    bool exists = false;
    SecretHolder holder = SecretHolder::nobody;
    bool is_current = false;  // its value is the one it should have
    // A password that logs in, for all that the value says; empty in a placeholder.
    bool has_password = false;
};

// Where the data of a new instance come from.
struct CloneSource {
    std::string name = std::string(k_empty);
    std::optional<base::Uuid> version;  // nothing: the empty one
    std::string database;               // of that version; empty: the empty one's
    std::string owner;                  // whose everything in it is; empty: nobody's
    std::int64_t size_bytes = 0;
};

// An instance that was built ahead, with its role; nobody else gets it while this one looks on.
struct WarmFacts {
    InstanceRecord instance;
    RoleRecord role;
};

// An instance in the trash, with the environment that let go of it and the role that it had.
struct Trashed {
    InstanceRecord instance;
    RoleRecord role;
    std::optional<EnvironmentRecord>
        former;             // nothing where the registry does not know it any more
    std::string serves;     // the living environment that has the role now
    bool by_reset = false;  // its environment got another one, and lived on
    bool is_there = false;  // the server has the database
    Time let_go_at;
    std::optional<std::int64_t> size_bytes;
};

// What only trying can tell, from an earlier attempt of the same operation.
struct Tried {
    bool password_refused = false;    // the derived password is not the role's
    bool schema_not_its_own = false;  // schema public is gone, or belongs to another role
    bool took_from_pool = false;      // a reset took a warm one along, or found none
};

// A database and its role under names that another tool gives them.
struct Candidate {
    std::string database;
    std::string role;
};

// What the server has under a candidate's names. Nothing of it is ours.
struct CandidateFacts {
    std::uint32_t oid = 0;  // 0: there is no such database
    std::string owner;
    bool owned_by_login = false;  // who logged in owns it, whoever we act as
    bool accepts_connections = false;
    bool is_template = false;
    bool role_exists = false;
    bool role_privileged = false;  // as LoginFacts
    bool recorded = false;         // the registry has the database or the role
    // The registry names it, but for one of ours that is gone from the server: another tool dropped
    // that, and made this.
    bool replaces_ours = false;
    bool registry_is_behind = false;  // as Installation::is_behind, which a claim does not ask for
};

struct Facts {
    Installation installation;
    Policy policy;
    std::optional<EnvironmentRecord> environment;
    std::optional<InstanceRecord> instance;
    std::optional<DatabaseFacts> database;
    // The instance that an unfinished reset was building.
    std::optional<InstanceRecord> next;
    std::optional<DatabaseFacts> next_database;
    std::optional<RoleRecord> next_role;  // its own, where it was built ahead
    std::optional<RoleRecord> role;
    std::optional<LoginFacts> login;
    // Nothing where the template that is asked for by name is not there.
    std::optional<CloneSource> source = CloneSource{};
    std::optional<WarmFacts> warm;        // with Purpose::claim
    bool warm_there = false;              // there is one of that source, which others may take
    std::optional<TemplateRecord> model;  // the template that a plan makes or refreshes
    NameHolder final_name = NameHolder::nobody;
    std::string final_name_owner;     // who owns the database that has it
    std::string final_name_database;  // that name
    // Of that database, with its stamp; nothing unless the manager owns it and the registry does
    // not know it.
    std::optional<std::string> final_name_comment;
    std::optional<SecretFacts> secret;  // nothing without a secret store
    // What the secret says of a login; for a candidate.
    std::string secret_host;
    std::string secret_database;
    std::string secret_role;
    std::optional<CandidateFacts> candidate;  // where the caller names one
    // Of the last one of that name, where the subject asks for it and none is there.
    std::optional<Retirement> tombstone;
    std::optional<Trashed> trashed;  // what is to be restored
    Tried tried;
    Time now;  // the server's clock
};

// Fails conflict for a name of the registry that could break out of what it is written to: one with
// control characters, or that is not UTF-8.
base::Result<void> check_texts(const Facts& facts);

}  // namespace environment
