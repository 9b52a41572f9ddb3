// SPDX-License-Identifier: Apache-2.0
#include "app/cli/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "app/cli/similar.h"

namespace cli {

namespace {

constexpr std::array k_verbs{
    Verb{"create", "", "[NAME] [OPTIONS] [--exec -- COMMAND…]",
         "make an environment, or make it right", "table json url env dotenv fish github gitlab",
         "reviewdb create feature/login --ttl 7d --label team=web", run_create},
    Verb{"get", "", "[NAME]", "show one environment", "table json",
         "reviewdb get feature/login -o json", run_get},
    Verb{"list", "ls", "[OPTIONS]", "show all environments", "table json",
         "reviewdb list --label team=web --size", run_list},
    Verb{"url", "", "[NAME]", "print the URL of an environment, password and all", "",
         "DATABASE_URL=$(reviewdb url feature/login) npm start", run_url},
    Verb{"env", "", "[NAME]", "print the variables of an environment for a shell",
         "env json dotenv fish github gitlab", "eval \"$(reviewdb env feature/login)\" && psql",
         run_env},
    Verb{"psql", "", "[NAME] [-- ARGUMENTS…]", "open psql in an environment's database", "",
         "reviewdb psql feature/login -- -c 'select 1'", run_psql},
    Verb{"exec", "", "[NAME] -- COMMAND…", "run a command with an environment's variables", "",
         "reviewdb exec feature/login -- npm run migrate", run_exec},
    Verb{"delete", "rm", "NAME | --current", "remove an environment and all that belongs to it",
         "table json", "reviewdb delete feature/login --reason 'branch merged'", run_delete},
    Verb{"restore", "", "NAME [--as OTHER] [--instance ID]",
         "bring back what was deleted, or what a reset replaced", "table json",
         "reviewdb restore feature/login", run_restore},
    Verb{"trash", "", "list | empty [NAME] [OPTIONS]", "what can still be brought back",
         "table json", "reviewdb trash list", run_trash},
    Verb{"sweep", "", "[--branches git:REMOTE|github:OWNER/REPO|gitlab:GROUP/PROJECT|-]",
         "find what should not be there any more, and remove it", "table json",
         "reviewdb sweep --branches git:origin --dry-run", run_sweep},
    Verb{"repair", "", "NAME | --current | --all | --registry", "make right what is there",
         "table json", "reviewdb repair --all --dry-run", run_repair},
    Verb{"reset", "", "NAME | --current", "fresh data under the same URL", "table json",
         "reviewdb reset feature/login --reason 'a migration went wrong'", run_reset},
    Verb{"rotate", "", "NAME | --current | --all | --operator", "give it a new password",
         "table json", "reviewdb rotate feature/login --disconnect", run_rotate},
    Verb{"extend", "", "NAME | --current", "let it live longer", "table json",
         "reviewdb extend feature/login --ttl 14d", run_extend},
    Verb{"protect", "", "NAME | --current", "let nobody delete or reset it", "table json",
         "reviewdb protect feature/demo", run_protect},
    Verb{"unprotect", "", "NAME | --current", "lift the protection", "table json",
         "reviewdb unprotect feature/demo", run_unprotect},
    Verb{"close", "", "NAME | --current", "end its sessions and let nobody in; data stay",
         "table json", "reviewdb close feature/login --reason 'it fills the disk'", run_close},
    Verb{"open", "", "NAME | --current", "let people in again", "table json",
         "reviewdb open feature/login", run_open},
    Verb{"release", "", "NAME | --current", "hand it over, with its data; reviewdb forgets it",
         "table json url", "reviewdb release feature/demo --dry-run", run_release},
    Verb{"template", "", "create | refresh | list | get | delete | default [NAME] [OPTIONS]",
         "what environments are cloned from", "table json",
         "reviewdb template create app --run 'npx prisma migrate deploy' --digest prisma",
         run_template},
    Verb{"pool", "", "set N | fill | drain | status [--template NAME]",
         "environments that are built before anybody asks", "table json",
         "reviewdb pool set 5 --template app && reviewdb pool fill", run_pool},
    Verb{"init", "", "[OPTIONS]", "prepare a server, once, as its administrator", "",
         "reviewdb init --server postgresql://admin@db.example.org/postgres --advertise "
         "db.example.org:5432",
         run_init},
    Verb{"import", "", "[STAGE] [--dry-run]",
         "take over what the Lambda that reviewdb replaces made", "table json",
         "reviewdb import --project reviewapp --dry-run", run_import},
    Verb{"config", "", "[get KEY… | set KEY=VALUE… [--all-projects]]",
         "show or change what holds for everybody", "table json", "reviewdb config set ttl=14d",
         run_config},
    Verb{"history", "", "[NAME]", "show what was done, by whom and why", "table json",
         "reviewdb history feature/login", run_history},
    Verb{"report", "", "[--all-projects]", "show what all of it takes, and what went this month",
         "table json", "reviewdb report --all-projects -o json", run_report},
    Verb{"key", "", "list | rotate | retire NUMBER | move PLACE",
         "the keys that passwords are derived from", "table json", "reviewdb key rotate", run_key},
    Verb{"upgrade", "", "", "bring the registry to this program's schema", "", "reviewdb upgrade",
         run_upgrade},
    Verb{"doctor", "", "[NAME]", "Examine the server, the registry and the settings", "table json",
         "reviewdb doctor feature/login", run_doctor},
    Verb{"uninstall", "", "[--delete-all] [--dry-run]", "take reviewdb off a server again", "",
         "reviewdb uninstall --server postgresql://admin@db.example.org/postgres --delete-all",
         run_uninstall},
    Verb{"local", "", "start | stop | status | remove [--yes]",
         "the private Postgres for who names no server", "", "reviewdb local status", run_local},
};

}  // namespace

std::span<const Verb> verbs() { return k_verbs; }

const Verb* find_verb(std::string_view name) {
    const auto* found = std::ranges::find_if(k_verbs, [&](const Verb& verb) {
        return verb.name == name || (!verb.alias.empty() && verb.alias == name);
    });
    return found == k_verbs.end() ? nullptr : found;
}

std::string_view nearest_verb(std::string_view name) {
    if (name.size() > 32) return {};
    std::string_view nearest;
    std::size_t least = 3;
    for (const auto& verb : k_verbs) {
        const auto away = verb.name.starts_with(name) ? 1 : edit_distance(name, verb.name);
        if (away < least) {
            least = away;
            nearest = verb.name;
        }
    }
    return nearest;
}

std::string general_help() {
    std::string text =
        "reviewdb: a Postgres database for every review environment\n\n"
        "Usage: reviewdb [OPTIONS] VERB …\n\n";
    for (const auto& verb : k_verbs) text += fmt::format("  {:9} {}\n", verb.name, verb.summary);
    text +=
        "\nOptions of every verb:\n"
        "  --server URL        the server; 'local' for a private one on this machine\n"
        "  --project NAME      the namespace on it (review)\n"
        "  --state-dir DIR     where the local server lives\n"
        "  --deadline TIME     how long to try (60s)\n"
        "  --log-level LEVEL   trace debug info warning error off\n"
        "  --log-format FORMAT text json\n"
        "  --actor WHO         who history says did it\n"
        "  -q, --quiet         print less, and bare names\n"
        "  -h, --help          this, or with a verb the help of that verb\n"
        "  --version           the version\n\n"
        "Each can stand in REVIEWDB_SERVER, REVIEWDB_PROJECT … or in reviewdb.toml.\n"
        "Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 conflict, 5 permission,\n"
        "6 unreachable or busy (try again), 7 drift found, 8 refused by protection.\n";
    return text;
}

}  // namespace cli
